/** Every key that talhelper reads in a `talconfig.yaml` (v3.1.16, `pkg/config/config.go`). It ignores any other without a word. */

/** A node says these itself, or its group (`controlPlane`, `worker`) says them for it. */
const GROUP_KEYS = [
  'nodeLabels',
  'nodeAnnotations',
  'nodeTaints',
  'machineDisks',
  'machineFiles',
  'disableSearchDomain',
  'kernelModules',
  'nameservers',
  'networkInterfaces',
  'extraManifests',
  'certSANs',
  'patches',
  'talosImageURL',
  'noSchematicValidate',
  'schematic',
  'imageSchematic',
  'machineSpec',
  'ingressFirewall',
  'extensionServices',
  'volumes',
  'userVolumes',
  'filenameTmpl',
];

export const KEYS = {
  cluster: [
    'clusterName',
    'talosVersion',
    'kubernetesVersion',
    'endpoint',
    'domain',
    'allowSchedulingOnMasters',
    'allowSchedulingOnControlPlanes',
    'additionalMachineCertSans',
    'additionalApiServerCertSans',
    'inlineManifests',
    'clusterPodNets',
    'clusterSvcNets',
    'cniConfig',
    'patches',
    'nodes',
    'imageFactory',
    'controlPlane',
    'worker',
  ],
  group: GROUP_KEYS,
  node: [
    'hostname',
    'ipAddress',
    'controlPlane',
    'installDisk',
    'installDiskSelector',
    'ignoreHostname',
    'overridePatches',
    'overrideExtraManifests',
    'overrideMachineCertSANs',
    ...GROUP_KEYS,
  ],
} as const satisfies Record<string, readonly string[]>;

/** Names of other tools and of old releases that people left in their files, and where the thing went. */
export const FORMER_KEYS: Readonly<Record<string, string>> = {
  configPatches: 'talhelper 3 reads `patches` only',
  inlinePatch: 'talhelper 3 reads `patches` only',
  stableHostname: 'Talos decides it by version since 1.2',
};
