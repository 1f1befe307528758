import { join, resolve } from 'node:path';
import { IchorError } from '../../../errors.ts';
import { generateBundle, parseBundle } from '../../../secrets/bundle.ts';
import { createPrivateFile, ensurePrivateFolder, replacePrivateFile } from '../../../secrets/private-file.ts';
import { createTalosContext } from '../../../secrets/talosconfig.ts';
import { createSystemSources } from '../../../secrets/system-sources.ts';
import { decryptSops, isSopsText } from '../../../secrets/sops/file.ts';
import { generateConfig } from '../../../talos/generate/generate.ts';
import { patchConfig } from '../../../talos/patch/patch.ts';
import type { SecretsBundle } from '../../../talos/secrets-bundle.ts';
import type { IchorContext } from '../../context.ts';
import { readInput, readPatch } from '../../input.ts';
import { print, say } from '../../output.ts';
import type { GenerateFlags } from './route.ts';

const FILES = { controlplane: 'controlplane.yaml', worker: 'worker.yaml', talosconfig: 'talosconfig' } as const;
type OutputType = keyof typeof FILES;

export async function runGenerate(
  this: IchorContext,
  flags: GenerateFlags,
  name: string,
  endpoint: string,
): Promise<void> {
  const types = wantedTypes(flags);
  const bundle = await bundleFor(this, flags);
  const generated = generateConfig({
    clusterName: name,
    endpoint,
    bundle,
    talos: flags.talosVersion,
    ...(flags.kubernetesVersion === undefined ? {} : { kubernetes: flags.kubernetesVersion }),
    options: optionsOf(flags),
  });
  const client = await createTalosContext(bundle, { now: new Date(), random: this.random });
  const common = flags.configPatch ?? [];
  const texts: Readonly<Record<OutputType, string>> = {
    controlplane: await patched(
      this,
      generated.controlplane,
      [...common, ...(flags.configPatchControlPlane ?? [])],
      flags,
    ),
    worker: await patched(this, generated.worker, [...common, ...(flags.configPatchWorker ?? [])], flags),
    talosconfig: generated.talosconfig(client),
  };
  if (flags.outputDir === '-') return print(this, types.map((type) => texts[type]).join('---\n'));
  const folder = resolve(this.cwd, flags.outputDir);
  await ensurePrivateFolder(folder);
  for (const type of types) {
    const path = join(folder, FILES[type]);
    if (flags.force) await replacePrivateFile(path, texts[type]);
    else if (!(await createPrivateFile(path, texts[type])))
      throw new IchorError('refused', `${path} exists already`, {
        hint: 'Give another --output-dir, or --force to overwrite.',
      });
    say(this, `Wrote ${join(flags.outputDir, FILES[type])}`);
  }
}

function wantedTypes(flags: GenerateFlags): readonly OutputType[] {
  const wanted = flags.outputTypes ?? Object.keys(FILES);
  return wanted.map((word) => {
    if (word === 'controlplane' || word === 'worker' || word === 'talosconfig') return word;
    throw new IchorError('invalid-input', `unknown output type ${word}`, {
      hint: 'The types are controlplane, worker and talosconfig.',
    });
  });
}

async function bundleFor(context: IchorContext, flags: GenerateFlags): Promise<SecretsBundle> {
  if (flags.withSecrets === undefined) {
    say(
      context,
      'warning: new secrets were made for these files. For a cluster that exists, give its own with --with-secrets, or its nodes will refuse you.',
    );
    return generateBundle({ talos: flags.talosVersion, now: new Date(), random: context.random });
  }
  const text = await readInput(context, flags.withSecrets);
  if (!isSopsText(text)) return parseBundle(text, flags.withSecrets);
  const { identities } = createSystemSources({ folder: context.cwd, env: context.env, signal: context.signal });
  return parseBundle(await decryptSops(text, flags.withSecrets, await identities()), flags.withSecrets);
}

function optionsOf(flags: GenerateFlags) {
  const mirrors = (flags.registryMirror ?? []).map((mirror) => {
    const [host, url] = [mirror.slice(0, mirror.indexOf('=')), mirror.slice(mirror.indexOf('=') + 1)];
    if (!mirror.includes('=')) throw new IchorError('invalid-input', `expected HOST=URL, got "${mirror}"`);
    return [host, url] as const;
  });
  const byHost = new Map<string, string[]>();
  for (const [host, url] of mirrors) byHost.set(host, [...(byHost.get(host) ?? []), url]);
  return {
    installDisk: flags.installDisk,
    ...(flags.installImage === undefined ? {} : { installImage: flags.installImage }),
    ...(flags.additionalSans === undefined ? {} : { certSANs: flags.additionalSans }),
    ...(flags.dnsDomain === undefined ? {} : { dnsDomain: flags.dnsDomain }),
    ...(byHost.size === 0 ? {} : { registryMirrors: Object.fromEntries(byHost) }),
    discovery: flags.withClusterDiscovery,
    ...(flags.withKubespan ? { kubeSpan: true } : {}),
  };
}

async function patched(
  context: IchorContext,
  config: string,
  patches: readonly string[],
  flags: GenerateFlags,
): Promise<string> {
  if (patches.length === 0) return config;
  const texts = await Promise.all(patches.map((patch) => readPatch(context, patch)));
  const result = patchConfig(config, texts, flags.talosVersion);
  for (const warning of result.warnings) say(context, `warning: ${warning.message}`);
  return result.text;
}
