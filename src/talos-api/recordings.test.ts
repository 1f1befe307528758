/** What sessions make of the answers that real nodes of 1.11–1.14 gave (test/fixtures/talos-wire). */
import { describe, expect, it } from 'vitest';
import { EventSchema } from '../gen/proto/machine/machine_pb.ts';
import { WatchResponseSchema } from '../gen/proto/cosi/state_pb.ts';
import {
  decoded,
  readRecording,
  RECORDED_VERSIONS,
  recordedCalls,
  sessionAnswering,
  type RecordedLine,
} from '../../test/support/recorded-node.ts';
import { decodeNodeEvent } from './calls/events.ts';
import { decodeEvent, decodeResource } from './calls/resources.ts';
import { isTalosError } from './errors.ts';
import type { TalosNodeSession } from './port.ts';
import { diskKind, systemDiskKind } from './resources/disks.ts';
import { extensionKind } from './resources/extensions.ts';
import { readAll, type ResourceKind } from './resources/kind.ts';
import { nodenameKind, nodeStatusKind, staticPodStatusKind } from './resources/kubernetes.ts';
import { linkKind } from './resources/links.ts';
import { machineConfigKind } from './resources/machine-config.ts';
import { machineStatusKind } from './resources/machine-status.ts';
import {
  kernelCmdlineKind,
  metaKeyKind,
  platformMetadataKind,
  securityStateKind,
  systemInformationKind,
} from './resources/machine.ts';
import { localEtcdMemberKind, memberKind } from './resources/members.ts';
import { addressKind, hostnameKind, nodeAddressKind, resolverKind, routeKind } from './resources/network.ts';
import { diagnosticKind, serviceKind, timeStatusKind, unattendedInstallKind } from './resources/runtime.ts';
import { discoveredVolumeKind, volumeStatusKind } from './resources/volumes.ts';

const KINDS: readonly ResourceKind<unknown>[] = [
  addressKind,
  diagnosticKind,
  discoveredVolumeKind,
  diskKind,
  extensionKind,
  hostnameKind,
  kernelCmdlineKind,
  linkKind,
  localEtcdMemberKind,
  machineConfigKind,
  machineStatusKind,
  memberKind,
  metaKeyKind,
  nodeAddressKind,
  nodenameKind,
  nodeStatusKind,
  platformMetadataKind,
  resolverKind,
  routeKind,
  securityStateKind,
  serviceKind,
  staticPodStatusKind,
  systemDiskKind,
  systemInformationKind,
  timeStatusKind,
  unattendedInstallKind,
  volumeStatusKind,
];

/** Calls whose answers are read, by their method. */
const CALLS: Readonly<Record<string, (session: TalosNodeSession) => Promise<unknown>>> = {
  '/machine.MachineService/Version': (session) => session.version(),
  '/machine.MachineService/ServiceList': (session) => session.serviceList(),
  '/machine.MachineService/Memory': (session) => session.memory(),
  '/machine.MachineService/Mounts': (session) => session.mounts(),
  '/machine.MachineService/Hostname': (session) => session.hostname(),
  '/machine.MachineService/EtcdMemberList': (session) => session.etcdMemberList(),
  '/machine.MachineService/EtcdStatus': (session) => session.etcdStatus(),
  '/machine.MachineService/EtcdAlarmList': (session) => session.etcdAlarms(),
  '/machine.MachineService/EtcdForfeitLeadership': (session) => session.etcdForfeitLeadership(),
  '/machine.MachineService/ApplyConfiguration': (session) => session.applyConfiguration({ config: '', mode: 'auto' }),
  '/machine.MachineService/Bootstrap': (session) => session.bootstrap(),
  '/machine.MachineService/Reboot': (session) => session.reboot(),
  '/machine.MachineService/Reset': (session) => session.reset({ graceful: true, reboot: true, partitions: [] }),
  '/machine.MachineService/ServiceRestart': (session) => session.serviceRestart('kubelet'),
  '/machine.ImageService/Pull': (session) => session.imagePull('x', 'inmem'),
  '/storage.StorageService/Disks': (session) => session.disks(),
};

