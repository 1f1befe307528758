/** What goes over the wire where the default of the wire would do harm, and where minors differ (talos-0-index.md, traps). */
import { toJson } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { sessionOver } from '../../../test/support/router-session.ts';
import { ContainerDriver, ContainerdNamespace } from '../../gen/proto/common/common_pb.ts';
import { State, WatchRequestSchema, type WatchRequest } from '../../gen/proto/cosi/state_pb.ts';
import { ImageService } from '../../gen/proto/machine/image_pb.ts';
import { LifecycleService } from '../../gen/proto/machine/lifecycle_pb.ts';
import {
  ApplyConfigurationRequest_Mode,
  MachineService,
  ResetRequestSchema,
  type ApplyConfigurationRequest,
  type ImagePullRequest,
  type LogsRequest,
  type ResetRequest,
} from '../../gen/proto/machine/machine_pb.ts';
import type { InstallerProgress } from '../port.ts';
import { readBootId } from '../resources/machine.ts';

describe('ApplyConfiguration', () => {
  const seen: ApplyConfigurationRequest[] = [];
  const session = sessionOver((router) => {
    router.service(MachineService, {
      applyConfiguration(request) {
        seen.push(request);
        return {
          messages: [
            {
              mode: ApplyConfigurationRequest_Mode.NO_REBOOT,
              modeDetails: 'Applied configuration without a reboot',
              warnings: ['w'],
            },
          ],
        };
      },
    });
  });

  it("always says the mode: the wire's default is a reboot", async () => {
    const result = await session.applyConfiguration({ config: 'a: 1', mode: 'auto' });

    expect(seen.at(-1)?.mode).toBe(ApplyConfigurationRequest_Mode.AUTO);
    expect(result).toEqual({
      mode: 'no-reboot',
      details: 'Applied configuration without a reboot',
      diff: '',
      warnings: ['w'],
    });
  });

  it('leaves the time of a try to the node unless it is given: a zero would take it back at once', async () => {
    await session.applyConfiguration({ config: 'a: 1', mode: 'try' });
    expect(seen.at(-1)?.tryModeTimeout).toBeUndefined();

    await session.applyConfiguration({ config: 'a: 1', mode: 'try', tryTimeoutMs: 90_000 });
    expect(seen.at(-1)?.tryModeTimeout?.seconds).toBe(90n);
  });
});

describe('Watch', () => {
  const seen: WatchRequest[] = [];
  const session = sessionOver((router) => {
    router.service(State, {
      async *watch(request) {
        seen.push(request);
        yield { event: [] };
      },
    });
  });

  it('sends options always: without them ≤1.12 crashes in the handler; and bootstrap contents only for a kind', async () => {
    for await (const _ of session.watchResources({ namespace: 'runtime', type: 'T', id: 'x' })) break;
    for await (const _ of session.watchResources({ namespace: 'runtime', type: 'T' })) break;

    expect(seen.map((request) => toJson(WatchRequestSchema, request))).toEqual([
      { namespace: 'runtime', type: 'T', id: 'x', options: {}, apiVersion: 1 },
      { namespace: 'runtime', type: 'T', options: { bootstrapContents: true }, apiVersion: 1 },
    ]);
  });
});

describe('Logs', () => {
  it("asks for the whole log: the wire's default is no line", async () => {
    const seen: LogsRequest[] = [];
    const session = sessionOver((router) => {
      router.service(MachineService, {
        async *logs(request) {
          seen.push(request);
          yield { bytes: new TextEncoder().encode('line\n') };
        },
      });
    });

    for await (const line of session.logs({ id: 'kubelet' })) expect(line).toBe('line');
    for await (const _ of session.logs({ id: 'pod', namespace: 'k8s.io', tailLines: 5 })) continue;

    expect(seen.map(({ namespace, driver, tailLines, follow }) => ({ namespace, driver, tailLines, follow }))).toEqual([
      { namespace: 'system', driver: ContainerDriver.CONTAINERD, tailLines: -1, follow: false },
      { namespace: 'k8s.io', driver: ContainerDriver.CRI, tailLines: 5, follow: false },
    ]);
  });
});

