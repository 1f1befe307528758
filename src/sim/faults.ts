/**
 * Faults as data. A script says which calls are disturbed and how; what befalls a whole machine (power, disk, address, clock) is a
 * `MachineFault`. Both doors ask the book before and after every call.
 */
import type { RefusalCode } from './machine/refusal.ts';

export type CallFault =
  /** The answer comes late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connection is taken and nothing is ever answered; no reset. The call has no effect. */
  | { readonly kind: 'silent' }
  /** The call takes effect and the reply is held back until `release`, or for ever. */
  | { readonly kind: 'reply-held' }
  /** The call takes effect and the connection breaks before the reply. */
  | { readonly kind: 'reply-lost' }
  /** The connection breaks before the call takes effect. */
  | { readonly kind: 'broken' }
  /** A stream ends after so many messages as if the server had been killed. */
  | { readonly kind: 'cut-stream'; readonly afterMessages: number }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string };

export interface FaultRule {
  /** Simulated machine; absent: any. */
  readonly machine?: string;
  /** Last part of the method, `ApplyConfiguration`; absent: any. */
  readonly method?: string;
  /** Only the n-th matching call, from 1; absent: every one. */
  readonly nth?: number;
  readonly fault: CallFault;
}

export type FaultScript = readonly FaultRule[];

export type MachineFault =
  /** Power cut without any goodbye. */
  | { readonly kind: 'dead' }
  /** Every connection is taken, none is answered, until `heal`. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'heal' }
  /** machined dies and the kernel restarts, streams break. */
  | { readonly kind: 'restart' }
  /** The API shows a certificate of an authority that nobody knows. */
  | { readonly kind: 'wrong-certificate' }
  | { readonly kind: 'clock-skew'; readonly ms: number }
  | { readonly kind: 'disk-missing'; readonly disk: string }
  /** DHCP hands out this address from the next boot on, or at once. */
  | { readonly kind: 'address'; readonly ip: string; readonly atOnce: boolean };

export interface FaultBook {
  /** Counts the call and returns the fault that befalls it. */
  next(machine: string, method: string): CallFault | undefined;
  add(rule: FaultRule): void;
  /** Forgets all rules and lets held replies go. */
  clear(): void;
  /** Lets go of replies that are held back now. */
  release(): void;
  /** Resolves at the next `release` or `clear`, or when the signal aborts. */
  untilReleased(signal: AbortSignal): Promise<void>;
  /** Calls that took place, for tests: `machine method` and how often. */
  readonly calls: ReadonlyMap<string, number>;
  /** Calls back when a fault befalls a call: before its effect, or after it where the fault is about the reply. */
  onHit(listener: (hit: FaultHit) => void): () => void;
  /** Told by whoever carries a fault of the reply out, once the call has had its effect. */
  announce(hit: FaultHit): void;
}

/** A call that a rule disturbs. */
export interface FaultHit {
  readonly machine: string;
  readonly method: string;
  readonly fault: CallFault;
}

export function createFaultBook(script: FaultScript): FaultBook {
  let rules: { readonly rule: FaultRule; seen: number }[] = script.map((rule) => ({ rule, seen: 0 }));
  const calls = new Map<string, number>();
  const listeners = new Set<(hit: FaultHit) => void>();
  const announce = (hit: FaultHit): void => {
    for (const listener of listeners) listener(hit);
  };
  let waiting: (() => void)[] = [];
  const release = (): void => {
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
  };
  return {
    calls,
    next(machine, method) {
      const key = `${machine} ${method}`;
      calls.set(key, (calls.get(key) ?? 0) + 1);
      let hit: CallFault | undefined;
      for (const entry of rules) {
        if (!matches(entry.rule, machine, method)) continue;
        entry.seen += 1;
        if (hit === undefined && (entry.rule.nth === undefined || entry.rule.nth === entry.seen))
          hit = entry.rule.fault;
      }
      if (hit !== undefined && !isAboutReply(hit)) announce({ machine, method, fault: hit });
      return hit;
    },
    announce,
    onHit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add: (rule) => {
      rules.push({ rule, seen: 0 });
    },
    clear() {
      rules = [];
      release();
    },
    release,
    untilReleased: (signal) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
}

function isAboutReply({ kind }: CallFault): boolean {
  return kind === 'reply-held' || kind === 'reply-lost';
}

function matches(rule: FaultRule, machine: string, method: string): boolean {
  return (
    (rule.machine === undefined || rule.machine === machine) && (rule.method === undefined || rule.method === method)
  );
}
