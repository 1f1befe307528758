/**
 * The journal: what happened on a cluster, run after run, as evidence for people. It is never needed to go on (design §1.1), so a
 * journal that cannot be written never stops a run; but what it holds is whole: a line is there entirely or not at all.
 */

/** JSON data; the callers see to it that it holds no secret. */
export interface JournalRecord {
  readonly v: number;
  readonly runId: string;
  readonly seq: number;
  readonly time: number;
  readonly kind: string;
}

export interface RunSummary {
  readonly runId: string;
  /** Milliseconds since the epoch of the first record. */
  readonly startedAt: number;
}

export interface Journal {
  /** Resolves when the record is safe. Records of one run are kept in the order of the calls. */
  append(cluster: string, record: JournalRecord): Promise<void>;
  /** Newest first. */
  runs(cluster: string): Promise<readonly RunSummary[]>;
  /** In order; empty for a run that is not known. A last line that was cut off by a crash is left out. */
  read(cluster: string, runId: string): Promise<readonly unknown[]>;
}
