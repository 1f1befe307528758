/**
 * The one seam through which a simulated node judges a config that is sent to it: Talos' validation as `talos/validate` knows it, and
 * for what bring-up runs into the very texts that nodes send (recordings 04 and 10).
 */
import { messageOf } from '../../errors.ts';
import { validateConfig } from '../../talos/validate/validate.ts';
import { hasNetworkDocuments, installIsOptional, type TalosVersion } from '../versions.ts';
import { parseDocuments, readConfig, type ConfigFacts } from './config.ts';
import { at, flagAt, textAt, type Tree } from './tree.ts';

export type Verdict =
  | { readonly kind: 'valid'; readonly facts: ConfigFacts; readonly warnings: readonly string[] }
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'invalid'; readonly message: string };

export interface ValidationContext {
  readonly version: TalosVersion;
  /** Talos' mode: metal, cloud or container. */
  readonly mode: 'metal' | 'cloud' | 'container';
}

export type ConfigValidator = (text: string, context: ValidationContext) => Verdict;

/** Talos' whole validation gives the verdict; where this file knows the text that the node sends, that is the text. */
export const validateConfigText: ConfigValidator = (text, context) => {
  const own = judgeOwn(text, context);
  if (own.kind === 'unreadable') return own;
  const whole = validateConfig(text, { talos: context.version.text, mode: context.mode });
  const [load] = whole.load;
  if (load !== undefined) return { kind: 'unreadable', message: load.message };
  if (whole.errors.length === 0) return own;
  if (own.kind === 'invalid') return own;
  return { kind: 'invalid', message: joinErrors(whole.errors.map((finding) => finding.message)) };
};

const judgeOwn: ConfigValidator = (text, context) => {
  let documents: readonly Tree[];
  try {
    documents = parseDocuments(text);
  } catch (reason) {
    return { kind: 'unreadable', message: `decode error: yaml: ${messageOf(reason).split('\n')[0] ?? ''}` };
  }
  if (documents.length === 0) return { kind: 'unreadable', message: 'config not found' };
  const loadError =
    documents.map((document) => documentError(document, context.version)).find((error) => error !== undefined) ??
    duplicateError(documents);
  if (loadError !== undefined) return { kind: 'unreadable', message: loadError };
  const facts = readConfig(text);
  const legacy = documents.find((document) => at(document, 'kind') === undefined);
  const errors = legacy === undefined ? [] : [...legacyErrors(legacy, facts), ...installErrors(legacy, facts, context)];
  if (errors.length === 0) return { kind: 'valid', facts, warnings: warningsOf(legacy, context.version) };
  return {
    kind: 'invalid',
    message: joinErrors(hasNetworkDocuments(context.version) ? [`v1alpha1.Config: ${joinErrors(errors)}`] : errors),
  };
};

/** Go's multierror: `2 errors occurred:` and a bullet each, ending in an empty line. */
export function joinErrors(errors: readonly string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return `${count} occurred:\n${errors.map((error) => `\t* ${error}\n`).join('')}\n`;
}

const SINCE_112 = new Set([
  'HostnameConfig',
  'LinkConfig',
  'BondConfig',
  'BridgeConfig',
  'VLANConfig',
  'DummyLinkConfig',
  'WireguardConfig',
  'DHCPv4Config',
  'DHCPv6Config',
  'Layer2VIPConfig',
  'HCloudVIPConfig',
  'LinkAliasConfig',
  'ResolverConfig',
  'TimeSyncConfig',
  'StaticHostConfig',
  'RegistryMirrorConfig',
  'RegistryAuthConfig',
  'RegistryTLSConfig',
  'OOMConfig',
]);
const SINCE_114 = new Set([
  'UnattendedInstallConfig',
  'DiscoveryServiceConfig',
  'DiscoveryIdentityConfig',
  'KubeClusterConfig',
  'KubeNodeConfig',
  'KubeletConfig',
  'KubeNetworkConfig',
  'KubeAPIServerCAConfig',
  'KubePrismConfig',
  'KubeAggregatorCAConfig',
  'KubeAdmissionControlConfig',
  'KubeAuditPolicyConfig',
  'KubeAuthenticationConfig',
  'KubeAuthorizerConfig',
  'KubeEtcdEncryptionConfig',
  'KubeServiceAccountConfig',
  'KubeAPIServerConfig',
  'KubeControllerManagerConfig',
  'KubeSchedulerConfig',
  'KubeProxyConfig',
  'KubeFlannelCNIConfig',
  'KubeCoreDNSConfig',
  'SysctlConfig',
  'FilesystemTrimConfig',
  'SecurityProfileConfig',
  'KubeExternalManifestConfig',
  'KubeInlineManifestConfig',
  'KernelModuleConfig',
]);

