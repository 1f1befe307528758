/** From the JSON of Kubernetes objects to the port's types. Fields that are missing get the meaning that Kubernetes gives them. */
import { IchorError } from '../errors.ts';
import type { KubernetesCondition, KubernetesNode, KubernetesPod, Workload } from './port.ts';

type Json = Readonly<Record<string, unknown>>;

export function parseVersion(body: string): string {
  const version = text(parse(body), 'gitVersion');
  if (version === undefined)
    throw new IchorError('failed', 'the Kubernetes API answered /version without a gitVersion');
  return version;
}

export function parseList<T>(body: string, item: (object: Json) => T): readonly T[] {
  return objects(parse(body)['items']).map(item);
}

export function nodeOf(object: Json): KubernetesNode {
  const spec = map(object, 'spec');
  const status = map(object, 'status');
  return {
    ...meta(object),
    internalIps: objects(status['addresses']).flatMap((address) =>
      address['type'] === 'InternalIP' ? [text(address, 'address') ?? ''] : [],
    ),
    kubeletVersion: text(map(status, 'nodeInfo'), 'kubeletVersion') ?? '',
    conditions: conditionsOf(status),
    unschedulable: spec['unschedulable'] === true,
    taints: objects(spec['taints']).map((taint) => {
      const value = text(taint, 'value');
      return {
        key: text(taint, 'key') ?? '',
        effect: text(taint, 'effect') ?? '',
        ...(value === undefined ? {} : { value }),
      };
    }),
  };
}

export function podOf(object: Json): KubernetesPod {
  const status = map(object, 'status');
  const nodeName = text(map(object, 'spec'), 'nodeName');
  const hostIp = text(status, 'hostIP');
  return {
    ...meta(object),
    phase: text(status, 'phase') ?? 'Unknown',
    conditions: conditionsOf(status),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(hostIp === undefined ? {} : { hostIp }),
  };
}

export function deploymentOf(object: Json): Workload {
  // Kubernetes' default is one replica; `readyReplicas` is absent when none is ready.
  return {
    ...meta(object),
    desired: number(map(object, 'spec'), 'replicas') ?? 1,
    ready: number(map(object, 'status'), 'readyReplicas') ?? 0,
  };
}

export function daemonSetOf(object: Json): Workload {
  const status = map(object, 'status');
  return {
    ...meta(object),
    desired: number(status, 'desiredNumberScheduled') ?? 0,
    ready: number(status, 'numberReady') ?? 0,
  };
}

function meta(object: Json): {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
} {
  const metadata = map(object, 'metadata');
  return {
    name: text(metadata, 'name') ?? '',
    labels: texts(metadata, 'labels'),
    annotations: texts(metadata, 'annotations'),
  };
}

function conditionsOf(status: Json): readonly KubernetesCondition[] {
  return objects(status['conditions']).map((condition) => {
    const value = condition['status'];
    return {
      type: text(condition, 'type') ?? '',
      status: value === 'True' || value === 'False' ? value : 'Unknown',
      reason: text(condition, 'reason') ?? '',
      message: text(condition, 'message') ?? '',
    };
  });
}

function parse(body: string): Json {
  const value: unknown = JSON.parse(body);
  if (isMap(value)) return value;
  throw new IchorError('failed', 'the Kubernetes API answered with something that is no object');
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function map(object: Json, key: string): Json {
  const value = object[key];
  return isMap(value) ? value : {};
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function text(object: Json, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}

function number(object: Json, key: string): number | undefined {
  const value = object[key];
  return typeof value === 'number' ? value : undefined;
}

function texts(object: Json, key: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(map(object, key)).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
