/**
 * One connection's worth of transport to a node, whatever it is made of. Sessions (session.ts) are written against this.
 */
import type { Transport } from '@connectrpc/connect';

export interface NodeChannel {
  readonly transport: Transport;
  /** Base64 of SHA-256 of the public key that the peer showed on the last connection. */
  peerFingerprint(): string | undefined;
  /** Whether a connection stands or is being made: only then can it be dead without anybody knowing. */
  isOpen(): boolean;
  /** Gives the present connection up; open calls on it fail, the next call dials again. */
  drop(): void;
  /** Like `drop`, and every later call fails. */
  close(): void;
}
