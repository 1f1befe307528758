/** Profiles of virtual machines and of storage stacks that need something on the node. */
import type { HardwareProfile } from './profile.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions';
const LONGHORN = 'https://longhorn.io/docs/latest/advanced-resources/os-distro-specific/talos-linux-support/';
const PIRAEUS = 'https://piraeus.io/docs/stable/how-to/talos/';
const MAYASTOR = 'https://docs.siderolabs.com/kubernetes-guides/csi/storage';

export const GUEST_AND_STORAGE_PROFILES: readonly HardwareProfile[] = [
  {
    name: 'qemu', group: 'guest', title: 'QEMU or Proxmox VE guest', extensions: ['qemu-guest-agent'], detect: { machine: 'QEMU' },
    notes: ['Only with the agent device of the VM switched on: without it the service waits for ever.', 'No microcode: the hypervisor owns it.', 'CPU type host or x86-64-v2-AES at least.'],
    checks: ['ext-qemu-guest-agent is Running'], source: `${EXTENSIONS}/tree/main/guest-agents/qemu-guest-agent`,
  },
  { name: 'vmware', group: 'guest', title: 'VMware guest', extensions: ['vmtoolsd-guest-agent'], detect: { machine: 'VMware' }, source: `${EXTENSIONS}/tree/main/guest-agents/vmtoolsd-guest-agent` },
  { name: 'hyperv', group: 'guest', title: 'Hyper-V guest', extensions: ['hyperv-guest-agent'], since: '1.14', detect: { machine: 'Microsoft Corporation' }, source: `${EXTENSIONS}/tree/main/guest-agents/hyperv-guest-agent` },
  { name: 'xen', group: 'guest', title: 'Xen or XCP-ng guest', extensions: ['xen-guest-agent'], detect: { machine: 'Xen' }, source: `${EXTENSIONS}/tree/main/guest-agents/xen-guest-agent` },
  {
    name: 'longhorn', group: 'storage', title: 'Longhorn', extensions: ['iscsi-tools', 'util-linux-tools'],
    notes: ['Its data path is a user volume (/var/mnt/longhorn as defaultDataPath), or a kubelet extraMount with bind, rshared, rw.', 'Wait for replicas to be rebuilt between nodes.'],
    inCluster: 'Longhorn; its namespace needs the pod security level privileged.', checks: ['ext-iscsid is Running'], source: LONGHORN,
  },
  {
    name: 'longhorn-v2', group: 'storage', title: 'Longhorn V2 data engine', extensions: ['iscsi-tools', 'util-linux-tools'], sysctls: { 'vm.nr_hugepages': '1024' },
    modules: [{ name: 'nvme_tcp' }, { name: 'vfio_pci' }, { name: 'uio_pci_generic' }, { name: 'ublk_drv' }], inCluster: 'Longhorn with v2DataEngine; raw volumes as disks.', source: LONGHORN,
  },
  { name: 'iscsi', group: 'storage', title: 'iSCSI CSI drivers (democratic-csi, Synology)', extensions: ['iscsi-tools'], checks: ['ext-iscsid is Running'], inCluster: 'The CSI driver with the values for Talos (nsenter).', source: `${EXTENSIONS}/tree/main/storage/iscsi-tools` },
  { name: 'trident', group: 'storage', title: 'NetApp Trident over iSCSI', extensions: ['trident-iscsi-tools', 'iscsi-tools', 'multipath-tools', 'util-linux-tools'], since: '1.12', modules: [{ name: 'dm_multipath' }, { name: 'dm_round-robin' }], inCluster: 'Trident.', source: `${EXTENSIONS}/tree/main/storage/trident-iscsi-tools` },
  { name: 'multipath', group: 'storage', title: 'Multipath SAN', extensions: ['multipath-tools'], since: '1.12', modules: [{ name: 'dm_multipath' }, { name: 'dm_round-robin' }], notes: ['An install disk on multipath is not supported well (siderolabs/talos#13743).'], source: `${EXTENSIONS}/tree/main/storage/multipath-tools` },
  {
    name: 'drbd', group: 'storage', title: 'DRBD, LINSTOR, Piraeus', extensions: ['drbd'], modules: [{ name: 'drbd', parameters: ['usermode_helper=disabled'] }, { name: 'drbd_transport_tcp' }],
    notes: ['DRBD goes from 9.2 to 9.3 with Talos 1.13.'], inCluster: 'Piraeus operator with the LinstorSatelliteConfiguration for Talos.', source: PIRAEUS,
  },
  { name: 'mayastor', group: 'storage', title: 'OpenEBS Mayastor', extensions: [], kernelArgs: ['nvme_core.multipath=Y'], sysctls: { 'vm.nr_hugepages': '1024' }, notes: ['Needs the node label openebs.io/engine=mayastor and a kubelet extraMount of /var/local.'], inCluster: 'OpenEBS, at least three workers.', source: MAYASTOR },
  { name: 'zfs', group: 'storage', title: 'ZFS pools', extensions: ['zfs'], modules: [{ name: 'zfs' }], checks: ['ext-zfs-service is Running'], notes: ['Do not roll Talos back after upgrading pool features.'], source: `${EXTENSIONS}/tree/main/storage/zfs` },
  { name: 'nfs-v3', group: 'storage', title: 'NFSv3 client with locking', extensions: ['nfs-utils'], since: '1.12', notes: ['Opens port 111 on all interfaces.', 'NFSv4 needs nothing; v3 without it needs the mount option nolock.', 'Not together with the NVIDIA toolkit on Talos 1.12.0 to 1.12.2.'], source: `${EXTENSIONS}/tree/main/storage/nfs-utils` },
  { name: 'nfs-server', group: 'storage', title: 'NFS server in a pod', extensions: ['nfsd'], modules: [{ name: 'nfsd' }], since: '1.10', source: `${EXTENSIONS}/tree/main/storage/nfsd` },
];
