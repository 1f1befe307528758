/** `ichor config …`: the plain doors to Talos' own machinery, without a cluster file. Options are named as talosctl names them. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { IchorContext } from '../../context.ts';
import { docsOf } from '../../docs.ts';
import { outputFlag, type OutputFlags } from '../../flags.ts';

const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const;
const texts = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, variadic: true, placeholder }) as const;
const talosFlag = {
  kind: 'parsed',
  parse: String,
  brief: 'Talos version whose rules hold',
  default: 'v1.13.9',
  placeholder: 'vX.Y.Z',
} as const;

export interface GenerateFlags {
  readonly withSecrets?: string;
  readonly talosVersion: string;
  readonly kubernetesVersion?: string;
  readonly installDisk: string;
  readonly installImage?: string;
  readonly additionalSans?: readonly string[];
  readonly dnsDomain?: string;
  readonly configPatch?: readonly string[];
  readonly configPatchControlPlane?: readonly string[];
  readonly configPatchWorker?: readonly string[];
  readonly registryMirror?: readonly string[];
  readonly withClusterDiscovery: boolean;
  readonly withKubespan: boolean;
  readonly outputDir: string;
  readonly outputTypes?: readonly string[];
  readonly force: boolean;
}

const generate = buildCommand<GenerateFlags, [string, string], IchorContext>({
  loader: async () => (await import('./generate.run.ts')).runGenerate,
  parameters: {
    flags: {
      withSecrets: text(
        'Take the secrets from this bundle (from `ichor secrets generate` or talosctl); without it new ones are made',
        'FILE',
      ),
      talosVersion: talosFlag,
      kubernetesVersion: text("Kubernetes version (default: that Talos version's own)", 'vX.Y.Z'),
      installDisk: {
        kind: 'parsed',
        parse: String,
        brief: 'Disk to install on',
        default: '/dev/sda',
        placeholder: 'DEVICE',
      },
      installImage: text("Installer image (default: that Talos version's own)", 'REF'),
      additionalSans: texts('More names for the certificates of the API servers', 'NAME'),
      dnsDomain: text('DNS domain of the cluster (default cluster.local)', 'DOMAIN'),
      configPatch: texts('Patch for all machines: @file or text', 'PATCH'),
      configPatchControlPlane: texts('Patch for control planes', 'PATCH'),
      configPatchWorker: texts('Patch for workers', 'PATCH'),
      registryMirror: texts('Mirror of a registry', 'HOST=URL'),
      withClusterDiscovery: { kind: 'boolean', brief: 'Cluster discovery', default: true },
      withKubespan: { kind: 'boolean', brief: 'KubeSpan', default: false },
      outputDir: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder for controlplane.yaml, worker.yaml and talosconfig; - prints them',
        default: '.',
        placeholder: 'FOLDER',
      },
      outputTypes: { ...texts('Only these: controlplane, worker, talosconfig', 'TYPE'), variadic: ',' },
      force: { kind: 'boolean', brief: 'Overwrite files that exist', default: false },
    },
    aliases: { o: 'outputDir', t: 'outputTypes' },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Name of the cluster', parse: String, placeholder: 'NAME' },
        { brief: 'https://HOST:6443', parse: String, placeholder: 'ENDPOINT' },
      ],
    },
  },
  docs: {
    brief: 'Generate controlplane.yaml, worker.yaml and talosconfig as `talosctl gen config` does, byte for byte',
  },
});

export interface PatchFlags {
  readonly patch: readonly string[];
  readonly talos: string;
  readonly to?: string;
}

const patch = buildCommand<PatchFlags, [string], IchorContext>({
  loader: async () => (await import('./patch.run.ts')).runPatch,
  parameters: {
    flags: {
      patch: {
        kind: 'parsed',
        parse: String,
        brief: '@file or text; may be given several times, applied in that order',
        variadic: true,
        placeholder: 'PATCH',
      },
      talos: talosFlag,
      to: text('Write here instead of standard output', 'FILE'),
    },
    aliases: { p: 'patch', o: 'to' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The machine config; - for standard input', parse: String, placeholder: 'FILE' }],
    },
  },
  docs: {
    brief: 'Patch a machine config as `talosctl machineconfig patch` does, and say what the patch loses or repeats',
  },
});

export interface ValidateFlags extends OutputFlags {
  readonly mode: 'metal' | 'cloud' | 'container';
  readonly talos: string;
  readonly strict: boolean;
}

const validate = buildCommand<ValidateFlags, [string], IchorContext>({
  loader: async () => (await import('./validate.run.ts')).runValidate,
  parameters: {
    flags: {
      mode: {
        kind: 'enum',
        values: ['metal', 'cloud', 'container'],
        brief: 'Where the machine runs',
        default: 'metal',
      },
      talos: talosFlag,
      strict: { kind: 'boolean', brief: 'Warnings are errors, as in `talosctl validate --strict`', default: false },
      ...outputFlag,
    },
    aliases: { m: 'mode' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The machine config; - for standard input', parse: String, placeholder: 'FILE' }],
    },
  },
  docs: docsOf(
    'Validate a machine config by the rules of a Talos version, each problem with its place',
    'Exit code 0: valid. 1: not.',
  ),
});

export interface MigrateFlags extends OutputFlags {
  readonly from: string;
  readonly to: string;
  readonly links: boolean;
  readonly write: boolean;
}

const migrate = buildCommand<MigrateFlags, [string], IchorContext>({
  loader: async () => (await import('./migrate.run.ts')).runMigrate,
  parameters: {
    flags: {
      from: {
        kind: 'parsed',
        parse: String,
        brief: 'Talos version that it was written for',
        default: 'v1.11',
        placeholder: 'vX.Y',
      },
      to: {
        kind: 'parsed',
        parse: String,
        brief: 'Talos version to write it for',
        default: 'v1.14.1',
        placeholder: 'vX.Y',
      },
      links: {
        kind: 'boolean',
        brief: 'Also turn network interfaces into link documents, which switches default DHCP off for all links',
        default: false,
      },
      write: { kind: 'boolean', brief: 'Change the file, instead of showing the difference', default: false },
      ...outputFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A patch or machine config; - for standard input', parse: String, placeholder: 'FILE' }],
    },
  },
  docs: docsOf(
    'Rewrite a patch or config for a newer Talos: old fields become the documents that took their place, comments stay',
    'Shows the difference; --write changes the file. Exit code 0: nothing to change, or written. 2: there is something to change.',
  ),
});

export const configRoutes = buildRouteMap({
  routes: { generate, patch, validate, migrate },
  docs: { brief: "Talos' own machine config tools: generate, patch, validate, migrate" },
});
