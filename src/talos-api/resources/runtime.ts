/** Services, diagnostics, time and the unattended install (1.14) as resources. */
import { z } from 'zod';
import type { ServiceHealth } from '../port.ts';
import { defineKind, flag, text, texts, word, type ResourceKind } from './kind.ts';

/** Exists only while the service runs. */
export interface ServiceStatus {
  readonly id: string;
  readonly isRunning: boolean;
  readonly health: ServiceHealth;
}

export const serviceKind: ResourceKind<ServiceStatus> = defineKind({
  namespace: 'runtime',
  type: 'Services.v1alpha1.talos.dev',
  schema: z.object({ running: flag, healthy: flag, unknown: flag }),
  map: ({ running, healthy, unknown }, { id }) => ({
    id,
    isRunning: running,
    health: unknown ? 'unknown' : healthy ? 'healthy' : 'unhealthy',
  }),
});

/** A problem that Talos found by itself. */
export interface Diagnostic {
  /** `address-overlap`, `kubelet-csr` … */
  readonly id: string;
  readonly message: string;
  readonly details: readonly string[];
}

export const diagnosticKind: ResourceKind<Diagnostic> = defineKind({
  namespace: 'runtime',
  type: 'Diagnostics.runtime.talos.dev',
  schema: z.object({ message: text, details: texts }),
  map: ({ message, details }, { id }) => ({ id, message, details }),
});

export interface TimeStatus {
  readonly isSynced: boolean;
  readonly isSyncDisabled: boolean;
}

export const timeStatusKind: ResourceKind<TimeStatus> = defineKind({
  namespace: 'runtime',
  type: 'TimeStatuses.v1alpha1.talos.dev',
  id: 'node',
  schema: z.object({ synced: flag, syncDisabled: flag }),
  map: ({ synced, syncDisabled }) => ({ isSynced: synced, isSyncDisabled: syncDisabled }),
});

export interface UnattendedInstallStatus {
  readonly image: string;
  /** `pending`, `installing`, `installed`, `waiting-for-reboot`, `failed` */
  readonly phase: string;
  readonly error: string;
}

/** 1.14 and later; `unimplemented` before. */
export const unattendedInstallKind: ResourceKind<UnattendedInstallStatus> = defineKind({
  namespace: 'runtime',
  type: 'UnattendedInstallStatuses.runtime.talos.dev',
  id: 'unattended-install',
  schema: z.object({ image: text, phase: word('pending'), error: text }),
  map: (spec) => spec,
});
