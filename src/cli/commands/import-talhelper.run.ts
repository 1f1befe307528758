import { existsSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { IchorError, messageOf } from '../../errors.ts';
import { planImage } from '../../images/plan-image.ts';
import { generateBundle } from '../../secrets/bundle.ts';
import { loadBundle } from '../../secrets/bundle-file.ts';
import { readOptionalFile } from '../../secrets/private-file.ts';
import { createRedactor, secretValuesOf } from '../../secrets/redact.ts';
import { decryptSops, isSopsText } from '../../secrets/sops/file.ts';
import { createSystemSources } from '../../secrets/system-sources.ts';
import { configDifferences, type ConfigDifference } from '../../spec/import/differences.ts';
import type { ImageWord } from '../../spec/import/talhelper/image.ts';
import { importTalhelper, type TalhelperImport } from '../../spec/import/talhelper/import.ts';
import { madeByTalhelper } from '../../spec/import/talhelper/made.ts';
import { readProject, type Project, type ProjectFile } from '../../spec/import/talhelper/project.ts';
import { loadCluster } from '../../spec/load.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import { sampleFeatures } from '../cluster/features.ts';
import { renderAll } from '../cluster/render.ts';
import type { IchorContext } from '../context.ts';
import { reportImport, type ImportReport } from './import-output.ts';
import type { ImportFlags } from './import.ts';

export async function runImportTalhelper(this: IchorContext, flags: ImportFlags, path: string = '.'): Promise<void> {
  const file = talconfigOf(this, path);
  const folder = dirname(file);
  const sources = createSystemSources({ folder, env: this.env, signal: this.signal });
  const read = async (name: string): Promise<ProjectFile | undefined> => {
    const text = await readOptionalFile(resolve(folder, name));
    if (text === undefined) return undefined;
    if (!isSopsText(text)) return { text, isSecret: false };
    return { text: await decryptSops(text, name, await sources.identities()), isSecret: true };
  };
  const has = async (name: string): Promise<boolean> => existsSync(resolve(folder, name));
  const project = await readProject({ file: basename(file), read, has, env: this.env });
  const bundle = await bundleOf(this, { project, folder });
  const home = flags.to === undefined ? folder : dirname(resolve(this.cwd, flags.to));
  const relocated = (name: string): string => pathFrom(home, resolve(folder, name));
  const imported = importTalhelper(project, { bundle, installerOf, relocated });
  const verified = await verify(this, { project, imported, bundle, home });
  const redactor = createRedactor(secretValuesOf(bundle));
  const shown = verified.differences.map((difference) => redacted(difference, (text) => redactor.redact(text)));
  await reportImport(this, flags, { text: imported.text, notes: imported.notes, ...verified, differences: shown });
}

function talconfigOf(context: IchorContext, path: string): string {
  const full = resolve(context.cwd, path);
  if (existsSync(full) && !statSync(full).isDirectory()) return full;
  const found = ['talconfig.yaml', 'talconfig.yml'].map((name) => join(full, name)).find((name) => existsSync(name));
  if (found !== undefined) return found;
  throw new IchorError('not-found', `there is no talconfig.yaml in ${path}`, {
    hint: 'Name its folder, or the file itself.',
  });
}

/** Relative to the cluster file, so that both can move together. */
function pathFrom(home: string, target: string): string {
  const path = relative(home, target);
  return isAbsolute(path) || path.startsWith('..') ? path : `./${path}`;
}

interface Opened {
  readonly project: Project;
  readonly folder: string;
}

/** The project's own when it can be opened here, else one that is thrown away: comparing needs the same on both sides, no more. */
async function bundleOf(context: IchorContext, { project, folder }: Opened): Promise<SecretsBundle> {
  const sources = createSystemSources({ folder, env: context.env, signal: context.signal });
  if (project.secrets !== undefined) {
    try {
      const loaded = await loadBundle({ path: resolve(folder, project.secrets), identities: sources.identities });
      if (loaded !== undefined) return loaded.bundle;
    } catch (reason) {
      if (!(reason instanceof IchorError)) throw reason;
    }
  }
  return generateBundle({ talos: 'v1.13.0', random: context.random, now: new Date(), serviceAccountKey: 'ecdsa-p256' });
}

function installerOf({ talos, platform, image }: ImageWord): string | undefined {
  const text = (key: string): string | undefined => (typeof image[key] === 'string' ? image[key] : undefined);
  const texts = (key: string): readonly string[] => (Array.isArray(image[key]) ? image[key].map(String) : []);
  const optional = Object.fromEntries(
    ['schematic', 'installer', 'factory'].flatMap((key) =>
      text(key) === undefined ? [] : [[key, text(key)] as const],
    ),
  );
  try {
    const plan = planImage({
      talos,
      platform,
      hardware: [],
      extensions: texts('extensions'),
      kernelArgs: texts('kernelArgs'),
      secureboot: image['secureboot'] === true,
      arch: text('arch') === 'arm64' ? 'arm64' : 'amd64',
      ...optional,
    });
    return plan.urls.installer;
  } catch (reason) {
    if (reason instanceof IchorError) return undefined;
    throw reason;
  }
}

interface Verification extends Omit<Opened, 'folder'> {
  readonly imported: TalhelperImport;
  readonly bundle: SecretsBundle;
  /** Where the cluster file lies, or is going to. */
  readonly home: string;
}

/** Loads and renders what was written, and holds it against what talhelper makes. */
async function verify(
  context: IchorContext,
  { project, imported, bundle, home }: Verification,
): Promise<Pick<ImportReport, 'differences' | 'findings' | 'notCompared'>> {
  const files = new Map<string, string>();
  for (const name of imported.files) {
    const text = await readOptionalFile(resolve(home, name));
    if (text !== undefined) files.set(resolve(home, name), text);
  }
  const readFile = (name: string): string | undefined =>
    name === 'cluster.yaml' ? imported.text : files.get(resolve(home, name));
  const { cluster, findings } = await loadCluster({ path: 'cluster.yaml', readFile });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (cluster === undefined) return { differences: [], findings: errors, notCompared: 'the file needs mending first' };
  const old = errors.find(({ rule }) => rule === 'talos-too-old');
  if (old !== undefined) return { differences: [], findings: errors, notCompared: old.message };
  if (/^v1\.(1[4-9]|[2-9]\d)\./.test(project.talos))
    return {
      differences: [],
      findings: errors,
      notCompared: 'talhelper 3.1.16 writes an early form of the documents of Talos 1.14',
    };
  try {
    const rendered = renderAll(cluster, { bundle, features: sampleFeatures(context, cluster).features });
    const differences = imported.nodes.flatMap(({ name, source }) =>
      configDifferences(name, madeByTalhelper(project, source, bundle), rendered.get(name)?.documents ?? []),
    );
    return { differences, findings: errors };
  } catch (reason) {
    if (!(reason instanceof IchorError)) throw reason;
    return { differences: [], findings: errors, notCompared: messageOf(reason) };
  }
}

function redacted(difference: ConfigDifference, redact: (text: string) => string): ConfigDifference {
  const { was, is } = difference;
  return { ...difference, ...(was !== undefined && { was: redact(was) }), ...(is !== undefined && { is: redact(is) }) };
}
