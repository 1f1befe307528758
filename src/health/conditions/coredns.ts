/** CoreDNS, where there is one, is ready. Its pods need a CNI. */
import { failed, skipped, succeeded, waiting, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';
import { isTrue } from '../../kubernetes/port.ts';

export const coreDns: HealthCheck = {
  name: 'coredns',
  title: 'CoreDNS is ready',
  stage: 'ready',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const [dns] = await session.deployments(
        { namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns' },
        { signal: input.signal },
      );
      if (dns === undefined) return skipped('there is no CoreDNS');
      const text = `${dns.ready} of ${dns.desired} ready`;
      if (dns.ready === dns.desired) return succeeded(text);
      if (input.cluster.network.cni.kind !== 'none') return failed(text);
      const nodes = await session.nodes({ signal: input.signal });
      return nodes.some((node) => isTrue(node.conditions, 'Ready'))
        ? failed(text)
        : waiting(`${text}: its pods wait for a CNI`);
    }),
};
