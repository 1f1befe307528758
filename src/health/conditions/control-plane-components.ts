/** Each component of the Kubernetes control plane has a ready pod on every control plane, by Kubernetes' account. */
import { isTrue } from '../../kubernetes/port.ts';
import { failed, succeeded, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';
import { controlPlaneNodes } from '../every-node.ts';
import { CONTROL_PLANE_COMPONENTS } from './static-pods.ts';

export const controlPlaneComponents: HealthCheck = {
  name: 'control-plane-components',
  title: 'control plane components are ready',
  stage: 'kubernetes-api',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const wanted = controlPlaneNodes(input).length;
      const pods = await session.pods(
        { namespace: 'kube-system', labelSelector: `k8s-app in (${CONTROL_PLANE_COMPONENTS.join(',')})` },
        { signal: input.signal },
      );
      const counts = CONTROL_PLANE_COMPONENTS.map((component) => {
        const ready = pods.filter(
          (pod) => pod.labels['k8s-app'] === component && isTrue(pod.conditions, 'Ready'),
        ).length;
        return { component, ready };
      });
      const evidence = counts.map(({ component, ready }) => `${component}: ${ready} of ${wanted} ready`);
      const short = counts.find(({ ready }) => ready !== wanted);
      return short === undefined
        ? succeeded(`${wanted} of each`, evidence)
        : failed(`${short.component}: ${short.ready} of ${wanted} ready`, evidence);
    }),
};
