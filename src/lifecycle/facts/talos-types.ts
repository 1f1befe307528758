/** The COSI resources that bring-up reads (talos-2-resources.md), each with its namespace. */

export const MACHINE_STATUS = {
  namespace: 'runtime',
  type: 'MachineStatuses.runtime.talos.dev',
  id: 'machine',
} as const;
export const TALOS_VERSION = { namespace: 'runtime', type: 'Versions.runtime.talos.dev', id: 'version' } as const;
/** ≥1.14 */
export const BOOT_ID = { namespace: 'runtime', type: 'BootIDs.runtime.talos.dev', id: 'boot-id' } as const;
/** ≥1.14 */
export const UNATTENDED_INSTALL = {
  namespace: 'runtime',
  type: 'UnattendedInstallStatuses.runtime.talos.dev',
  id: 'unattended-install',
} as const;
/** ≥1.14 */
export const REBOOT_REQUEST = {
  namespace: 'runtime',
  type: 'RebootRequests.runtime.talos.dev',
  id: 'reboot-request',
} as const;
export const EXTENSIONS = { namespace: 'runtime', type: 'ExtensionStatuses.runtime.talos.dev' } as const;
export const DISKS = { namespace: 'runtime', type: 'Disks.block.talos.dev' } as const;
export const SYSTEM_DISK = { namespace: 'runtime', type: 'SystemDisks.block.talos.dev', id: 'system-disk' } as const;
export const DISCOVERED_VOLUMES = { namespace: 'runtime', type: 'DiscoveredVolumes.block.talos.dev' } as const;
export const LINKS = { namespace: 'network', type: 'LinkStatuses.net.talos.dev' } as const;
export const NODE_ADDRESSES = {
  namespace: 'network',
  type: 'NodeAddresses.net.talos.dev',
  id: 'current-no-k8s',
} as const;
export const HOSTNAME = { namespace: 'network', type: 'HostnameStatuses.net.talos.dev', id: 'hostname' } as const;
export const SYSTEM_INFORMATION = {
  namespace: 'hardware',
  type: 'SystemInformations.hardware.talos.dev',
  id: 'systeminformation',
} as const;
export const MACHINE_CONFIG = { namespace: 'config', type: 'MachineConfigs.config.talos.dev', id: 'v1alpha1' } as const;
