import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { IchorError, messageOf } from '../../errors.ts';
import { bundleFromMachineConfig } from '../../secrets/bundle-extract.ts';
import { createBundle } from '../../secrets/bundle-file.ts';
import { generateBundle } from '../../secrets/bundle.ts';
import { createRedactor, secretValuesOf } from '../../secrets/redact.ts';
import { configDifferences } from '../../spec/import/differences.ts';
import {
  draftFromConfigs,
  draftText,
  withPatches,
  withPatchFiles,
  type ConfigsDraft,
} from '../../spec/import/from-configs.ts';
import { sortFiles, type ConfigFile, type MachineConfig, type SortedFiles } from '../../spec/import/machine-configs.ts';
import type { ImportNote } from '../../spec/import/note.ts';
import { loadCluster, type LoadResult } from '../../spec/load.ts';
import { encodeDocumentsFor } from '../../talos/documents-text.ts';
import { applyPatches } from '../../talos/patch/patch.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import { sampleFeatures } from '../cluster/features.ts';
import { renderAll } from '../cluster/render.ts';
import type { IchorContext } from '../context.ts';
import { say } from '../output.ts';
import { reportImport, type ImportReport } from './import-output.ts';
import type { ImportConfigsFlags } from './import.ts';

const DEFAULT_SECRETS = 'secrets.sops.yaml';

export async function runImportConfigs(this: IchorContext, flags: ImportConfigsFlags, path: string): Promise<void> {
  const sorted = sortFiles(readFiles(resolve(this.cwd, path)));
  if (sorted.configs.length === 0)
    throw new IchorError('not-found', `there is no machine config in ${path}`, {
      hint: 'One has `machine: {type: controlplane}` or `worker`.',
    });
  const bundle = await bundleOf(this, sorted.configs);
  const made = draftFromConfigs(sorted.configs, flags.secretsTo ?? DEFAULT_SECRETS);
  const bare = await load(draftText(made));
  if (bare.cluster === undefined) throw unreadable(bare);
  const redactor = createRedactor(secretValuesOf(bundle.value));
  const render = (loaded: LoadResult) =>
    loaded.cluster === undefined
      ? new Map<string, never>()
      : renderAll(loaded.cluster, { bundle: bundle.value, features: sampleFeatures(this, loaded.cluster).features });
  const isSecret = (text: string): boolean => redactor.redact(text) !== text;
  const patched = withPatches(made, render(bare), isSecret);
  const home = flags.to === undefined ? this.cwd : dirname(resolve(this.cwd, flags.to));
  const folder = statSync(resolve(this.cwd, path)).isDirectory()
    ? resolve(this.cwd, path)
    : dirname(resolve(this.cwd, path));
  const files = sorted.patches.map(({ file, text }) => ({
    name: file,
    text,
    path: relative(home, join(folder, file)),
  }));
  const whole = withPatchFiles(patched, files, changes);
  const text = draftText(whole);
  const loaded = await load(text, new Map(files.map((file) => [file.path, file.text])));
  const rest = compared(whole, () => render(loaded));
  if (flags.secretsTo !== undefined) await writeBundle(this, bundle, flags.secretsTo);
  const differences = rest.differences.map(({ was, is, ...difference }) => ({
    ...difference,
    ...(was !== undefined && { was: redactor.redact(was) }),
    ...(is !== undefined && { is: redactor.redact(is) }),
  }));
  const findings = loaded.findings.filter(({ severity }) => severity === 'error');
  await reportImport(this, flags, {
    text,
    notes: [...whole.notes, ...fileNotes(sorted, flags)],
    findings,
    ...rest,
    differences,
  });
}

function readFiles(path: string): readonly ConfigFile[] {
  if (!existsSync(path)) throw new IchorError('not-found', `${path} does not exist`);
  const files = statSync(path).isDirectory()
    ? [path, join(path, 'patches')].filter((folder) => existsSync(folder)).flatMap(yamlFiles)
    : [path];
  return files.map((file) => ({
    file: basename(dirname(file)) === 'patches' ? `patches/${basename(file)}` : basename(file),
    text: readFileSync(file, 'utf8'),
  }));
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

interface Bundle {
  readonly value: SecretsBundle;
  /** Why the real one is not to be had. */
  readonly missing?: string;
}

async function bundleOf(context: IchorContext, configs: readonly MachineConfig[]): Promise<Bundle> {
  let missing = 'there is no config of a control plane';
  for (const { documents, file, role } of configs) {
    if (role !== 'controlplane') continue;
    const extraction = bundleFromMachineConfig(encodeDocumentsFor(documents, 'v1.14.1'), file);
    if (extraction.kind === 'bundle') return { value: extraction.bundle };
    missing = extraction.explanation;
  }
  return {
    value: await generateBundle({
      talos: 'v1.13.0',
      random: context.random,
      now: new Date(),
      serviceAccountKey: 'ecdsa-p256',
    }),
    missing,
  };
}

async function writeBundle(context: IchorContext, bundle: Bundle, file: string): Promise<void> {
  if (bundle.missing !== undefined)
    throw new IchorError('invalid-input', `no secrets bundle can be made of these configs: ${bundle.missing}`);
  const created = await createBundle({
    path: resolve(context.cwd, file),
    now: new Date(),
    random: context.random,
    content: { kind: 'given', bundle: bundle.value },
  });
  say(context, `Wrote the secrets bundle to ${file}${created.isEncrypted ? ', encrypted' : ''}.`);
}

function load(text: string, files: ReadonlyMap<string, string> = new Map()): Promise<LoadResult> {
  return loadCluster({ path: 'cluster.yaml', readFile: (name) => (name === 'cluster.yaml' ? text : files.get(name)) });
}

/** Whether a patch would still change the config. */
function changes(config: MachineConfig, patch: string): boolean {
  try {
    const patched = applyPatches(config.documents, [patch], 'v1.14.1').documents;
    return configDifferences('', config.documents, patched).length > 0;
  } catch {
    return true;
  }
}

function unreadable({ findings }: LoadResult): IchorError {
  return new IchorError(
    'invalid-input',
    `no cluster file can be made of these configs: ${findings.map(({ message }) => message).join('; ')}`,
  );
}

function compared(
  draft: ConfigsDraft,
  render: () => ReturnType<typeof renderAll>,
): Pick<ImportReport, 'differences' | 'notCompared'> {
  try {
    const rendered = render();
    const differences = [...draft.configs].flatMap(([name, config]) =>
      configDifferences(name, config.documents, rendered.get(name)?.documents ?? []),
    );
    return { differences };
  } catch (reason) {
    if (!(reason instanceof IchorError)) throw reason;
    return { differences: [], notCompared: messageOf(reason) };
  }
}

function fileNotes({ others }: SortedFiles, flags: ImportConfigsFlags): readonly ImportNote[] {
  return [
    ...others.map((file): ImportNote => ({
      kind: 'lost',
      place: file,
      what: 'the file',
      reason: 'it holds neither a machine config nor a part of one',
    })),
    ...(flags.secretsTo === undefined
      ? [
          {
            kind: 'check',
            place: 'secrets',
            what: DEFAULT_SECRETS,
            reason: 'the secrets are not in the cluster file; --secrets-to takes them out of the configs as a bundle',
          } satisfies ImportNote,
        ]
      : []),
  ];
}
