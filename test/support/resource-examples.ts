/** One of each COSI kind that refnode shows (programs/refnode/resources.go), and what reading it must give. */
import type { CallOptions, TalosNodeSession } from '../../src/talos-api/port.ts';
import { diskKind, systemDiskKind } from '../../src/talos-api/resources/disks.ts';
import { readBootedImage } from '../../src/talos-api/resources/extensions.ts';
import { readAll, readOne, type ResourceKind } from '../../src/talos-api/resources/kind.ts';
import { nodenameKind, nodeStatusKind, staticPodStatusKind } from '../../src/talos-api/resources/kubernetes.ts';
import { linkKind } from '../../src/talos-api/resources/links.ts';
import {
  kernelCmdlineKind,
  metaKeyKind,
  platformMetadataKind,
  readBootId,
  securityStateKind,
  systemInformationKind,
} from '../../src/talos-api/resources/machine.ts';
import { machineStatusKind } from '../../src/talos-api/resources/machine-status.ts';
import { localEtcdMemberKind, memberKind } from '../../src/talos-api/resources/members.ts';
import {
  addressKind,
  hostnameKind,
  nodeAddressKind,
  resolverKind,
  routeKind,
} from '../../src/talos-api/resources/network.ts';
import {
  diagnosticKind,
  serviceKind,
  timeStatusKind,
  unattendedInstallKind,
} from '../../src/talos-api/resources/runtime.ts';
import { discoveredVolumeKind, volumeStatusKind } from '../../src/talos-api/resources/volumes.ts';

interface Example {
  read(session: TalosNodeSession, options?: CallOptions): Promise<unknown>;
  readonly expected: unknown;
}

function one<T>(kind: ResourceKind<T>, expected: NoInfer<T>): Example {
  return { read: (session) => readOne(session, kind), expected };
}

function all<T>(kind: ResourceKind<T>, expected: readonly NoInfer<T>[]): Example {
  return { read: (session) => readAll(session, kind), expected };
}

const noDisk = {
  isReadonly: false,
  isCdrom: false,
  model: '',
  wwid: '',
  uuid: '',
  modalias: '',
  busPath: '',
  subSystem: '',
  secondaryDisks: [],
  symlinks: [],
};

