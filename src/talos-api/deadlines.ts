/**
 * How long each kind of call may take, in milliseconds of the clock that the connector was given. A call's own `timeoutMs` wins.
 */
export const DEADLINES_MS = {
  read: 10_000,
  /** Etcd calls hang before etcd was bootstrapped (talos-1-api.md §1.6): short, so that silence is soon known for what it is. */
  etcd: 5_000,
  change: 30_000,
  /** Validation, and on ≤1.13 the check of what would need a reboot. */
  apply: 60_000,
  /** The node waits 5 s for its time to be in sync before it answers. */
  bootstrap: 20_000,
  /** The node itself retries for 5 minutes while a member is unhealthy. */
  etcdLeave: 330_000,
  /** Rewrites the whole database. */
  etcdDefragment: 120_000,
  etcdRecover: 600_000,
  /** Legacy upgrade and pull answer only when the image is there. */
  image: 900_000,
  /** The longest silence in a stream that ends by itself. */
  silence: 30_000,
  /** The longest silence of an installer or of a pull's progress. */
  installerSilence: 600_000,
  /** Followed streams may be silent for hours: beside them a call proves that the node still answers. */
  heartbeatEvery: 10_000,
  heartbeat: 5_000,
  /** After a call went unanswered: is the connection dead, or only that call? */
  probe: 3_000,
} as const satisfies Record<string, number>;
