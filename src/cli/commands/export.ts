/** `ichor export`: plain machine configs, so that leaving is as easy as coming. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { fileFlag, nodeFlag, outputFlag, type FileFlags, type NodeFlags, type OutputFlags } from '../flags.ts';

export interface ExportFlags extends FileFlags, NodeFlags, OutputFlags {
  readonly to: string;
}

export const exportCommand = buildCommand<ExportFlags, [], IchorContext>({
  loader: async () => (await import('./export.run.ts')).runExport,
  parameters: {
    flags: {
      ...fileFlag,
      ...nodeFlag,
      to: {
        kind: 'parsed',
        parse: String,
        brief: 'The folder to write into (files of mode 0600: they hold secrets)',
        placeholder: 'FOLDER',
      },
      ...outputFlag,
    },
    aliases: { f: 'file', n: 'node' },
  },
  docs: docsOf(
    'Write plain machine configs, one file a node, for use without Ichor',
    'Writes NODE.yaml for every node: the complete machine config, as `talosctl apply-config` takes it, and README.md, which says how to go',
    'on with talosctl alone. The secrets bundle stays where it is: it is talosctl’s own format, and `talosctl gen config --with-secrets` reads it.',
  ),
});
