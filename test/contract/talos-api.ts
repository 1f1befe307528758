/**
 * What every implementation of the Talos API port must do, whatever stands behind it: refnode, the simulator through either door, a
 * real node. A subject that lacks something (a second cluster's credentials, a node in maintenance) says so, and what rests on it is
 * skipped by name.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTalosError, type TalosErrorCode } from '../../src/talos-api/errors.ts';
import type { TalosConnector, TalosCredentials, TalosNodeSession, TalosTarget } from '../../src/talos-api/port.ts';
import type { ResourceEvent } from '../../src/talos-api/resource.ts';
import { readAll, readOne, watch } from '../../src/talos-api/resources/kind.ts';
import { readActiveMachineConfig } from '../../src/talos-api/resources/machine-config.ts';
import { machineStatusKind } from '../../src/talos-api/resources/machine-status.ts';
import { addressKind, hostnameKind } from '../../src/talos-api/resources/network.ts';

export interface TalosApiSubject {
  readonly connector: TalosConnector;
  /** A configured node. */
  readonly target: TalosTarget;
  /** os:admin of its cluster. */
  readonly admin: TalosCredentials;
  /** Client certificates that the node refuses; the CA is the node's. */
  readonly refused?: Readonly<Record<string, TalosCredentials>>;
  /** Valid credentials of a cluster that the node does not belong to, with that cluster's CA. */
  readonly otherCluster?: TalosCredentials;
  /** A node in maintenance. */
  readonly maintenance?: TalosTarget;
  /** An address where nothing is. */
  readonly nobody?: TalosTarget;
  /** Puts the configured node into another stage. */
  changeStage?(stage: string): Promise<void>;
  /** Whether the node filters COSI types and namespaces as Talos does. */
  readonly filtersTypes: boolean;
  /** Whether etcd on it still waits for its bootstrap. */
  readonly etcdWaits: boolean;
  close(): Promise<void>;
}

type Need = 'refused' | 'otherCluster' | 'maintenance' | 'nobody' | 'changeStage' | 'filtersTypes' | 'etcdWaits';

