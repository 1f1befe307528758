/** `ichor import …`: a cluster file out of what other tools keep. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';

export interface ImportFlags extends OutputFlags {
  readonly to?: string;
  readonly force: boolean;
  readonly reveal: boolean;
}

export interface ImportConfigsFlags extends ImportFlags {
  readonly secretsTo?: string;
}

const importFlags = {
  to: {
    kind: 'parsed',
    parse: String,
    brief: 'Write the cluster file here; without it, it is printed',
    optional: true,
    placeholder: 'cluster.yaml',
  },
  force: { kind: 'boolean', brief: 'Overwrite a file that exists', default: false },
  reveal: {
    kind: 'boolean',
    brief: 'Allow values out of encrypted files to stand in the cluster file in the clear',
    default: false,
  },
  ...outputFlag,
} as const;

const LISTED = [
  'What could not be carried over is listed on standard error, each with its place and reason; with --output json it is data.',
  'Nothing of the old files is changed, and no machine is asked.',
];

const talhelperCommand = buildCommand<ImportFlags, [string?], IchorContext>({
  loader: async () => (await import('./import-talhelper.run.ts')).runImportTalhelper,
  parameters: {
    flags: importFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'Folder of talconfig.yaml, or that file (default: here)',
          parse: String,
          optional: true,
          placeholder: 'PATH',
        },
      ],
    },
  },
  docs: docsOf(
    'Make a cluster file of a talhelper project',
    'Reads talconfig.yaml with its talenv files, patches and manifests as talhelper does, opens SOPS files with your own key, and writes a',
    'cluster file. Patch files stay where they are and are named; talsecret.sops.yaml goes on serving as it is.',
    'The result is rendered and held against the configs that talhelper makes: every difference is listed with its reason.',
    ...LISTED,
  ),
});

const talosctlCommand = buildCommand<ImportConfigsFlags, [string], IchorContext>({
  loader: async () => (await import('./import-configs.run.ts')).runImportConfigs,
  parameters: {
    flags: {
      ...importFlags,
      secretsTo: {
        kind: 'parsed',
        parse: String,
        brief:
          'Also take the secrets bundle out of a control plane’s config and write it here, encrypted by .sops.yaml’s rules',
        optional: true,
        placeholder: 'secrets.sops.yaml',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Folder with the configs, or one config', parse: String, placeholder: 'PATH' }],
    },
  },
  docs: docsOf(
    'Make a cluster file of machine configs: `talosctl gen config` folders, one config a node, or as nodes give them back',
    'Takes every machine config in the folder: controlplane.yaml, worker.yaml, NAME.yaml, and what',
    '`talosctl get machineconfig -o yaml` prints. All documents are kept; what differs between nodes becomes a patch of the node.',
    'Secrets are left out of the cluster file; --secrets-to takes them out as a bundle.',
    ...LISTED,
  ),
});

const nodesCommand = buildCommand<ImportFlags, [string], IchorContext>({
  loader: async () => (await import('./import-nodes.run.ts')).runImportNodes,
  parameters: {
    flags: importFlags,
    positional: { kind: 'tuple', parameters: [{ brief: 'The nodes.json', parse: String, placeholder: 'FILE' }] },
  },
  docs: docsOf('Make a cluster file of a nodes.json: a list of machines with name, role, address and MAC', ...LISTED),
});

export const importRoutes = buildRouteMap({
  routes: { talhelper: talhelperCommand, talosctl: talosctlCommand, nodes: nodesCommand },
  docs: { brief: 'Make a cluster file out of what other tools keep: talhelper, talosctl, nodes.json' },
});