function documentError(document: Tree, version: TalosVersion): string | undefined {
  const kind = textAt(document, 'kind');
  if (kind === undefined) {
    if (at(document, 'machine') === undefined && at(document, 'cluster') === undefined) return 'missing kind';
    const unknown = Object.keys(document).filter((key) => !LEGACY_KEYS.includes(key));
    return unknown.length === 0
      ? undefined
      : `unknown keys found during decoding:\n${unknown.map((key) => `${key}: ${String(document[key])}\n`).join('')}`;
  }
  const isLater = (SINCE_114.has(kind) && version.minor < 14) || (SINCE_112.has(kind) && version.minor < 12);
  if (!isLater && kind.endsWith('Config') && kind !== 'NosuchConfig') return undefined;
  return `"${kind}" "${textAt(document, 'apiVersion') ?? ''}": not registered`;
}

const LEGACY_KEYS = ['version', 'debug', 'persist', 'machine', 'cluster'];

function duplicateError(documents: readonly Tree[]): string | undefined {
  const seen = new Set<string>();
  for (const document of documents) {
    const id = `${textAt(document, 'kind') ?? ''}/${textAt(document, 'apiVersion') ?? 'v1alpha1'}/${textAt(document, 'name') ?? ''}`;
    if (seen.has(id)) return `duplicate document ${id} is not allowed`;
    seen.add(id);
  }
  return undefined;
}

function legacyErrors(legacy: Tree, facts: ConfigFacts): readonly string[] {
  const errors: string[] = [];
  const type = textAt(legacy, 'machine', 'type') ?? '';
  if (at(legacy, 'machine') === undefined) return ['machine instructions are required'];
  if (!['controlplane', 'worker', 'init', ''].includes(type)) errors.push(`unknown machine type "${type}"`);
  if (at(legacy, 'cluster') === undefined) errors.push('cluster instructions are required');
  else if (facts.endpoint === undefined) errors.push('cluster controlplane endpoint is required');
  else if (endpointError(facts.endpoint) !== undefined)
    errors.push(`invalid controlplane endpoint: ${endpointError(facts.endpoint) ?? ''}`);
  if (facts.talosCa === undefined && facts.acceptedCas.length === 0)
    errors.push('issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)');
  if (type === 'controlplane' && facts.talosCa?.key === undefined) errors.push('issuing CA is required (.machine.ca)');
  if (type === 'worker' && facts.talosCa?.key !== undefined)
    errors.push('issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)');
  if (type === 'worker' && at(legacy, 'cluster', 'etcd') !== undefined)
    errors.push('etcd config is only allowed on control plane machines');
  if (type === 'controlplane' && facts.talosCa !== undefined && facts.etcdCa?.key === undefined)
    errors.push('key/cert combination should not be empty (.cluster.etcd.ca)');
  if (type === 'worker' && facts.network.vip !== undefined)
    errors.push('virtual (shared) IP is not allowed on non-controlplane nodes');
  return errors.sort();
}

function endpointError(endpoint: string): string | undefined {
  const match = /^([a-z]+):\/\/([^/:[\]]*|\[[^\]]*\])(?::(\d+))?/.exec(endpoint);
  if (match === null || match[2] === '') return 'hostname must not be blank';
  return match[1] === 'https' ? undefined : 'scheme should be https';
}

function installErrors(legacy: Tree, facts: ConfigFacts, context: ValidationContext): readonly string[] {
  if (context.mode !== 'metal') return [];
  const install = at(legacy, 'machine', 'install');
  const hasUnattended = facts.install?.isUnattended === true;
  if (install === undefined)
    return installIsOptional(context.version) || hasUnattended
      ? []
      : ['install instructions are required in "metal" mode'];
  if (facts.install?.device === undefined && facts.install?.selector === undefined && !hasUnattended) {
    return ['either install disk or diskSelector should be defined'];
  }
  return [];
}

function warningsOf(legacy: Tree | undefined, version: TalosVersion): readonly string[] {
  const warnings: string[] = [];
  if (installIsOptional(version) && at(legacy, 'machine', 'files') !== undefined)
    warnings.push('.machine.files is deprecated; use dedicated configuration documents instead');
  if (flagAt(legacy, 'persist') === false) warnings.push('.persist is deprecated');
  return warnings;
}
