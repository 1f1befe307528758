import { describe, expect, test } from 'vitest';
import { smallCluster } from '../../test/support/small-cluster.ts';
import { isDisruption, violationsOf, violationsOfStart } from './invariants.ts';
import { read, unread, type NodeFacts, type NodeObservation, type Observation } from './observation.ts';
import type { Step } from './step.ts';

function step(kind: string, node: string, impact: Step['impact']): Step {
  return {
    v: 1,
    id: `${kind}/${node}`,
    kind,
    node,
    args: {},
    reason: { fact: 'test' },
    impact,
    preconditions: [],
    facts: [],
    waitsFor: [],
    waitingFor: '',
    estimateMs: 0,
  };
}

interface Seen {
  readonly etcd?: 'voter' | 'learner' | 'silent' | 'none' | 'down';
  readonly isRegistered?: boolean;
  readonly inMaintenance?: boolean;
}

/** All nodes with etcd belong to one cluster of `voters` voters, whether they answer or not. */
function world(nodes: Readonly<Record<string, Seen>>): Observation {
  const members = Object.entries(nodes)
    .filter(([, seen]) => seen.etcd === 'voter' || seen.etcd === 'learner' || seen.etcd === 'down')
    .map(([name, seen]) => ({ id: name, hostname: name, learner: seen.etcd === 'learner', peerUrls: [] }));
  return {
    v: 1,
    at: 0,
    kubernetes: unread('test'),
    nodes: Object.entries(nodes).map(([node, seen]): NodeObservation => {
      const self = members.find((member) => member.id === node);
      const etcd: NodeFacts['etcd'] =
        seen.etcd === 'silent'
          ? read({ kind: 'silent', service: 'Running', why: 'test' }, 'test')
          : seen.etcd === 'none'
            ? read({ kind: 'none', service: 'Preparing' }, 'test')
            : self === undefined || seen.etcd === 'down'
              ? unread('no answer')
              : read({ kind: 'member', service: 'Running', healthy: true, self, members }, 'test');
      const registered = seen.isRegistered
        ? { name: node, internalIps: [], kubelet: '', ready: true, waitsForCni: false, schedulable: true }
        : null;
      const missing = unread<never>('test');
      return {
        node,
        reached: { kind: seen.inMaintenance ? 'maintenance' : 'secure', address: '10.0.4.9' },
        facts: {
          identity: missing,
          talos: missing,
          stage: missing,
          bootId: missing,
          schematic: missing,
          extensions: missing,
          disks: missing,
          links: missing,
          systemDisk: missing,
          config: missing,
          services: missing,
          addresses: missing,
          etcd,
          kubernetesNode: read(registered, 'test'),
        },
      };
    }),
  };
}

const three = smallCluster({ controlPlanes: 3, workers: 3, maxUnavailable: 1 });
const names = (violations: readonly { readonly invariant: string }[]): readonly string[] =>
  violations.map((violation) => violation.invariant);

describe('bootstrap', () => {
  test('only the first control plane of the spec', () => {
    const observation = world({ 'cp-1': { etcd: 'none' }, 'cp-2': { etcd: 'none' }, 'cp-3': { etcd: 'none' } });

    expect(
      names(
        violationsOf([step('bootstrap-etcd', 'cp-1', 'none')], { cluster: three, observation, confirmed: new Set() }),
      ),
    ).toEqual([]);
    expect(
      names(
        violationsOf([step('bootstrap-etcd', 'cp-2', 'none')], { cluster: three, observation, confirmed: new Set() }),
      ),
    ).toEqual(['bootstrap-elsewhere']);
  });

  test('once', () => {
    const observation = world({ 'cp-1': { etcd: 'none' } });
    const twice = [step('bootstrap-etcd', 'cp-1', 'none'), step('bootstrap-etcd', 'cp-1', 'none')];

    expect(names(violationsOf(twice, { cluster: three, observation, confirmed: new Set() }))).toEqual([
      'second-bootstrap',
    ]);
  });

  test.each(['voter', 'learner', 'silent'] as const)(
    'not while another control plane has etcd (%s), whoever confirms it',
    (etcd) => {
      const observation = world({ 'cp-1': { etcd: 'none' }, 'cp-2': { etcd }, 'cp-3': { etcd: 'none' } });

      expect(
        names(
          violationsOf([step('bootstrap-etcd', 'cp-1', 'none')], {
            cluster: three,
            observation,
            confirmed: new Set(['cp-1', 'cp-2', 'cp-3']),
          }),
        ),
      ).toEqual(['bootstrap-over-etcd']);
    },
  );
});

