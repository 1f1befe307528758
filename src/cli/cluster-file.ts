/** Reads the cluster file for a command: findings go to stderr, and errors among them end the command. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { IchorError } from '../errors.ts';
import type { Finding } from '../spec/finding.ts';
import { hasErrors, loadCluster, type LoadResult } from '../spec/load.ts';
import type { Cluster, NodeSpec } from '../spec/model.ts';
import type { IchorContext } from './context.ts';
import { Exit } from './failure.ts';
import { say, talkColours } from './output.ts';
import { abridgeFindings, countFindings } from './terminal/findings.ts';

import { DEFAULT_FILE } from './default-file.ts';

/** Commands other than `check` show this many warnings of a rule. */
const SHOWN_PER_RULE = 2;

/** As the person named it; `cluster.yaml` in the working directory when not named. */
export async function loadFile(context: IchorContext, file: string = DEFAULT_FILE): Promise<LoadResult> {
  const path = resolve(context.cwd, file);
  if (!existsSync(path)) {
    throw new IchorError('not-found', `there is no cluster file ${file}`, {
      hint:
        file === DEFAULT_FILE
          ? 'Write one with `ichor init`, or name yours with --file.'
          : 'Check the path, or write a new one with `ichor init`.',
    });
  }
  const loaded = await loadCluster({ path: file, readFile: (name) => readIfThere(resolve(context.cwd, name)) });
  // Whether volumes fit is known to `images/`, above the lint of the file; loaded only where a size is declared, for it brings CEL along.
  if (
    loaded.cluster?.nodes.some(({ proxmox, volumes }) => proxmox?.['disk'] !== undefined && volumes.length > 0) !== true
  )
    return loaded;
  const { budgetFindings } = await import('../images/disks/node-budget.ts');
  return { ...loaded, findings: [...loaded.findings, ...budgetFindings(loaded.cluster)] };
}

/** The cluster, or the end of the command with every problem printed. Warnings are printed as well, notices only by `check`. */
export async function requireCluster(context: IchorContext, file: string | undefined): Promise<Cluster> {
  const { cluster, findings } = await loadFile(context, file);
  const shown = findings.filter((finding) => finding.severity !== 'notice');
  if (shown.length > 0) say(context, abridgeFindings(shown, SHOWN_PER_RULE, talkColours(context)));
  if (cluster === undefined || hasErrors(findings)) {
    say(context, `${file ?? DEFAULT_FILE}: ${countFindings(findings)}`);
    throw new Exit(1);
  }
  return cluster;
}

/** The nodes that `--node` names, in spec order; all when it names none. */
export function selectNodes(cluster: Cluster, names: readonly string[] | undefined): readonly NodeSpec[] {
  if (names === undefined || names.length === 0) return cluster.nodes;
  const known = new Set(cluster.nodes.map((node) => node.name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new IchorError('not-found', `${cluster.file} has no node ${unknown.join(', ')}`, {
      hint: `Its nodes are ${[...known].join(', ')}.`,
    });
  }
  return cluster.nodes.filter((node) => names.includes(node.name));
}

export function errorsIn(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding) => finding.severity === 'error');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return undefined;
    throw reason;
  }
}
