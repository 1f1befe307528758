import { resolve } from 'node:path';
import { IchorError } from '../../../errors.ts';
import {
  bundleFromKubernetesPki,
  bundleFromMachineConfig,
  bundleFromTerraform,
} from '../../../secrets/bundle-extract.ts';
import { createBundle, loadBundleThatExists, type CreateBundleOptions } from '../../../secrets/bundle-file.ts';
import { readOptionalFile } from '../../../secrets/private-file.ts';
import { createSystemSources } from '../../../secrets/system-sources.ts';
import type { SecretsBundle } from '../../../talos/secrets-bundle.ts';
import type { IchorContext } from '../../context.ts';
import { readInput } from '../../input.ts';
import { say } from '../../output.ts';
import type { GenerateSecretsFlags, ImportSecretsFlags, WriteFlags } from './route.ts';

export async function runGenerateSecrets(this: IchorContext, flags: GenerateSecretsFlags): Promise<void> {
  await write(this, flags, { kind: 'new', talos: flags.talosVersion });
}

export async function runImportSecrets(this: IchorContext, flags: ImportSecretsFlags): Promise<void> {
  await write(this, flags, { kind: 'given', bundle: await importedBundle(this, flags) });
}

async function write(context: IchorContext, flags: WriteFlags, content: CreateBundleOptions['content']): Promise<void> {
  const protection = flags.plaintext
    ? ({ kind: 'plaintext' } as const)
    : flags.age === undefined
      ? undefined
      : ({ kind: 'recipients', recipients: flags.age } as const);
  const created = await createBundle({
    path: resolve(context.cwd, flags.to),
    now: new Date(),
    random: context.random,
    content,
    ...(protection === undefined ? {} : { protection }),
  });
  for (const warning of created.warnings) say(context, `warning: ${warning}`);
  say(
    context,
    `Wrote ${flags.to}${created.isEncrypted ? ', encrypted' : ' in the clear'}. Name it in the cluster file: secrets: ${flags.to}`,
  );
}

async function importedBundle(context: IchorContext, flags: ImportSecretsFlags): Promise<SecretsBundle> {
  const { fromControlplaneConfig, fromKubernetesPki, fromTerraform, fromBundle } = flags;
  const given = [fromControlplaneConfig, fromKubernetesPki, fromTerraform, fromBundle].filter(
    (source) => source !== undefined,
  );
  if (given.length !== 1) {
    throw new IchorError(
      'invalid-input',
      given.length === 0 ? 'it is not said where the secrets come from' : 'more than one source is given',
      {
        hint: 'Give one of --from-controlplane-config, --from-kubernetes-pki, --from-terraform, --from-bundle.',
      },
    );
  }
  if (fromKubernetesPki !== undefined) {
    return bundleFromKubernetesPki(resolve(context.cwd, fromKubernetesPki), {
      readFile: readOptionalFile,
      talos: flags.talosVersion,
      now: new Date(),
      random: context.random,
    });
  }
  if (fromTerraform !== undefined) return bundleFromTerraform(await readInput(context, fromTerraform), fromTerraform);
  if (fromBundle !== undefined) {
    const { identities } = createSystemSources({ folder: context.cwd, env: context.env, signal: context.signal });
    return (await loadBundleThatExists({ path: resolve(context.cwd, fromBundle), identities })).bundle;
  }
  return fromConfig(context, fromControlplaneConfig ?? '');
}

async function fromConfig(context: IchorContext, file: string): Promise<SecretsBundle> {
  const extraction = bundleFromMachineConfig(await readInput(context, file), file);
  if (extraction.kind === 'bundle') return extraction.bundle;
  throw new IchorError(
    'invalid-input',
    `${file} does not hold all secrets of the cluster: ${extraction.missing.join(', ')} are missing`,
    { hint: extraction.explanation },
  );
}
