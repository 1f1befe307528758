/** Meets whatever machine answers at an address: with the cluster's certificates, in maintenance, or not to be talked to. */
import { IchorError, messageOf } from '../errors.ts';
import { fieldsOf, textField } from '../health/resource-fields.ts';
import { isTalosError } from '../talos-api/errors.ts';
import {
  TALOS_API_PORT,
  type TalosConnector,
  type TalosCredentials,
  type TalosNodeSession,
  type TalosTarget,
} from '../talos-api/port.ts';
import type { Resource } from '../talos-api/resource.ts';
import { readIdentity } from './facts/identity.ts';
import { MACHINE_STATUS, TALOS_VERSION } from './facts/talos-types.ts';
import type { MachineIdentity, Reached } from './observation.ts';

/** World time for the first answer of a machine; beyond it, it counts as not answering. */
export const FIRST_ANSWER_MS = 3_000;

export type Shut = Reached & { readonly kind: 'foreign' | 'mistaken' | 'unreachable' };

export type Meeting =
  | {
      readonly kind: 'met';
      readonly mode: 'maintenance' | 'secure';
      readonly address: string;
      /** The caller closes it. */
      readonly session: TalosNodeSession;
      readonly identity: MachineIdentity;
      /** Version tag; undefined where the machine would not say. */
      readonly talos: string | undefined;
      readonly status: Resource | undefined;
    }
  | { readonly kind: 'shut'; readonly reached: Shut };

export interface MeetRequest {
  readonly connector: TalosConnector;
  readonly credentials: TalosCredentials;
  /** For messages: the node that is looked for, or the address. */
  readonly name: string;
  readonly address: string;
  readonly fingerprint?: string;
}

/** Rejects only when stopped. */
export async function meet(request: MeetRequest, signal: AbortSignal): Promise<Meeting> {
  const target: TalosTarget = { node: request.name, host: request.address, port: TALOS_API_PORT };
  const session = request.connector.secure(target, request.credentials);
  try {
    return await enter('secure', session, signal);
  } catch (reason) {
    session.close();
    signal.throwIfAborted();
    // A machine in maintenance shows a certificate of nobody's CA.
    if (isTalosError(reason, 'wrong-ca', 'in-maintenance')) return meetInMaintenance(request, target, signal);
    return { kind: 'shut', reached: whyShut(request.address, reason) };
  }
}

/** The way round through a control plane, for a node that has its config but cannot be reached from here. */
export async function meetThrough(request: MeetRequest, via: TalosTarget, signal: AbortSignal): Promise<Meeting> {
  const target: TalosTarget = { node: request.name, host: request.address, port: TALOS_API_PORT };
  const session = request.connector.secure(target, request.credentials, { via });
  try {
    return await enter('secure', session, signal);
  } catch (reason) {
    session.close();
    signal.throwIfAborted();
    return { kind: 'shut', reached: whyShut(request.address, reason) };
  }
}

async function meetInMaintenance(request: MeetRequest, target: TalosTarget, signal: AbortSignal): Promise<Meeting> {
  const session = request.connector.maintenance(
    target,
    request.fingerprint === undefined ? {} : { fingerprint: request.fingerprint },
  );
  try {
    return await enter('maintenance', session, signal);
  } catch (reason) {
    session.close();
    signal.throwIfAborted();
    return { kind: 'shut', reached: whyShut(request.address, reason) };
  }
}

async function enter(mode: 'maintenance' | 'secure', session: TalosNodeSession, signal: AbortSignal): Promise<Meeting> {
  const options = { signal, timeoutMs: FIRST_ANSWER_MS };
  const status = await session.getResource(MACHINE_STATUS, options);
  const [identity, version] = await Promise.all([
    readIdentity(session, options),
    session.getResource(TALOS_VERSION, options),
  ]);
  return {
    kind: 'met',
    mode,
    address: session.target.host,
    session,
    identity,
    talos: textField(fieldsOf(version?.spec), 'version'),
    status,
  };
}

function whyShut(address: string, reason: unknown): Shut {
  // Refused by its CA or refusing ours: it has a config, and not one of this cluster.
  if (isTalosError(reason, 'wrong-ca', 'certificate-required', 'certificate-refused'))
    return { kind: 'foreign', address, why: messageOf(reason) };
  if (isTalosError(reason, 'fingerprint-mismatch')) return { kind: 'mistaken', address, why: messageOf(reason) };
  return {
    kind: 'unreachable',
    tried: [address],
    code: reason instanceof IchorError ? reason.code : 'failed',
    why: shortly(reason),
  };
}

/** Stable words for what is met all the time while a machine reboots, so that a wait does not change its text at every look. */
function shortly(reason: unknown): string {
  if (isTalosError(reason, 'deadline')) return 'no answer';
  if (isTalosError(reason, 'unreachable')) return 'not reachable';
  return messageOf(reason);
}
