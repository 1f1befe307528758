/** kube-proxy, where there is one, runs on as many nodes as it should. */
import { failed, skipped, succeeded, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';

export const kubeProxy: HealthCheck = {
  name: 'kube-proxy',
  title: 'kube-proxy is ready',
  stage: 'ready',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const [proxy] = await session.daemonSets(
        { namespace: 'kube-system', labelSelector: 'k8s-app=kube-proxy' },
        { signal: input.signal },
      );
      if (proxy === undefined) return skipped('there is no kube-proxy');
      const text = `${proxy.ready} of ${proxy.desired} ready`;
      return proxy.ready === proxy.desired && proxy.desired > 0 ? succeeded(text) : failed(text);
    }),
};
