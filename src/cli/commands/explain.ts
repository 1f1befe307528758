/** `ichor explain`: what a word of Talos or of the catalogue means, or where a value of a node's config comes from. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { fileFlag, outputFlag, type FileFlags, type OutputFlags } from '../flags.ts';

export interface ExplainFlags extends FileFlags, OutputFlags {
  readonly talos?: string;
  readonly factory?: string;
}

export const explainCommand = buildCommand<ExplainFlags, [string, string?], IchorContext>({
  loader: async () => (await import('./explain.run.ts')).runExplain,
  parameters: {
    flags: {
      ...fileFlag,
      talos: {
        kind: 'parsed',
        parse: String,
        brief: 'Talos version that is asked about (default: that of the cluster file)',
        optional: true,
        placeholder: 'vX.Y.Z',
      },
      factory: {
        kind: 'parsed',
        parse: String,
        brief: 'Image Factory that is asked for schematics that are not known here',
        optional: true,
        placeholder: 'URL',
      },
      ...outputFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'A word, or a node', parse: String, placeholder: 'TERM' },
        { brief: 'A path in the node’s config', parse: String, optional: true, placeholder: 'PATH' },
      ],
    },
    aliases: { f: 'file' },
  },
  docs: docsOf(
    'Explain a word, or where a value of a config comes from',
    'A word: an extension, a hardware name, a feature, a kernel argument, a kind or field of a document, a schematic id.',
    'Lists: `ichor explain features`, hardware, extensions, arguments.',
    'A node and a path: which layer set the value, with file and line, what it overrode, and what the field is:',
    '  ichor explain cp-1 machine.install.image',
    '  ichor explain cp-1 UserVolumeConfig/data.provisioning.maxSize',
  ),
});
