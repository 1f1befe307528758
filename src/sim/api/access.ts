/** Which roles may call which method, and what a node in maintenance makes of it (talos-1-api.md §1.1, §1.3; recordings 02, 06, 07). */
import { hasLifecycleService, maintenanceIsFullApi } from '../versions.ts';
import { refuse, type Refusal } from '../machine/refusal.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import { effectiveRoles, type Caller } from './caller.ts';

const ADMIN = ['os:admin'];
const OPERATOR = ['os:admin', 'os:operator'];
const READER = ['os:admin', 'os:operator', 'os:reader'];
const BACKUP = ['os:etcd:backup'];

/** Methods that are not open to every reader. */
const ACCESS: Readonly<Record<string, readonly string[]>> = {
  ApplyConfiguration: ADMIN,
  Bootstrap: ADMIN,
  Copy: ADMIN,
  Read: ADMIN,
  Kubeconfig: ADMIN,
  GenerateClientConfiguration: ADMIN,
  EtcdForfeitLeadership: ADMIN,
  EtcdLeaveCluster: ADMIN,
  EtcdRecover: ADMIN,
  EtcdRemoveMemberByID: ADMIN,
  EtcdDowngradeValidate: ADMIN,
  EtcdDowngradeEnable: ADMIN,
  EtcdDowngradeCancel: ADMIN,
  Reset: ADMIN,
  Rollback: ADMIN,
  Upgrade: ADMIN,
  'LifecycleService/Install': ADMIN,
  'LifecycleService/Upgrade': ADMIN,
  Import: ADMIN,
  Remove: ADMIN,
  BlockDeviceWipe: ADMIN,
  Reboot: OPERATOR,
  Shutdown: OPERATOR,
  Restart: OPERATOR,
  ServiceStart: OPERATOR,
  ServiceStop: OPERATOR,
  ServiceRestart: OPERATOR,
  EtcdAlarmDisarm: OPERATOR,
  EtcdDefragment: OPERATOR,
  ImagePull: OPERATOR,
  Pull: OPERATOR,
  EtcdSnapshot: [...OPERATOR, ...BACKUP],
  EtcdMemberList: [...READER, ...BACKUP],
  EtcdStatus: [...READER, ...BACKUP],
  EtcdAlarmList: [...READER, ...BACKUP],
  Verify: [...READER, 'os:image:verifier'],
  MetaWrite: [...ADMIN, 'os:meta:writer'],
  MetaDelete: [...ADMIN, 'os:meta:writer'],
};

/** What anybody may call on a node in maintenance although it is an administrator's method. */
const OPEN_IN_MAINTENANCE = ['ApplyConfiguration', 'BlockDeviceWipe'];

/** The small maintenance server of 1.11 and 1.12. */
const SMALL_SERVER: Readonly<Record<string, readonly string[]>> = {
  'machine.MachineService': ['ApplyConfiguration', 'GenerateConfiguration'],
  'cosi.resource.State': ['Get', 'List', 'Watch', 'Create', 'Update', 'Destroy'],
  'storage.StorageService': ['Disks', 'BlockDeviceWipe'],
};
const SMALL_SERVER_ADMIN = ['Version', 'Upgrade', 'Reset', 'MetaWrite', 'MetaDelete'];

const LATE_SERVICES = ['machine.LifecycleService', 'machine.ImageService', 'machine.DebugService'];

export interface MethodName {
  readonly service: string;
  readonly method: string;
}

/** The refusal that comes before the method itself, if any. */
export function checkAccess(view: RunningView, caller: Caller, name: MethodName): Refusal | undefined {
  const { version, api } = view.run;
  if (!hasLifecycleService(version) && LATE_SERVICES.includes(name.service))
    return refuse('Unimplemented', `unknown service ${name.service}`);
  if (api.kind === 'maintenance') return checkMaintenance(view, name);
  const roles = effectiveRoles(caller, version);
  const allowed = ACCESS[`${name.service.replace('machine.', '')}/${name.method}`] ?? ACCESS[name.method] ?? READER;
  return roles.some((role) => allowed.includes(role)) ? undefined : refuse('PermissionDenied', 'not authorized');
}

export function isAdmin(view: RunningView, caller: Caller): boolean {
  return view.run.api.kind === 'secure' && effectiveRoles(caller, view.run.version).includes('os:admin');
}

function checkMaintenance({ run: { version } }: RunningView, { service, method }: MethodName): Refusal | undefined {
  if (maintenanceIsFullApi(version)) {
    const allowed = ACCESS[`${service.replace('machine.', '')}/${method}`] ?? ACCESS[method] ?? READER;
    const isOpen = OPEN_IN_MAINTENANCE.includes(method) || allowed.includes('os:reader') || method === 'Verify';
    return isOpen ? undefined : refuse('PermissionDenied', 'not authorized');
  }
  if (SMALL_SERVER[service] === undefined) return refuse('Unimplemented', `unknown service ${service}`);
  if (SMALL_SERVER[service].includes(method)) return undefined;
  if (method === 'GenerateClientConfiguration')
    return refuse('Unimplemented', "client configuration (talosconfig) can't be generated in the maintenance mode");
  return refuse(
    'Unimplemented',
    SMALL_SERVER_ADMIN.includes(method)
      ? 'API is not implemented in maintenance mode'
      : `method ${method} not implemented`,
  );
}
