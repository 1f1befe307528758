/** The one thing that implementations differ in: how a GET reaches the API server. Paths, shapes and errors are the session's. */
import type { KubernetesCredentials, KubernetesTarget } from './port.ts';

export interface KubernetesReply {
  readonly status: number;
  readonly body: string;
}

export interface KubernetesTransport {
  /** Rejects with Node's own errors, or with the signal's reason. */
  get(path: string, signal: AbortSignal): Promise<KubernetesReply>;
  close(): void;
}

export type OpenTransport = (target: KubernetesTarget, credentials: KubernetesCredentials) => KubernetesTransport;