describe.each(RECORDED_VERSIONS)('answers of %s', (version) => {
  it.each(Object.keys(CALLS))('%s is read, or refused with a code, every time', async (method) => {
    // Fan-out is never asked for, so its answers of several elements are not ours to read.
    const calls = recordedCalls(version, method).filter(
      (line) => !isFannedOut(line) && (line.response !== undefined || line.error !== undefined || line.responses),
    );
    for (const line of calls) {
      const outcome = await CALLS[method]?.(sessionAnswering(line)).then(
        () => 'read',
        (reason: unknown) =>
          isTalosError(reason)
            ? line.error === undefined
              ? `unread: ${reason.message}`
              : 'refused'
            : `threw ${String(reason)}`,
      );

      expect({ where: line.where, outcome }).toEqual({
        where: line.where,
        outcome: line.error === undefined ? 'read' : 'refused',
      });
    }
  });

  it('every resource of the kinds that are read passes its schema', () => {
    const lines = readRecording(version).filter(
      (line) => line.method === '/cosi.resource.State/List' || line.method === '/cosi.resource.State/Get',
    );
    let seen = 0;
    for (const { response, responses } of lines) {
      for (const answer of response === undefined ? (responses ?? []).map(({ message }) => message) : [response]) {
        const wire = decoded(WatchResponseSchema, { event: [{ resource: resourceOf(answer) }] }).event[0]?.resource;
        if (wire === undefined) continue;
        const resource = decodeResource(wire);
        for (const kind of KINDS.filter(({ type }) => type === resource.metadata.type)) {
          expect(kind.namespace).toBe(resource.metadata.namespace);
          kind.decode(resource);
          seen++;
        }
      }
    }
    expect(seen).toBeGreaterThan(30);
  });

  it('every event of the machine is of a known kind', () => {
    let seen = 0;
    for (const message of messagesOf(version, '/machine.MachineService/Events')) {
      const event = decodeNodeEvent(decoded(EventSchema, message));
      expect(event.payload.kind).not.toBe('unknown');
      expect(event.id).not.toBe('');
      seen++;
    }
    expect(seen).toBeGreaterThan(100);
  });

  it('every watch event is understood', () => {
    let seen = 0;
    for (const message of messagesOf(version, '/cosi.resource.State/Watch')) {
      for (const event of decoded(WatchResponseSchema, message).event) {
        decodeEvent(event);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(10);
  });
});

describe('what they say', () => {
  it('gives the versions of all', async () => {
    const tags = await Promise.all(
      RECORDED_VERSIONS.map(
        async (version) => (await sessionAnswering(answered(version, '/machine.MachineService/Version')).version()).tag,
      ),
    );

    expect(tags).toEqual(['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1']);
  });

  it('keeps etcd ids whole, and shows a learner that has not started', async () => {
    const learning = recordedCalls('v1.13.9', '/machine.MachineService/EtcdMemberList').find((line) =>
      JSON.stringify(line.response ?? '').includes('"is_learner":true'),
    );
    if (learning === undefined) throw new Error('no learner was recorded');

    expect(await sessionAnswering(learning).etcdMemberList()).toEqual([
      { id: 8272455151834614987n, hostname: '', peerUrls: ['https://10.5.0.3:2380'], clientUrls: [], isLearner: true },
      {
        id: 14110624312194729768n,
        hostname: 'wire-1',
        peerUrls: ['https://10.5.0.2:2380'],
        clientUrls: ['https://10.5.0.2:2379'],
        isLearner: false,
      },
    ]);
  });

  it('reads the machine config of every version: plain on 1.11, a string in YAML since', async () => {
    for (const version of RECORDED_VERSIONS) {
      const line = readRecording(version, '0').find(
        (entry) =>
          entry.method === '/cosi.resource.State/List' &&
          JSON.stringify(entry.request ?? '').includes('MachineConfigs') &&
          (entry.responses?.length ?? 0) > 0,
      );
      if (line === undefined) throw new Error(`no machine config was recorded of ${version}`);
      const texts = (await readAll(sessionAnswering(line), machineConfigKind)).map(({ text }) => text);

      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(text).toMatch(/^(version: v1alpha1|apiVersion: v1alpha1|\S+: )/m);
    }
  });

  it('tells what a dry run would do from its diff', async () => {
    const dryRun = recordedCalls('v1.13.9', '/machine.MachineService/ApplyConfiguration').find((line) =>
      JSON.stringify(line.response ?? '').includes('Config diff:'),
    );
    if (dryRun === undefined) throw new Error('no dry run with a diff was recorded');

    const result = await sessionAnswering(dryRun).applyConfiguration({ config: 'x', mode: 'auto', dryRun: true });

    expect(result.details).toContain('Dry run summary:');
    expect(result.details).not.toContain('+++');
    expect(result.diff).toContain('+++');
  });

  it('reads an answer without mode as a reboot: ≤1.12 in maintenance, and a dry run that would reboot', async () => {
    const silent = recordedCalls('v1.12.11', '/machine.MachineService/ApplyConfiguration').find(
      (line) => JSON.stringify(line.response) === '{"messages":[{}]}',
    );
    if (silent === undefined) throw new Error('no silent answer was recorded');

    expect(await sessionAnswering(silent).applyConfiguration({ config: 'x', mode: 'auto' })).toEqual({
      mode: 'reboot',
      details: '',
      diff: '',
      warnings: [],
    });
  });

  it('shows the sequence that was locked, without an actor', () => {
    const locked = [...messagesOf('v1.13.9', '/machine.MachineService/Events')]
      .map((message) => decodeNodeEvent(decoded(EventSchema, message)))
      .find(({ payload }) => payload.kind === 'sequence' && payload.error?.code === 'locked');

    expect(locked).toMatchObject({
      actorId: '',
      payload: { sequence: 'reset', error: { message: 'sequence not started: locked' } },
    });
  });

  it('does not read the answers of several nodes as one', async () => {
    const several = recordedCalls('v1.13.9', '/machine.MachineService/Version').find(hasSeveral);
    if (several === undefined) throw new Error('no fan-out was recorded');

    await expect(sessionAnswering(several).version()).rejects.toThrow('expected one answer');
  });
});

function answered(version: string, method: string): RecordedLine {
  const line = recordedCalls(version, method).find((call) => call.error === undefined && call.response !== undefined);
  if (line === undefined) throw new Error(`${method} was never answered by ${version}`);
  return line;
}

function hasSeveral(line: RecordedLine): boolean {
  const { response } = line;
  if (response === null || typeof response !== 'object' || Array.isArray(response)) return false;
  const { messages } = response;
  return Array.isArray(messages) && messages.length > 1;
}

/** The answer of a call with `nodes`: its elements carry metadata. */
function isFannedOut(line: RecordedLine): boolean {
  return hasSeveral(line) || JSON.stringify(line.response ?? '').includes('"metadata":{');
}

type Json = NonNullable<RecordedLine['message']> | null;

function resourceOf(answer: Json): Json {
  return answer !== null && typeof answer === 'object' && !Array.isArray(answer) ? (answer['resource'] ?? {}) : {};
}

function* messagesOf(version: string, method: string): Generator<Json, void, undefined> {
  for (const line of readRecording(version)) {
    if (line.stream === method && line.message !== undefined) yield line.message;
    if (line.method === method) for (const { message } of line.responses ?? []) yield message;
  }
}
