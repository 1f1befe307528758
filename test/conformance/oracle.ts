/**
 * The client of the oracle: Talos' own machinery module behind JSON lines (`oracle/main.go`, one build per release under
 * `test/real/programs/oracle-*`). Where no oracle is built, suites run from recorded verdicts alone and say so.
 */
import { spawn } from 'node:child_process';
import { howToBuild, real } from '../support/real.ts';

export type OracleName = 'oracle-1.11' | 'oracle-1.12' | 'oracle-1.13' | 'oracle-1.13.0' | 'oracle-1.14';

export type OracleMode = 'metal' | 'metal-strict' | 'cloud' | 'container';

export type OracleRequest =
  | { readonly op: 'validate'; readonly config: string; readonly modes: readonly OracleMode[] }
  | { readonly op: 'canonicalise'; readonly config: string }
  | { readonly op: 'patch'; readonly config: string; readonly patches: readonly string[] }
  | { readonly op: 'secrets'; readonly secrets: string; readonly contract: string }
  | {
      readonly op: 'generate';
      readonly contract: string;
      readonly clusterName: string;
      readonly endpoint: string;
      readonly kubernetesVersion: string;
      /** The bundle's YAML. */
      readonly secrets: string;
      /** Names as in `options` of `oracle/main.go`. */
      readonly options: Readonly<Record<string, unknown>>;
    };

export interface OracleVerdict {
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  /** Set where Talos' library crashes. */
  readonly panic?: string;
}

export interface OracleAnswer {
  /** Of a failure: load, load-patch, apply, encode, panic, … */
  readonly stage?: string;
  readonly error?: string;
  /** By mode. */
  readonly verdicts?: Readonly<Record<string, OracleVerdict>>;
  readonly text?: string;
  readonly controlplane?: string;
  readonly worker?: string;
  readonly talosconfig?: string;
}

export interface Oracle {
  ask(request: OracleRequest): Promise<OracleAnswer>;
  close(): Promise<void>;
}

/** The running oracle, or undefined with one loud line when it is not built. With CI=true an unbuilt oracle is an error. */
export function openOracle(name: OracleName): Oracle | undefined {
  const path = real(name);
  if (path === undefined) {
    process.stderr.write(
      `GOLDEN ONLY: ${name} is not built, so that these suites hold Ichor against recorded verdicts and nothing else; ${howToBuild(name)}\n`,
    );
    return undefined;
  }
  return start(path);
}

function start(path: string): Oracle {
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { readonly resolve: (answer: OracleAnswer) => void; readonly reject: (reason: unknown) => void }[] =
    [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.resolve(JSON.parse(line));
  });
  child.once('close', (code) => {
    for (const one of waiting.splice(0))
      one.reject(new Error(`the oracle ${path} ended with ${code ?? 'a signal'} before it answered`));
  });
  return {
    ask(request) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