export const bootExamples: Readonly<Record<string, Example>> = {
  MachineStatuses: one(machineStatusKind, {
    stage: 'booting',
    ready: false,
    unmet: [{ name: 'services', reason: 'etcd not running' }],
  }),
  HostnameStatuses: one(hostnameKind, { hostname: 'ref-1', domainname: '' }),
  Disks: all(diskKind, [
    {
      ...noDisk,
      name: 'nvme0n1',
      devPath: '/dev/nvme0n1',
      sizeBytes: 2_000_398_934_016,
      serial: '0012345',
      wwid: 'eui.0025385b21404f65',
      transport: 'nvme',
      isRotational: false,
      symlinks: ['/dev/disk/by-id/nvme-x'],
    },
    {
      ...noDisk,
      name: 'sda',
      devPath: '/dev/sda',
      sizeBytes: 64 * 2 ** 30,
      serial: 'REF-sda',
      transport: 'ata',
      isRotational: true,
    },
  ]),
  SystemDisks: one(systemDiskKind, { diskId: 'nvme0n1', devPath: '/dev/nvme0n1' }),
  DiscoveredVolumes: all(discoveredVolumeKind, [
    {
      name: 'nvme0n1p4',
      devPath: '/dev/nvme0n1p4',
      type: 'partition',
      parent: 'nvme0n1',
      sizeBytes: 100 * 2 ** 20,
      content: 'xfs',
      label: '',
      partitionLabel: 'STATE',
      partitionType: '',
      partitionIndex: 4,
    },
  ]),
  VolumeStatuses: all(volumeStatusKind, [
    {
      id: 's-swap1',
      phase: 'ready',
      type: 'partition',
      location: '/dev/nvme0n1p6',
      parentLocation: '',
      sizeBytes: 2 ** 30,
      filesystem: 'swap',
      encryptionProvider: 'luks2',
      mountPath: '',
      errorMessage: '',
    },
  ]),
  LinkStatuses: all(linkKind, [
    {
      name: 'enp1s0',
      alias: '',
      altNames: ['eno1'],
      index: 2,
      type: 'ether',
      kind: '',
      hardwareAddress: 'de:ad:be:ef:00:01',
      permanentAddress: 'de:ad:be:ef:00:01',
      mtu: 1500,
      operationalState: 'up',
      hasCarrier: true,
      speedMbit: 1000,
      driver: 'igc',
      busPath: '0000:01:00.0',
      pciId: '',
      vendor: '',
      product: '',
      masterIndex: 0,
    },
  ]),
  AddressStatuses: all(addressKind, [
    { address: '10.0.4.101/24', linkName: 'enp1s0', family: 'inet4', scope: 'global' },
  ]),
  RouteStatuses: all(routeKind, [
    { family: 'inet4', destination: '', gateway: '10.0.4.1', linkName: 'enp1s0', table: 'main', priority: 1024 },
  ]),
  NodeAddresses: {
    read: (session) => readOne(session, nodeAddressKind, 'routed-no-k8s'),
    expected: { addresses: ['10.0.4.101/24'] },
  },
  ResolverStatuses: one(resolverKind, { dnsServers: ['1.1.1.1'], searchDomains: [] }),
  Members: all(memberKind, [
    {
      id: 'ref-1',
      nodeId: 'abc',
      addresses: ['10.0.4.101'],
      hostname: 'ref-1',
      machineType: 'controlplane',
      operatingSystem: 'Talos (v1.14.1)',
    },
  ]),
  EtcdMembers: one(localEtcdMemberKind, { memberId: 0x0012345678901234n }),
  'ExtensionStatuses with a schematic': {
    read: readBootedImage,
    expected: {
      extensions: [
        {
          id: '000.ghcr.io-siderolabs-qemu-guest-agent-9.1.2',
          image: '000.ghcr.io-siderolabs-qemu-guest-agent-9.1.2.sqsh',
          name: 'qemu-guest-agent',
          version: '9.1.2',
          description: '',
          extraInfo: '',
        },
      ],
      schematic: {
        id: '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba',
        yaml: 'customization: {}\n',
      },
    },
  },
  SystemInformations: one(systemInformationKind, {
    manufacturer: 'LENOVO',
    productName: '10RS',
    serialNumber: 'PC0X1234',
    uuid: '8f2b5c00-35e5-11e9-b0e1-0a94ef0f7b00',
  }),
  Services: all(serviceKind, [{ id: 'kubelet', isRunning: true, health: 'healthy' }]),
  SecurityStates: one(securityStateKind, {
    isSecureBoot: true,
    isBootedWithUki: true,
    ukiSigningKeyFingerprint: '',
    pcrSigningKeyFingerprint: '',
    selinuxState: 'disabled',
    fipsState: 'disabled',
  }),
  KernelCmdlines: one(kernelCmdlineKind, { cmdline: 'talos.platform=metal console=tty0' }),
  Nodenames: one(nodenameKind, { nodename: 'ref-1', isRegistrationSkipped: false }),
  NodeStatuses: all(nodeStatusKind, [
    {
      nodename: 'ref-1',
      isReady: true,
      isUnschedulable: false,
      labels: { 'node-role.kubernetes.io/control-plane': '' },
    },
  ]),
  StaticPodStatuses: all(staticPodStatusKind, [
    {
      id: 'kube-system/kube-apiserver-ref-1',
      phase: 'Pending',
      isReady: false,
      waiting: ['ImagePullBackOff: no such host'],
    },
  ]),
  Diagnostics: all(diagnosticKind, [
    {
      id: 'address-overlap',
      message: 'host and Kubernetes pod/service CIDR addresses overlap',
      details: ['10.0.4.0/24'],
    },
  ]),
  TimeStatuses: one(timeStatusKind, { isSynced: true, isSyncDisabled: false }),
  UnattendedInstallStatuses: one(unattendedInstallKind, {
    image: 'factory.talos.dev/metal-installer/x:v1.14.1',
    phase: 'waiting-for-reboot',
    error: '',
  }),
  PlatformMetadatas: one(platformMetadataKind, {
    platform: 'metal',
    hostname: 'ref-1',
    region: '',
    zone: '',
    instanceType: '',
    instanceId: '',
    providerId: '',
    tags: { a: '1' },
  }),
  MetaKeys: all(metaKeyKind, [{ key: 12, value: 'rack=1' }]),
  BootIDs: { read: readBootId, expected: '6f0b8e0e-3c1f-4e0d-9d52-1f4d4b0c7a11' },
};