describe('Reset', () => {
  it('names exactly the partitions and disks that it was given', async () => {
    const seen: ResetRequest[] = [];
    const session = sessionOver((router) => {
      router.service(MachineService, {
        reset(request) {
          seen.push(request);
          return { messages: [{ actorId: 'a' }] };
        },
      });
    });

    expect(
      await session.reset({
        graceful: true,
        reboot: true,
        partitions: [{ label: 'EPHEMERAL', wipe: true }],
        mode: 'system-disk',
      }),
    ).toEqual({ actorId: 'a' });

    expect(seen.map((request) => toJson(ResetRequestSchema, request))).toEqual([
      {
        graceful: true,
        reboot: true,
        systemPartitionsToWipe: [{ label: 'EPHEMERAL', wipe: true }],
        mode: 'SYSTEM_DISK',
      },
    ]);
  });
});

describe('pulling an image', () => {
  it('uses ImageService where the node knows it (≥1.13), and takes the name with the digest', async () => {
    const session = sessionOver((router) => {
      router.service(ImageService, {
        async *pull({ containerd, imageRef }) {
          expect(containerd).toMatchObject({ driver: ContainerDriver.CRI, namespace: ContainerdNamespace.NS_SYSTEM });
          yield { response: { case: 'pullProgress', value: { layerId: 'l' } } };
          yield { response: { case: 'name', value: `${imageRef}@sha256:1` } };
        },
      });
    });

    expect(await session.imagePull('installer', 'system')).toEqual({ name: 'installer@sha256:1' });
  });

  it('falls back to MachineService.ImagePull where it does not (≤1.12)', async () => {
    const seen: ImagePullRequest[] = [];
    const session = sessionOver((router) => {
      router.service(MachineService, {
        imagePull(request) {
          seen.push(request);
          return { messages: [{}] };
        },
      });
    });

    expect(await session.imagePull('kubelet', 'cri')).toEqual({ name: 'kubelet' });
    expect(seen[0]?.namespace).toBe(ContainerdNamespace.NS_CRI);
  });

  it('does not fall back from a failed pull', async () => {
    const session = sessionOver((router) => {
      router.service(ImageService, {
        // oxlint-disable-next-line require-yield
        async *pull() {
          throw new ConnectError('image not found', Code.NotFound);
        },
      });
      router.service(MachineService, { imagePull: () => ({ messages: [{}] }) });
    });

    await expect(session.imagePull('x', 'cri')).rejects.toMatchObject({ talosCode: 'not-found' });
  });
});

describe('LifecycleService.Upgrade', () => {
  it("gives the installer's lines and its exit code, which is no error by itself", async () => {
    const session = sessionOver((router) => {
      router.service(LifecycleService, {
        async *upgrade() {
          yield { progress: { response: { case: 'message', value: 'writing' } } };
          yield { progress: { response: { case: 'exitCode', value: 1 } } };
        },
      });
    });
    const seen: InstallerProgress[] = [];
    for await (const progress of session.lifecycleUpgrade({ image: 'i', store: 'system' })) seen.push(progress);

    expect(seen).toEqual([
      { kind: 'message', text: 'writing' },
      { kind: 'exit', code: 1 },
    ]);
  });
});

describe('the boot id', () => {
  it('comes from /proc where COSI does not have it (<1.14)', async () => {
    const session = sessionOver((router) => {
      router.service(State, {
        get() {
          throw new ConnectError('resource type "BootIDs.runtime.talos.dev" is not supported', Code.PermissionDenied);
        },
      });
      router.service(MachineService, {
        async *read({ path }) {
          expect(path).toBe('/proc/sys/kernel/random/boot_id');
          yield { bytes: new TextEncoder().encode('6f0b8e0e\n') };
        },
      });
    });

    expect(await readBootId(session)).toBe('6f0b8e0e');
  });

  it('is not made up when it may not be read', async () => {
    const session = sessionOver((router) => {
      router.service(State, {
        get() {
          throw new ConnectError('not authorized', Code.PermissionDenied);
        },
      });
    });

    await expect(readBootId(session)).rejects.toMatchObject({ talosCode: 'permission-denied' });
  });
});

describe('an upload of a snapshot', () => {
  it('is cut into messages that a node takes, byte for byte', async () => {
    const received: Uint8Array[] = [];
    const session = sessionOver((router) => {
      router.service(MachineService, {
        async etcdRecover(messages) {
          for await (const { bytes } of messages) received.push(bytes);
          return { messages: [{}] };
        },
      });
    });
    const snapshot = Buffer.alloc(100_000, 'snap');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield snapshot;
    }

    await session.etcdRecover(chunks());

    expect(Math.max(...received.map(({ length }) => length))).toBe(32 * 1024);
    expect(Buffer.concat(received).equals(snapshot)).toBe(true);
  });
});
