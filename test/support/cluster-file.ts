/** Cluster files for tests: a sound one, ways to spoil it, and loading from memory. */
import { readFileSync } from 'node:fs';
import type { Finding } from '../../src/spec/finding.ts';
import type { LoadResult } from '../../src/spec/load.ts';
import { loadCluster } from '../../src/spec/load.ts';
import type { Cluster } from '../../src/spec/model.ts';

/** Sound: no finding at all. */
export const SOUND = `ichor: 1
name: homelab
endpoint: https://10.0.4.100:6443
talos: v1.13.9
kubernetes: v1.36.3
network:
  subnet: 10.0.4.0/24
  gateway: 10.0.4.1
  vip: 10.0.4.100
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
  cp-2: { role: controlplane, address: 10.0.4.102, mac: "00:23:24:00:00:02", install: { disk: { serial: S2 } } }
  cp-3: { role: controlplane, address: 10.0.4.103, mac: "00:23:24:00:00:03", install: { disk: { serial: S3 } } }
  w-1: { role: worker, address: 10.0.4.111, mac: "00:23:24:00:00:11", install: { disk: { serial: S11 } } }
`;

/** The first file is the one that is loaded. */
export function load(files: string | Readonly<Record<string, string>>): Promise<LoadResult> {
  const all = typeof files === 'string' ? { 'cluster.yaml': files } : files;
  return loadCluster({ path: Object.keys(all)[0] ?? 'cluster.yaml', readFile: (path) => all[path] });
}

export async function loadSound(files: string | Readonly<Record<string, string>>): Promise<Cluster> {
  const { cluster, findings } = await load(files);
  if (cluster === undefined) throw new Error(findings.map(({ message }) => message).join('\n'));
  return cluster;
}

export function loadPath(path: string): Promise<LoadResult> {
  return loadCluster({ path, readFile: readIfThere });
}

/** The sound file with each of the texts replaced; a text that is not there is a mistake of the test. */
export function spoiled(...edits: readonly (readonly [from: string, to: string])[]): string {
  let text = SOUND;
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`the sound file has no ${JSON.stringify(from)}`);
    text = text.replace(from, () => to);
  }
  return text;
}

/** The rules of what was found, with line and column, in order. */
export function places(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ severity, rule, where }) => `${severity} ${rule} ${where?.line}:${where?.column}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
