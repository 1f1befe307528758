/** What storage in the cluster needs of the node: iSCSI, NFS, Longhorn. */
import { isAtLeastMinor } from '../version.ts';
import { talosDocument } from './documents.ts';
import type { FeatureConfig, FeatureDefinition, FeatureRemark, FeatureUse } from './feature.ts';
import { textOption } from './options.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions/tree/main/storage';

export const ISCSI: FeatureDefinition = {
  name: 'iscsi',
  title: 'iSCSI initiator for CSI drivers',
  options: {},
  image: () => ({ extensions: ['iscsi-tools'] }),
  checks: ['ext-iscsid is Running'],
  inCluster: 'the CSI driver, with the values for Talos (iscsiadm by nsenter)',
  removal: ['Volumes and driver first, then the extension with an upgrade.'],
  notes: ['Talos derives the initiator’s name from the node; the target must allow it.'],
  source: `${EXTENSIONS}/iscsi-tools`,
};

export const NFS: FeatureDefinition = {
  name: 'nfs',
  title: 'NFS: version 3 with locks, or a server in a pod',
  options: {
    server: { kind: 'boolean', brief: 'the module of the NFS server as well' },
    locks: { kind: 'boolean', brief: 'locks of NFSv3 (rpcbind, statd); true by default' },
  },
  image: ({ options }) => ({
    extensions: [...(options['locks'] === false ? [] : ['nfs-utils']), ...(options['server'] === true ? ['nfsd'] : [])],
    modules: options['server'] === true ? [{ name: 'nfsd' }] : [],
  }),
  checks: ['ext-rpcbind and ext-rpc-statd are Running, where locks are wanted'],
  inCluster: 'csi-driver-nfs',
  removal: ['Volumes and driver first, then the extension with an upgrade.'],
  notes: ['NFSv4 needs none of it: the client is in the kernel.', 'rpcbind listens on port 111 of all interfaces.'],
  source: `${EXTENSIONS}/nfs-utils`,
};

/** Where Longhorn keeps its data: a user volume of the node when there is one, else a folder of EPHEMERAL that the kubelet must be shown. */
export const LONGHORN: FeatureDefinition = {
  name: 'longhorn',
  title: 'Longhorn storage',
  options: {
    engine: { kind: 'text', brief: 'v1 (default) or v2', values: ['v1', 'v2'] },
    volume: { kind: 'text', brief: 'the node’s volume for its data; longhorn by default' },
  },
  image: ({ options }) => ({
    extensions: ['iscsi-tools', 'util-linux-tools'],
    ...(textOption(options, 'engine') === 'v2'
      ? {
          sysctls: { 'vm.nr_hugepages': '1024' },
          modules: [{ name: 'nvme_tcp' }, { name: 'vfio_pci' }, { name: 'uio_pci_generic' }, { name: 'ublk_drv' }],
        }
      : {}),
  }),
  config: longhornConfig,
  lint: longhornLint,
  checks: ['ext-iscsid is Running', 'the volume is ready', 'nodes.longhorn.io is Ready and Schedulable'],
  inCluster:
    'Longhorn, in a namespace with the pod security level privileged; v1: defaultSettings.defaultDataPath=/var/mnt/longhorn',
  removal: [
    'Longhorn’s own uninstall job (deleting-confirmation-flag), in the cluster.',
    'Then its volumes: what was on them is lost.',
    'Then the extensions with an upgrade.',
  ],
  notes: ['Wait between nodes until every volume is healthy again.'],
  source: 'https://longhorn.io/docs/latest/advanced-resources/os-distro-specific/talos-linux-support/',
};

function longhornConfig({ options, node }: FeatureUse): FeatureConfig {
  if (textOption(options, 'engine') === 'v2') return {};
  // Its engine binaries lie below /var/lib/longhorn whatever the data path is, and new 1.14 clusters mount that noexec.
  const executable = isAtLeastMinor(node.talos, '1.14')
    ? [talosDocument('VolumeConfig', { name: 'EPHEMERAL', mount: { secure: false } })]
    : [];
  // From 1.14 on the kubelet's own document has no extra mounts; the lint asks for a volume there.
  if (hasVolume(options, node) || isAtLeastMinor(node.talos, '1.14') || node.isPatched('/var/lib/longhorn'))
    return { documents: executable };
  const path = '/var/lib/longhorn';
  const mount = { destination: path, type: 'bind', source: path, options: ['bind', 'rshared', 'rw'] };
  return { documents: [...executable, { machine: { kubelet: { extraMounts: [mount] } } }] };
}

function longhornLint({ options, node }: FeatureUse): readonly FeatureRemark[] {
  const name = textOption(options, 'volume') ?? 'longhorn';
  const volume = node.volumes.find((candidate) => candidate.name === name);
  const isV2 = textOption(options, 'engine') === 'v2';
  if (isV2 && volume?.kind !== 'raw') {
    return [
      {
        severity: 'error',
        rule: 'longhorn-raw-volume',
        message: `Longhorn’s engine v2 needs a raw volume, and \`${node.name}\` has no \`${name}\` of that kind`,
        hint: `Write \`volumes: {${name}: {kind: raw, size: …, disk: …}}\` on the node or its class.`,
        option: 'engine',
      },
    ];
  }
  if (volume === undefined && options['volume'] === undefined && !isV2 && isAtLeastMinor(node.talos, '1.14')) {
    return [
      {
        severity: 'error',
        rule: 'longhorn-needs-volume',
        message: `Longhorn has nowhere to keep its data on \`${node.name}\`: from Talos 1.14 on no folder of the host can be mounted into the kubelet`,
        hint: 'Give the node a volume: `volumes: {longhorn: {size: …, disk: …}}`.',
      },
    ];
  }
  if (volume !== undefined || options['volume'] === undefined) return [];
  return [
    {
      severity: 'error',
      rule: 'unknown-volume',
      message: `feature \`longhorn\` names volume \`${name}\`, which \`${node.name}\` does not have`,
      hint:
        node.volumes.length === 0 ? 'It has none.' : `It has ${node.volumes.map((known) => known.name).join(', ')}.`,
      option: 'volume',
    },
  ];
}

function hasVolume(options: FeatureUse['options'], node: FeatureUse['node']): boolean {
  const name = textOption(options, 'volume') ?? 'longhorn';
  return node.volumes.some((volume) => volume.name === name);
}
