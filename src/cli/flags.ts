/**
 * Flags that several commands share. stricli has no flags of the whole application, so that each command spreads these into its own;
 * names, meaning and defaults stay the same everywhere.
 */
import { isIP } from 'node:net';
import { IchorError } from '../errors.ts';

export type OutputFormat = 'text' | 'json';

export const outputFlag = {
  output: { kind: 'enum', values: ['text', 'json'], brief: 'Form of standard output', default: 'text' },
} as const;

export interface OutputFlags {
  readonly output: OutputFormat;
}

export const fileFlag = {
  file: {
    kind: 'parsed',
    parse: String,
    brief: 'The cluster file (default: cluster.yaml here)',
    optional: true,
    placeholder: 'cluster.yaml',
  },
} as const;

export interface FileFlags {
  readonly file?: string;
}

export const nodeFlag = {
  node: {
    kind: 'parsed',
    parse: String,
    brief: 'Only these nodes, by name',
    optional: true,
    variadic: ',',
    placeholder: 'NAME',
  },
} as const;

export interface NodeFlags {
  readonly node?: readonly string[];
}

export const worldFlag = {
  world: {
    kind: 'parsed',
    parse: String,
    brief: 'Talk to the simulated machines of this world file (written by `ichor sim`); also $ICHOR_WORLD',
    optional: true,
    placeholder: 'FILE',
  },
  at: {
    kind: 'parsed',
    parse: parseAt,
    brief: 'Where a node answers right now, when that is not its address',
    optional: true,
    variadic: ',',
    placeholder: 'NODE=IP',
  },
} as const;

export interface WorldFlags {
  readonly world?: string;
  readonly at?: readonly At[];
}

export interface At {
  readonly node: string;
  readonly host: string;
}

/** `cp-1=192.168.1.50` */
export function parseAt(text: string): At {
  const [node, host, ...rest] = text.split('=');
  if (!node || !host || rest.length > 0 || isIP(host) === 0)
    throw new IchorError('invalid-input', `expected NODE=IP, got "${text}"`);
  return { node, host };
}
