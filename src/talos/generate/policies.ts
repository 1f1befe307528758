/**
 * Kubernetes policies that Talos puts into every generated control plane config.
 */
import type { PlainObject } from '../documents-text.ts';

export const POD_SECURITY: PlainObject = {
  apiVersion: 'pod-security.admission.config.k8s.io/v1alpha1',
  defaults: {
    audit: 'restricted',
    'audit-version': 'latest',
    enforce: 'baseline',
    'enforce-version': 'latest',
    warn: 'restricted',
    'warn-version': 'latest',
  },
  exemptions: { namespaces: ['kube-system'], runtimeClasses: [], usernames: [] },
  kind: 'PodSecurityConfiguration',
};

export const AUDIT_POLICY: PlainObject = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  rules: [{ level: 'Metadata' }],
};

export const CONTROL_PLANE_LABEL = 'node-role.kubernetes.io/control-plane';
export const NO_LOAD_BALANCER_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
