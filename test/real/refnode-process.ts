/** Starts refnode (programs/refnode) on loopback ports of its own and speaks to its stdin. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TalosCredentials, TalosTarget } from '../../src/talos-api/port.ts';
import { readTalosconfigCredentials } from '../support/talosconfig.ts';

export interface Refnode {
  readonly target: TalosTarget;
  readonly maintenance: TalosTarget;
  credentials(name: 'talosconfig' | 'foreign' | 'other-cluster' | 'expired' | 'server-eku'): TalosCredentials;
  /** `stage running`, `host NAME`, `rm-disk sda`, `etcd on`. */
  command(line: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

export async function startRefnode(program: string): Promise<Refnode> {
  const directory = await mkdtemp(join(tmpdir(), 'ichor-refnode-'));
  const child = spawn(program, ['127.0.0.1:0', '127.0.0.1:0', directory]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [secure, maintenance] = await ready(child, lines);
  return {
    target: targetOf('ref-1', secure),
    maintenance: targetOf('ref-maintenance', maintenance),
    credentials: (name) => readTalosconfigCredentials(join(directory, name)),
    async command(line) {
      child.stdin.write(`${line}\n`);
      const answer = await lines.next();
      if (answer.done === true || !String(answer.value).endsWith('<nil>'))
        throw new Error(`refnode: ${line}: ${String(answer.value)}`);
    },
    kill: (signal) => void child.kill(signal),
    async close() {
      child.kill('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ready(
  child: ChildProcessWithoutNullStreams,
  lines: AsyncIterator<string>,
): Promise<readonly [string, string]> {
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const first = await lines.next();
  const [word, secure = '', maintenance = ''] = String(first.value).split(' ');
  if (first.done === true || word !== 'READY') throw new Error(`refnode did not start: ${said}`);
  return [secure, maintenance];
}

function targetOf(node: string, address: string): TalosTarget {
  const [host = '', port = ''] = address.split(':');
  return { node, host, port: Number(port) };
}