describe('destroying', () => {
  test('takes the name of that very node', () => {
    const observation = world({ 'w-1': { inMaintenance: true } });
    const destroying = step('apply-config', 'w-1', 'destroys');

    expect(names(violationsOf([destroying], { cluster: three, observation, confirmed: new Set(['w-2']) }))).toEqual([
      'destroys-unconfirmed',
    ]);
    expect(names(violationsOf([destroying], { cluster: three, observation, confirmed: new Set(['w-1']) }))).toEqual([]);
  });
});

describe('quorum', () => {
  const reboot = step('reboot', 'cp-1', 'reboot');

  test('one of three voters may go', () => {
    const observation = world({ 'cp-1': { etcd: 'voter' }, 'cp-2': { etcd: 'voter' }, 'cp-3': { etcd: 'voter' } });

    expect(names(violationsOfStart(reboot, [], { cluster: three, observation, confirmed: new Set() }))).toEqual([]);
  });

  test('none may go while another voter is down, is a learner, or is being disrupted', () => {
    const down = world({ 'cp-1': { etcd: 'voter' }, 'cp-2': { etcd: 'voter' }, 'cp-3': { etcd: 'down' } });
    const learner = world({ 'cp-1': { etcd: 'voter' }, 'cp-2': { etcd: 'voter' }, 'cp-3': { etcd: 'learner' } });
    const all = world({ 'cp-1': { etcd: 'voter' }, 'cp-2': { etcd: 'voter' }, 'cp-3': { etcd: 'voter' } });

    expect(names(violationsOfStart(reboot, [], { cluster: three, observation: down, confirmed: new Set() }))).toContain(
      'quorum',
    );
    expect(
      names(violationsOfStart(reboot, [], { cluster: three, observation: learner, confirmed: new Set() })),
    ).toContain('quorum');
    expect(
      names(
        violationsOfStart(reboot, [step('reboot', 'cp-2', 'reboot')], {
          cluster: three,
          observation: all,
          confirmed: new Set(),
        }),
      ),
    ).toEqual(['quorum', 'max-unavailable']);
  });

  test('a control plane whose etcd was not read is never taken away', () => {
    const observation = world({
      'cp-1': { etcd: 'down', isRegistered: true },
      'cp-2': { etcd: 'voter' },
      'cp-3': { etcd: 'voter' },
    });

    expect(names(violationsOfStart(reboot, [], { cluster: three, observation, confirmed: new Set() }))).toContain(
      'quorum-unknown',
    );
  });

  test('a machine in maintenance takes nothing away', () => {
    const observation = world({
      'cp-1': { inMaintenance: true, isRegistered: true },
      'cp-2': { etcd: 'voter' },
      'cp-3': { etcd: 'voter' },
    });

    expect(isDisruption(step('apply-config', 'cp-1', 'reinstall'), observation)).toBe(false);
    expect(
      names(
        violationsOfStart(step('apply-config', 'cp-1', 'reinstall'), [], {
          cluster: three,
          observation,
          confirmed: new Set(),
        }),
      ),
    ).toEqual([]);
  });
});

describe('limits', () => {
  test('at most `maxUnavailable` workers at once; control planes are counted apart', () => {
    const observation = world({ 'w-1': { isRegistered: true }, 'w-2': { isRegistered: true } });
    const start = (busy: readonly Step[]): readonly string[] =>
      names(
        violationsOfStart(step('reboot', 'w-1', 'reboot'), busy, { cluster: three, observation, confirmed: new Set() }),
      );

    expect(start([])).toEqual([]);
    expect(start([step('reboot', 'cp-1', 'reboot')])).toEqual([]);
    expect(start([step('reboot', 'w-2', 'reboot')])).toEqual(['max-unavailable']);
  });
});
