/** What a node knows of its own part in Kubernetes. */
import { z } from 'zod';
import { defineKind, flag, text, textMap, type ResourceKind } from './kind.ts';

export interface Nodename {
  readonly nodename: string;
  readonly isRegistrationSkipped: boolean;
}

export const nodenameKind: ResourceKind<Nodename> = defineKind({
  namespace: 'k8s',
  type: 'Nodenames.kubernetes.talos.dev',
  id: 'nodename',
  schema: z.object({ nodename: text, skipNodeRegistration: flag }),
  map: ({ nodename, skipNodeRegistration }) => ({ nodename, isRegistrationSkipped: skipNodeRegistration }),
});

export interface NodeStatus {
  readonly nodename: string;
  readonly isReady: boolean;
  readonly isUnschedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Its id is the nodename. */
export const nodeStatusKind: ResourceKind<NodeStatus> = defineKind({
  namespace: 'k8s',
  type: 'NodeStatuses.kubernetes.talos.dev',
  schema: z.object({ nodename: text, nodeReady: flag, unschedulable: flag, labels: textMap }),
  map: ({ nodename, nodeReady, unschedulable, labels }) => ({
    nodename,
    isReady: nodeReady,
    isUnschedulable: unschedulable,
    labels,
  }),
});

export interface StaticPodStatus {
  /** `kube-system/kube-apiserver-cp-1` */
  readonly id: string;
  readonly phase: string;
  readonly isReady: boolean;
  /** Of containers that do not run: why. */
  readonly waiting: readonly string[];
}

const condition = z.object({ type: text, status: text });
const container = z.object({
  state: z.object({ waiting: z.object({ reason: text, message: text }).nullish() }).nullish(),
});

export const staticPodStatusKind: ResourceKind<StaticPodStatus> = defineKind({
  namespace: 'k8s',
  type: 'StaticPodStatuses.kubernetes.talos.dev',
  schema: z.object({
    phase: text,
    conditions: z.array(condition).nullish(),
    containerStatuses: z.array(container).nullish(),
  }),
  map: ({ phase, conditions, containerStatuses }, { id }) => ({
    id,
    phase,
    isReady: (conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
    waiting: (containerStatuses ?? []).flatMap(({ state }) => {
      const waiting = state?.waiting;
      return waiting === undefined || waiting === null
        ? []
        : [[waiting.reason, waiting.message].filter((part) => part !== '').join(': ')];
    }),
  }),
});
