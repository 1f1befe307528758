/** The lock: one run at a time changes a cluster. It belongs to a process and falls free when that process is no more. */

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** `ichor apply` */
  readonly command: string;
}

export interface HeldLock {
  /** Releases it; more than once does no harm. */
  release(): Promise<void>;
}

export type LockAttempt =
  | { readonly kind: 'held'; readonly lock: HeldLock }
  | { readonly kind: 'taken'; readonly owner: LockOwner };

export interface LockStore {
  /** Does not wait. A lock whose process on this machine is gone is taken over. */
  acquire(cluster: string, owner: LockOwner): Promise<LockAttempt>;
}
