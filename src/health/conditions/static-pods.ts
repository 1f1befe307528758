/** Each control plane runs the pods of the Kubernetes control plane, by the node's own account. */
import type { HealthCheck } from '../check.ts';
import { controlPlaneNodes, everyNode } from '../every-node.ts';

const STATIC_POD_STATUSES = { namespace: 'k8s', type: 'StaticPodStatuses.kubernetes.talos.dev' } as const;
export const CONTROL_PLANE_COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

export const staticPods: HealthCheck = {
  name: 'static-pods',
  title: 'control plane static pods run',
  stage: 'kubernetes-api',
  check: (input) =>
    everyNode(input, controlPlaneNodes(input), async (node) => {
      const pods = await node.session.listResources(STATIC_POD_STATUSES, { signal: input.signal });
      const missing = CONTROL_PLANE_COMPONENTS.filter(
        (component) => !pods.some((pod) => pod.metadata.id.startsWith(`kube-system/${component}`)),
      );
      return missing.length === 0 ? undefined : `no ${missing.join(', no ')}`;
    }),
};
