/** What every implementation of the Kubernetes port must do. The server answers fixed objects, trimmed from a real 1.36 cluster. */
import { describe, expect, test } from 'vitest';
import type { KubernetesSession } from '../../src/kubernetes/port.ts';
import type { KubernetesReply } from '../../src/kubernetes/transport.ts';

export interface KubernetesUnderTest {
  /** A session to a server that answers so; paths that the map does not know are never answered. */
  session(replies: ReadonlyMap<string, KubernetesReply>): Promise<KubernetesSession>;
}

const ok = (body: unknown): KubernetesReply => ({
  status: 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const node = {
  metadata: { name: 'cp-1', labels: { 'node-role.kubernetes.io/control-plane': '' } },
  spec: { unschedulable: true, taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '10.0.4.101' },
      { type: 'Hostname', address: 'cp-1' },
    ],
    nodeInfo: { kubeletVersion: 'v1.36.3' },
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'KubeletNotReady',
        message: 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady',
      },
    ],
  },
};

export function describeKubernetes(name: string, kubernetes: KubernetesUnderTest): void {
  describe(`Kubernetes port: ${name}`, () => {
    test('version and readiness', async () => {
      const session = await kubernetes.session(
        new Map([
          ['/version', ok({ major: '1', gitVersion: 'v1.36.3' })],
          ['/readyz', ok('ok')],
        ]),
      );

      expect(await session.version()).toBe('v1.36.3');
      await expect(session.ready()).resolves.toBeUndefined();
      session.close();
    });

    test('nodes with addresses, conditions and taints', async () => {
      const session = await kubernetes.session(
        new Map([['/api/v1/nodes', ok({ kind: 'NodeList', items: [node, { metadata: { name: 'bare' } }] })]]),
      );

      const [first, bare] = await session.nodes();

      expect(first).toMatchObject({
        name: 'cp-1',
        internalIps: ['10.0.4.101'],
        kubeletVersion: 'v1.36.3',
        unschedulable: true,
        taints: [{ effect: 'NoSchedule' }],
        conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }],
      });
      expect(bare).toMatchObject({ name: 'bare', internalIps: [], conditions: [], unschedulable: false });
      session.close();
    });

    test('pods, deployments and daemon sets of a selector', async () => {
      const selector = `labelSelector=${encodeURIComponent('k8s-app in (a,b)')}`;
      const session = await kubernetes.session(
        new Map([
          [
            `/api/v1/namespaces/kube-system/pods?${selector}`,
            ok({
              items: [
                {
                  metadata: { name: 'p', labels: { 'k8s-app': 'a' } },
                  spec: { nodeName: 'cp-1' },
                  status: { phase: 'Running', hostIP: '10.0.4.101', conditions: [{ type: 'Ready', status: 'True' }] },
                },
              ],
            }),
          ],
          [
            `/apis/apps/v1/namespaces/kube-system/deployments?${selector}`,
            ok({ items: [{ metadata: { name: 'coredns' }, spec: { replicas: 2 }, status: {} }] }),
          ],
          [
            '/apis/apps/v1/namespaces/kube-system/daemonsets',
            ok({
              items: [{ metadata: { name: 'kube-proxy' }, status: { desiredNumberScheduled: 3, numberReady: 2 } }],
            }),
          ],
        ]),
      );
      const query = { namespace: 'kube-system', labelSelector: 'k8s-app in (a,b)' };

      expect(await session.pods(query)).toMatchObject([
        { name: 'p', nodeName: 'cp-1', hostIp: '10.0.4.101', phase: 'Running', labels: { 'k8s-app': 'a' } },
      ]);
      expect(await session.deployments(query)).toEqual([
        { name: 'coredns', labels: {}, annotations: {}, desired: 2, ready: 0 },
      ]);
      expect(await session.daemonSets({ namespace: 'kube-system' })).toMatchObject([
        { name: 'kube-proxy', desired: 3, ready: 2 },
      ]);
      session.close();
    });

    test.each([
      [401, 'permission-denied'],
      [403, 'permission-denied'],
      [404, 'not-found'],
      [409, 'failed'],
      [429, 'unreachable'],
      [500, 'unreachable'],
      [503, 'unreachable'],
    ])("status %d is %s, with the server's own words", async (status, code) => {
      const body = JSON.stringify({ kind: 'Status', message: 'etcdserver: no leader' });
      const session = await kubernetes.session(new Map([['/api/v1/nodes', { status, body }]]));

      await expect(session.nodes()).rejects.toMatchObject({
        code,
        message: expect.stringContaining('etcdserver: no leader'),
      });
      session.close();
    });

    test('a server that is not ready says which check fails', async () => {
      const session = await kubernetes.session(
        new Map([
          ['/readyz', { status: 500, body: '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed' }],
        ]),
      );

      await expect(session.ready()).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringContaining('[-]etcd failed'),
      });
      session.close();
    });

    test("a server that never answers ends at the deadline, and at the caller's stop", async () => {
      const session = await kubernetes.session(new Map());
      const stop = new AbortController();

      await expect(session.version({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'deadline' });
      const stopped = session.version({ signal: stop.signal });
      stop.abort();
      await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
      session.close();
    });
  });
}
