/** `ichor render`: the machine configs of the nodes, as they would be sent. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { fileFlag, nodeFlag, outputFlag, type FileFlags, type NodeFlags, type OutputFlags } from '../flags.ts';

export interface RenderFlags extends FileFlags, NodeFlags, OutputFlags {
  readonly to?: string;
  readonly showSecrets: boolean;
  readonly annotate: boolean;
}

export const renderCommand = buildCommand<RenderFlags, [], IchorContext>({
  loader: async () => (await import('./render.run.ts')).runRender,
  parameters: {
    flags: {
      ...fileFlag,
      ...nodeFlag,
      to: {
        kind: 'parsed',
        parse: String,
        brief: 'Write one file a node into this folder (mode 0600, secrets included)',
        optional: true,
        placeholder: 'FOLDER',
      },
      showSecrets: { kind: 'boolean', brief: 'Print secrets instead of <redacted>', default: false },
      annotate: { kind: 'boolean', brief: 'Say beside each line where its value comes from', default: false },
      ...outputFlag,
    },
    aliases: { f: 'file', n: 'node' },
  },
  docs: docsOf(
    'Print the machine configs of the nodes, as they would be sent',
    'No machine is asked. Secrets are replaced by <redacted> on the screen, and written out with --to.',
  ),
});
