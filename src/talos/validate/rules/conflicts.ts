/**
 * Documents that exclude a field of the document without kind (Talos' `V1Alpha1ConflictValidate` methods): the same setting must
 * not stand in both. Data: kind, path, and when the path counts as used.
 */
import { canonicalAddress } from '../../values/ip-text.ts';
import { at, entries, integer, isSet, isTrue, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import { since } from '../rule.ts';
import type { RuleContext } from '../rule.ts';
import { isZeroHostDns } from './network.ts';

type Use = (field: Field) => boolean;

interface Conflict {
  readonly path: readonly string[];
  readonly isUsed: Use;
}

const isText: Use = (field) => text(field) !== '';
const hasEntries: Use = (field) => entries(field).length > 0;
const hasItems: Use = (field) => items(field).length > 0;
const isNumber: Use = (field) => integer(field) !== 0;
const hasAddress: Use = (field) => items(field).some((item) => canonicalAddress(text(item)) !== undefined);

function conflict(path: string, isUsed: Use = isSet): Conflict {
  return { path: path.split('.'), isUsed };
}

const kubelet = conflict('machine.kubelet');
const clusterNetwork = conflict('cluster.network');
const admissionControl = conflict('cluster.apiServer.admissionControl', hasItems);

const CONFLICTS: Readonly<Record<string, readonly Conflict[]>> = {
  HostnameConfig: [conflict('machine.network.hostname', isText), conflict('machine.features.stableHostname', isTrue)],
  ResolverConfig: [
    conflict('machine.network.searchDomains'),
    conflict('machine.network.nameservers', hasAddress),
    conflict('machine.network.disableSearchDomain', isTrue),
  ],
  TimeSyncConfig: [
    conflict('machine.time.disabled', isTrue),
    conflict('machine.time.servers', hasItems),
    conflict('machine.time.bootTimeout', isNumber),
  ],
  KubeSpanConfig: [conflict('machine.network.kubespan')],
  DiscoveryServiceConfig: [conflict('cluster.discovery')],
  DiscoveryIdentityConfig: [conflict('cluster.id', isText), conflict('cluster.secret', isText)],
  ImageCacheConfig: [conflict('machine.features.imageCache')],
  CRIBaseRuntimeSpecConfig: [conflict('machine.baseRuntimeSpecOverrides')],
  UnattendedInstallConfig: [conflict('machine.install')],
  KubePrismConfig: [conflict('machine.features.kubePrism')],
  KubeTalosAPIAccessConfig: [conflict('machine.features.kubernetesTalosAPIAccess')],
  KubeletConfig: [kubelet],
  KubeCredentialProviderConfig: [kubelet],
  KubeNodeConfig: [
    conflict('cluster.allowSchedulingOnControlPlanes'),
    conflict('cluster.allowSchedulingOnMasters'),
    conflict('machine.kubelet.skipNodeRegistration'),
    conflict('machine.kubelet.registerWithFQDN'),
    conflict('machine.kubelet.nodeIP'),
    conflict('machine.nodeLabels'),
    conflict('machine.nodeAnnotations'),
    conflict('machine.nodeTaints'),
  ],
  KubeAPIServerConfig: [conflict('cluster.apiServer'), conflict('cluster.controlPlane.localAPIServerPort', isNumber)],
  KubeAPIServerCAConfig: [conflict('cluster.ca')],
  KubeAggregatorCAConfig: [conflict('cluster.aggregatorCA')],
  KubeServiceAccountConfig: [conflict('cluster.serviceAccount')],
  KubeEtcdEncryptionConfig: [
    conflict('cluster.secretboxEncryptionSecret', isText),
    conflict('cluster.aescbcEncryptionSecret', isText),
  ],
  KubeAdmissionControlConfig: [admissionControl],
  // Talos looks at admission control here, not at authorizationConfig.
  KubeAuthorizerConfig: [admissionControl],
  KubeAuditPolicyConfig: [conflict('cluster.apiServer.auditPolicy', hasEntries)],
  KubeClusterConfig: [conflict('cluster.clusterName', isText), conflict('cluster.controlPlane.endpoint')],
  KubeNetworkConfig: [clusterNetwork],
  KubeFlannelCNIConfig: [clusterNetwork],
  KubeControllerManagerConfig: [
    conflict('cluster.controllerManager'),
    conflict('machine.controlPlane.controllerManager'),
  ],
  KubeSchedulerConfig: [conflict('cluster.scheduler'), conflict('machine.controlPlane.scheduler')],
  KubeProxyConfig: [conflict('cluster.proxy')],
  KubeCoreDNSConfig: [conflict('cluster.coreDNS')],
};

/** Reported at the document, naming the field of the document without kind. */
export function legacyConflicts(kind: string, document: Field, legacy: Field, context: RuleContext): void {
  if (kind === 'VolumeConfig') {
    diskEncryption(document, legacy, context);
    return;
  }
  const conflicts = [...(CONFLICTS[kind] ?? [])];
  if (kind === 'ResolverConfig' && since(context, '1.14') && !isZeroHostDns(document))
    conflicts.push(conflict('machine.features.hostDNS'));
  for (const { path, isUsed } of conflicts) {
    if (isUsed(at(legacy, ...path))) {
      context.error(
        document,
        `.${path.join('.')} is set as well: remove it from the document without kind, or remove this document`,
      );
    }
  }
}

function diskEncryption(document: Field, legacy: Field, context: RuleContext): void {
  const name = text(at(document, 'name'));
  const provider = text(at(document, 'encryption', 'provider')) || 'none';
  if ((name !== 'STATE' && name !== 'EPHEMERAL') || provider === 'none') return;
  if (isSet(at(legacy, 'machine', 'systemDiskEncryption', name.toLowerCase()))) {
    context.error(
      at(document, 'encryption'),
      `.machine.systemDiskEncryption.${name.toLowerCase()} is set as well: remove one of both`,
    );
  }
}
