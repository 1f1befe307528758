/** `ichor secrets …`: the cluster's bundle and other files of secrets: made, taken over, checked, encrypted, opened. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { IchorContext } from '../../context.ts';
import { docsOf } from '../../docs.ts';
import { outputFlag, type OutputFlags } from '../../flags.ts';

const recipientFlag = {
  kind: 'parsed',
  parse: String,
  brief: 'Who may open it (age1…); default: the rules of .sops.yaml',
  optional: true,
  variadic: ',',
  placeholder: 'age1…',
} as const;
const plaintextFlag = { kind: 'boolean', brief: 'Write it in the clear', default: false } as const;
const fileArgument = {
  kind: 'tuple',
  parameters: [{ brief: 'The file', parse: String, placeholder: 'FILE' }],
} as const;
const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const;

export interface WriteFlags {
  readonly to: string;
  readonly age?: readonly string[];
  readonly plaintext: boolean;
}

const writeFlags = {
  to: {
    kind: 'parsed',
    parse: String,
    brief: 'The file to write; never overwritten',
    default: 'secrets.sops.yaml',
    placeholder: 'FILE',
  },
  age: recipientFlag,
  plaintext: plaintextFlag,
} as const;

export interface GenerateSecretsFlags extends WriteFlags {
  readonly talosVersion: string;
}

const generate = buildCommand<GenerateSecretsFlags, [], IchorContext>({
  loader: async () => (await import('./bundle.run.ts')).runGenerateSecrets,
  parameters: {
    flags: {
      ...writeFlags,
      talosVersion: {
        kind: 'parsed',
        parse: String,
        brief: 'Talos version that the cluster begins with',
        default: 'v1.13.9',
        placeholder: 'vX.Y.Z',
      },
    },
    aliases: { o: 'to' },
  },
  docs: docsOf(
    "Make a new cluster's secrets, encrypted before they touch the disk",
    'The file has the form of `talosctl gen secrets` and of talhelper; SOPS opens it. Once, for a new cluster: new secrets for a cluster that runs would cut its nodes off.',
  ),
});

export interface ImportSecretsFlags extends WriteFlags {
  readonly fromControlplaneConfig?: string;
  readonly fromKubernetesPki?: string;
  readonly fromTerraform?: string;
  readonly fromBundle?: string;
  readonly talosVersion: string;
}

const importCommand = buildCommand<ImportSecretsFlags, [], IchorContext>({
  loader: async () => (await import('./bundle.run.ts')).runImportSecrets,
  parameters: {
    flags: {
      fromControlplaneConfig: text(
        "A control plane's machine config, also as `talosctl get machineconfig -o yaml` prints it",
        'FILE',
      ),
      fromKubernetesPki: text('A folder like /etc/kubernetes/pki', 'FOLDER'),
      fromTerraform: text('Output of terraform with machine_secrets of the Talos provider', 'FILE'),
      fromBundle: text('A bundle of talosctl or talhelper, to be kept encrypted from now on', 'FILE'),
      ...writeFlags,
      talosVersion: {
        kind: 'parsed',
        parse: String,
        brief: 'For --from-kubernetes-pki: the Talos version that the cluster begins with',
        default: 'v1.13.9',
        placeholder: 'vX.Y.Z',
      },
    },
    aliases: { o: 'to' },
  },
  docs: {
    brief:
      "Take over a running cluster's secrets from its config, a Kubernetes PKI folder, Terraform or another bundle",
  },
});

const check = buildCommand<OutputFlags & { readonly git: boolean; readonly staged: boolean }, [string?], IchorContext>({
  loader: async () => (await import('./check.run.ts')).runCheckSecrets,
  parameters: {
    flags: {
      git: {
        kind: 'boolean',
        brief: 'Look for secrets in the clear in everything that Git tracks here',
        default: false,
      },
      staged: {
        kind: 'boolean',
        brief: 'Only in what the next commit changes (for a pre-commit hook)',
        default: false,
      },
      ...outputFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A bundle to check', parse: String, optional: true, placeholder: 'FILE' }],
    },
  },
  docs: docsOf(
    'Check a bundle, or that nothing secret stands in the clear in Git',
    'As a pre-commit hook: ichor secrets check --staged\nExit code 0: nothing found. 1: something is wrong.',
  ),
});

export interface CipherFlags {
  readonly age?: readonly string[];
}

const encrypt = buildCommand<CipherFlags, [string], IchorContext>({
  loader: async () => (await import('./cipher.run.ts')).runEncrypt,
  parameters: { flags: { age: recipientFlag }, positional: fileArgument },
  docs: { brief: 'Encrypt a file in place: YAML with SOPS, others whole with age' },
});

const decrypt = buildCommand<{ readonly to?: string }, [string], IchorContext>({
  loader: async () => (await import('./cipher.run.ts')).runDecrypt,
  parameters: {
    flags: { to: text('Write here (mode 0600) instead of standard output', 'FILE') },
    aliases: { o: 'to' },
    positional: fileArgument,
  },
  docs: { brief: 'Print what an encrypted file holds' },
});

const rotate = buildCommand<CipherFlags, [string], IchorContext>({
  loader: async () => (await import('./cipher.run.ts')).runRotate,
  parameters: { flags: { age: recipientFlag }, positional: fileArgument },
  docs: { brief: 'Encrypt a file anew under a new data key' },
});

const recipients = buildCommand<CipherFlags, [string], IchorContext>({
  loader: async () => (await import('./cipher.run.ts')).runRecipients,
  parameters: { flags: { age: recipientFlag }, positional: fileArgument },
  docs: { brief: 'Change who may open a SOPS file, to those given or of .sops.yaml; values stay as they are' },
});

const set = buildCommand<Record<never, never>, [string, string], IchorContext>({
  loader: async () => (await import('./cipher.run.ts')).runSet,
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'The SOPS file', parse: String, placeholder: 'FILE' },
        { brief: 'Path of the value: tailscale.authKey', parse: String, placeholder: 'KEY' },
      ],
    },
  },
  docs: { brief: 'Set one value of a SOPS file, read from standard input; comments and order stay' },
});

export const secretsRoutes = buildRouteMap({
  routes: { generate, import: importCommand, check, encrypt, decrypt, set, rotate, recipients },
  docs: { brief: "The cluster's secrets: make, take over, check, encrypt, open" },
});
