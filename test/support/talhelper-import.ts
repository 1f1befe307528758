/** Imports a talhelper project of the fixtures and renders the result, without the command line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { renderAll } from '../../src/cli/cluster/render.ts';
import { planImage } from '../../src/images/plan-image.ts';
import { parseBundle } from '../../src/secrets/bundle.ts';
import { configDifferences, type ConfigDifference } from '../../src/spec/import/differences.ts';
import { importTalhelper, type ImportTools, type TalhelperImport } from '../../src/spec/import/talhelper/import.ts';
import { madeByTalhelper } from '../../src/spec/import/talhelper/made.ts';
import { readProject, type Project } from '../../src/spec/import/talhelper/project.ts';
import type { Finding } from '../../src/spec/finding.ts';
import { loadCluster } from '../../src/spec/load.ts';
import type { Cluster } from '../../src/spec/model.ts';

export const PROJECTS = resolve('test/fixtures/talhelper');
export const BUNDLE_FILE = resolve('test/fixtures/secrets/a-contract-1.11.yaml');
export const bundle = parseBundle(readFileSync(BUNDLE_FILE, 'utf8'), BUNDLE_FILE);

export function projectNames(): readonly string[] {
  return readdirSync(PROJECTS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

export interface ImportedProject {
  readonly project: Project;
  readonly imported: TalhelperImport;
  readonly cluster: Cluster | undefined;
  readonly findings: readonly Finding[];
}

export async function importProject(name: string): Promise<ImportedProject> {
  const folder = join(PROJECTS, name);
  const readFile = (path: string): string | undefined => {
    const full = resolve(folder, path);
    return existsSync(full) ? readFileSync(full, 'utf8') : undefined;
  };
  const project = await readProject({
    file: 'talconfig.yaml',
    env: {},
    read: async (path) => {
      const text = readFile(path);
      return text === undefined ? undefined : { text, isSecret: false };
    },
    has: async (path) => readFile(path) !== undefined,
  });
  const imported = importTalhelper(project, tools);
  const loaded = await loadCluster({
    path: 'cluster.yaml',
    readFile: (path) => (path === 'cluster.yaml' ? imported.text : readFile(path)),
  });
  return { project, imported, cluster: loaded.cluster, findings: loaded.findings };
}

/** What the imported file renders to, against what talhelper makes. */
export function differencesOf({ project, imported, cluster }: ImportedProject): readonly ConfigDifference[] {
  if (cluster === undefined) throw new Error('the imported file cannot be loaded');
  const rendered = renderAll(cluster, { bundle, features: [] });
  return imported.nodes.flatMap(({ name, source }) =>
    configDifferences(name, madeByTalhelper(project, source, bundle), rendered.get(name)?.documents ?? []),
  );
}

const tools: ImportTools = {
  bundle,
  relocated: (path) => path,
  installerOf: ({ talos, platform, image }) => {
    const { extensions, kernelArgs, secureboot, arch, ...rest } = image;
    const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
    const words = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
    const request = { talos, platform, hardware: [], extensions: texts(extensions), kernelArgs: texts(kernelArgs) };
    return planImage({
      ...request,
      secureboot: secureboot === true,
      arch: arch === 'arm64' ? 'arm64' : 'amd64',
      ...words,
    }).urls.installer;
  },
};
