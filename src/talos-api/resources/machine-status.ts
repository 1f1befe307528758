/** MachineStatuses: where a node is in its life. `running` is said when Bootstrap is accepted, before etcd is up; `ready` then is false. */
import { z } from 'zod';
import type { UnmetCondition } from '../port.ts';
import { defineKind, flag, text, type ResourceKind } from './kind.ts';

export interface MachineStatus {
  /** `unknown`, `booting`, `installing`, `maintenance`, `running`, `rebooting`, `shutting down`, `resetting`, `upgrading` */
  readonly stage: string;
  readonly ready: boolean;
  readonly unmet: readonly UnmetCondition[];
}

export const machineStatusKind: ResourceKind<MachineStatus> = defineKind({
  namespace: 'runtime',
  type: 'MachineStatuses.runtime.talos.dev',
  id: 'machine',
  schema: z.object({
    stage: z.string(),
    status: z
      .object({ ready: flag, unmetConditions: z.array(z.object({ name: text, reason: text })).nullish() })
      .nullish(),
  }),
  map: ({ stage, status }) => ({ stage, ready: status?.ready ?? false, unmet: status?.unmetConditions ?? [] }),
});