/** `offers` is known before anything is opened, so that the report names what was skipped. */
export function runTalosApiContract(
  name: string,
  offers: ReadonlySet<Need>,
  open: () => Promise<TalosApiSubject>,
): void {
  describe(`Talos API contract: ${name}`, () => {
    let subject: TalosApiSubject;
    const sessions: TalosNodeSession[] = [];
    const track = (session: TalosNodeSession): TalosNodeSession => {
      sessions.push(session);
      return session;
    };
    const secure = (credentials = subject.admin): TalosNodeSession =>
      track(subject.connector.secure(subject.target, credentials));
    const needing = (need: Need) => it.skipIf(!offers.has(need));

    beforeAll(async () => {
      subject = await open();
    });
    afterAll(async () => {
      for (const session of sessions) session.close();
      await subject?.close();
    });

    describe('reads', () => {
      it('tells the version that the node runs', async () => {
        expect((await secure().version()).tag).toMatch(/^v1\.\d+\.\d+/);
      });

      it('reads a resource into its checked type', async () => {
        const status = await readOne(secure(), machineStatusKind);

        expect(['booting', 'running', 'installing', 'rebooting']).toContain(status?.stage);
      });

      it('gives undefined for an id that does not exist', async () => {
        expect(await readOne(secure(), machineStatusKind, 'nosuch')).toBeUndefined();
      });

      it('lists all of a kind, and none without an error', async () => {
        const session = secure();

        expect((await readAll(session, addressKind)).length).toBeGreaterThan(0);
        const hostname = await readAll(session, hostnameKind);
        expect(hostname).toHaveLength(1);
      });

      needing('filtersTypes')('calls a type that the node does not know unimplemented', async () => {
        await fails(
          'unimplemented',
          secure().getResource({ namespace: 'runtime', type: 'Nosuch.runtime.talos.dev', id: 'x' }),
        );
        await fails('unimplemented', secure().listResources({ namespace: 'nowhere', type: machineStatusKind.type }));
      });

      it('says who answered', async () => {
        const session = secure();
        expect(session.peerFingerprint()).toBeUndefined();

        await session.version();

        expect(session.peerFingerprint()).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      });
    });

    describe('watches', () => {
      it('begins the watch of one id with its present state', async () => {
        for await (const event of watch(secure(), machineStatusKind)) {
          expect(event).toMatchObject({ kind: 'present', id: 'machine' });
          break;
        }
      });

      it('begins the watch of an absent id with its absence', async () => {
        const { namespace, type } = machineStatusKind;
        for await (const event of secure().watchResources({ namespace, type, id: 'nosuch' })) {
          expect(event).toEqual({ kind: 'destroyed', id: 'nosuch' });
          break;
        }
      });

      it('tells when everything that exists was sent', async () => {
        const seen: ResourceEvent['kind'][] = [];
        const { namespace, type } = machineStatusKind;
        for await (const event of secure().watchResources({ namespace, type })) {
          seen.push(event.kind);
          if (event.kind === 'bootstrapped') break;
        }

        expect(seen).toEqual(['created', 'bootstrapped']);
      });

      needing('changeStage')('sends changes as they happen', async () => {
        const before = (await readOne(secure(), machineStatusKind))?.stage ?? '';
        const other = before === 'running' ? 'booting' : 'running';
        const stages: string[] = [];
        for await (const event of watch(secure(), machineStatusKind)) {
          if (event.kind !== 'present') continue;
          stages.push(event.value.stage);
          if (stages.length === 1) await subject.changeStage?.(other);
          else break;
        }
        await subject.changeStage?.(before);

        expect(stages).toEqual([before, other]);
      });

      it('leaves the session usable when the reader stops', async () => {
        const session = secure();
        for await (const _ of watch(session, machineStatusKind)) break;

        expect((await session.version()).tag).toMatch(/^v1\./);
      });

      it('ends with `cancelled` when its signal is aborted', async () => {
        const controller = new AbortController();
        const reading = (async () => {
          for await (const _ of watch(secure(), machineStatusKind, undefined, { signal: controller.signal }))
            controller.abort();
        })();

        await fails('cancelled', reading);
      });
    });

    describe('who may speak', () => {
      needing('refused')('tells that the node refuses the client certificate', async () => {
        for (const [why, credentials] of Object.entries(subject.refused ?? {})) {
          await fails('certificate-refused', secure(credentials).version(), why);
        }
      });

      needing('otherCluster')('refuses a node of another cluster before anything is sent', async () => {
        if (subject.otherCluster === undefined) throw new Error('the subject offers no other cluster');
        await fails('wrong-ca', secure(subject.otherCluster).version());
      });

      it('tells that a configured node wants a certificate', async () => {
        await fails('certificate-required', track(subject.connector.maintenance(subject.target)).disks());
      });

      needing('maintenance')('tells that a node is in maintenance', async () => {
        await fails('in-maintenance', track(subject.connector.secure(inMaintenance(subject), subject.admin)).version());
      });

      needing('maintenance')('reads a node in maintenance, and honours a pinned key', async () => {
        const target = inMaintenance(subject);
        const open = track(subject.connector.maintenance(target));
        await open.disks();
        const fingerprint = open.peerFingerprint();
        if (fingerprint === undefined) throw new Error('no fingerprint was seen');

        await track(subject.connector.maintenance(target, { fingerprint })).disks();
        await fails(
          'fingerprint-mismatch',
          track(
            subject.connector.maintenance(target, {
              fingerprint: fingerprint.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
            }),
          ).disks(),
        );
      });
    });

    describe('failures', () => {
      needing('nobody')('calls a node unreachable where nothing answers', async () => {
        if (subject.nobody === undefined) throw new Error('the subject offers no empty address');
        await fails('unreachable', track(subject.connector.secure(subject.nobody, subject.admin)).version());
      });

      needing('etcdWaits')(
        'ends an etcd call at its deadline while etcd waits, and goes on with the same session',
        async () => {
          const session = secure();
          await session.version();

          await fails('deadline', session.etcdMemberList({}, { timeoutMs: 300 }));

          expect((await session.version()).tag).toMatch(/^v1\./);
        },
      );

      it('gives the reason of a refused config, without its values', async () => {
        const config = 'version: v1alpha1\nmachine:\n  nosuchField: not-to-be-printed\n';
        const reason = await fails(
          'invalid-argument',
          secure().applyConfiguration({ config, mode: 'auto', dryRun: true }),
        );

        expect(reason.message).toMatch(
          /^\S+ \(.*\): the dry run of ApplyConfiguration failed: .*(nosuchField|cluster)/s,
        );
        expect(reason.message).not.toContain('not-to-be-printed');
        expect(reason.message).toContain(subject.target.node);
      });

      it('does not call under a signal that is aborted already', async () => {
        await fails('cancelled', secure().version({ signal: AbortSignal.abort() }));
      });

      it('refuses calls on a closed session', async () => {
        const session = secure();
        await session.version();
        session.close();

        await fails('cancelled', session.version());
      });

      it('tells a missing machine config from a failure', async () => {
        const config = await readActiveMachineConfig(secure());

        expect(config === undefined || config.text.includes('machine:')).toBe(true);
      });
    });
  });
}

function inMaintenance(subject: TalosApiSubject): TalosTarget {
  if (subject.maintenance === undefined) throw new Error('the subject offers no node in maintenance');
  return subject.maintenance;
}

/** The call fails with this code. */
export async function fails(code: TalosErrorCode, call: Promise<unknown>, why = ''): Promise<Error> {
  try {
    await call;
  } catch (reason) {
    if (!isTalosError(reason)) throw reason;
    expect({ why, code: reason.talosCode, message: reason.message }).toMatchObject({ why, code });
    return reason;
  }
  return expect.fail(`expected ${code}, but the call succeeded ${why}`);
}
