/**
 * Labels and taints of workers: Talos writes them with the kubelet's own credentials, and Kubernetes' NodeRestriction refuses
 * some. One refused key blocks all of that node's labels, annotations, taints and its cordon (kubernetes.md §7.2).
 */
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { mapAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const registrationRules: readonly LintRule[] = [
  {
    name: 'labels and taints have the form that Kubernetes takes',
    check: (cluster) => cluster.nodes.flatMap((node) => checkForm(cluster, node)),
  },
  {
    name: 'workers carry no label that a kubelet may not set',
    check: (cluster) => workers(cluster).flatMap((node) => checkLabels(cluster, node)),
  },
  {
    name: 'taints of workers stand in the spec, not in a patch',
    check: (cluster) => workers(cluster).flatMap((node) => checkTaints(cluster, node)),
  },
];

/** Kubernetes' own limits: an optional domain and a name, and a value that may be empty. */
const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const ALLOWED =
  /^(kubernetes\.io\/(hostname|arch|os)|topology\.kubernetes\.io\/(region|zone)|(node|kubelet)\.kubernetes\.io\/.+)$/;
const RESTRICTED = /(^|\.)(kubernetes|k8s)\.io\//;

function workers(cluster: LintedCluster): readonly NodeSpec[] {
  return cluster.nodes.filter(({ role }) => role === 'worker');
}

function checkForm(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const labels = Object.entries(node.labels).map(([key, value]) => ({ kind: 'labels', key, value }));
  const taints = Object.entries(node.taints).map(([key, { value = '' }]) => ({ kind: 'taints', key, value }));
  return [...labels, ...taints].flatMap(({ kind, key, value }) => {
    const wrong = !LABEL_KEY.test(key)
      ? `the key ${JSON.stringify(key)}`
      : !LABEL_VALUE.test(value)
        ? `the value ${JSON.stringify(value)}`
        : undefined;
    if (wrong === undefined) return [];
    const message = `${wrong} under \`${kind}\` of \`${node.name}\` is none that Kubernetes takes: at most 63 letters, digits, -, _ and ., with a letter or digit at both ends`;
    return [
      findingAt(cluster, { severity: 'error', rule: 'label-form', message, node: node.name }, [
        'nodes',
        node.name,
        kind,
        key,
      ]),
    ];
  });
}

function isRefused(label: string): boolean {
  return RESTRICTED.test(label) && !ALLOWED.test(label);
}

function checkLabels(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const severity = 'error';
  const rule = 'label-refused';
  const hint = 'Use a key of your own domain, or set it with kubectl once the node has joined.';
  const say = (label: string): string =>
    `a worker may not give itself the label ${label}: Kubernetes refuses it, and with it all labels, taints and the cordon of \`${node.name}\``;
  const inSpec = Object.keys(node.labels)
    .filter(isRefused)
    .map((label) =>
      findingAt(cluster, { severity, rule, message: say(label), hint, node: node.name }, [
        'nodes',
        node.name,
        'labels',
        label,
      ]),
    );
  const inPatches = cluster.patchesOf(node).documents.flatMap((document) => {
    const path = document.kind === 'KubeNodeConfig' ? ['labels'] : ['machine', 'nodeLabels'];
    // A value that is no text is `$patch: delete`.
    const labels = Object.entries(mapAt(document.value, ...path)).filter(
      ([label, value]) => typeof value === 'string' && isRefused(label),
    );
    return labels.map(([label]) => {
      const where = document.place([...path, label]);
      return { severity, rule, message: say(label), hint, node: node.name, ...(where && { where }) } satisfies Finding;
    });
  });
  return [...inSpec, ...inPatches];
}

function checkTaints(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster.patchesOf(node).documents.flatMap((document) => {
    const path = document.kind === 'KubeNodeConfig' ? ['taints'] : ['machine', 'nodeTaints'];
    if (Object.keys(mapAt(document.value, ...path)).length === 0) return [];
    const where = document.place(path);
    const message = `a kubelet may not change taints: these of the worker \`${node.name}\` are refused, and with them all its labels and its cordon`;
    return [
      {
        severity: 'error',
        rule: 'taint-refused',
        message,
        hint: 'Write them under `taints:`.',
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}
