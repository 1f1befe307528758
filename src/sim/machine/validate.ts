/**
 * The one seam through which a simulated node judges a config that is sent to it: Talos' validation as `talos/validate` knows it, and
 * for what bring-up runs into the very texts that nodes send (recordings 04 and 10).
 */
import { messageOf } from '../../errors.ts';
import { validateConfig } from '../../talos/validate/validate.ts';
import { hasNetworkDocuments, installIsOptional, type TalosVersion } from '../versions.ts';
import { readConfig, type ConfigFacts } from './config.ts';
import { findLoadError, loadErrorText, placeDocuments, type PlacedDocument } from './load-error.ts';
import { at, flagAt, textAt, treeAt, type Tree } from './tree.ts';

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
  if (load !== undefined) return { kind: 'unreadable', message: loadErrorText(text, load, context.version) };
  if (whole.errors.length === 0) return own;
  if (own.kind === 'invalid') return own;
  return { kind: 'invalid', message: joinErrors(whole.errors.map((finding) => finding.message)) };
};

const judgeOwn: ConfigValidator = (text, context) => {
  let documents: readonly PlacedDocument[];
  try {
    documents = placeDocuments(text);
  } catch (reason) {
    return { kind: 'unreadable', message: `decode error: yaml: ${messageOf(reason).split('\n')[0] ?? ''}` };
  }
  const loadError = findLoadError(documents, context.version);
  if (loadError !== undefined) return { kind: 'unreadable', message: loadError };
  const facts = readConfig(text);
  const legacy = documents.find((document) => at(document.tree, 'kind') === undefined)?.tree;
  const own =
    legacy === undefined ? [] : [...legacyErrors(legacy, facts, context), ...installErrors(legacy, facts, context)];
  const prefixed =
    own.length > 0 && hasNetworkDocuments(context.version) ? [`v1alpha1.Config: ${joinErrors(own)}`] : own;
  const errors = [
    ...prefixed,
    ...(installIsOptional(context.version) ? lateContainerErrors(documents, legacy, context) : []),
    ...hostnameConflict(documents, legacy),
  ];
  if (errors.length === 0) return { kind: 'valid', facts, warnings: warningsOf(legacy, context.version) };
  return { kind: 'invalid', message: joinErrors(errors) };
};

/** Go's multierror: `2 errors occurred:` and a bullet each, ending in an empty line. */
export function joinErrors(errors: readonly string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return `${count} occurred:\n${errors.map((error) => `\t* ${error}\n`).join('')}\n`;
}

function legacyErrors(legacy: Tree, facts: ConfigFacts, context: ValidationContext): readonly string[] {
  const { version } = context;
  const type = textAt(legacy, 'machine', 'type') ?? '';
  if (at(legacy, 'machine') === undefined) return ['machine instructions are required'];
  const cluster =
    at(legacy, 'cluster') === undefined
      ? ['cluster instructions are required']
      : endpointErrors(facts.endpoint, version);
  const isKnownType = ['controlplane', 'worker', 'init', ''].includes(type);
  return [
    ...cluster,
    ...workerErrors(type, legacy, facts),
    ...(installIsOptional(version) ? [] : containerErrors(legacy, context)),
    ...authorityErrors(type, facts),
    ...(isKnownType ? [] : [`unknown machine type "${type}"`]),
  ];
}

function endpointErrors(endpoint: string | undefined, version: TalosVersion): readonly string[] {
  if (endpoint === undefined) return installIsOptional(version) ? [] : ['cluster controlplane endpoint is required'];
  const problem = endpointError(endpoint);
  return problem === undefined ? [] : [`invalid controlplane endpoint: ${problem}`];
}

function workerErrors(type: string, legacy: Tree, facts: ConfigFacts): readonly string[] {
  if (type !== 'worker') return [];
  const errors: string[] = [];
  if (at(legacy, 'cluster', 'etcd') !== undefined) errors.push('etcd config is only allowed on control plane machines');
  if (textAt(legacy, 'cluster', 'ca', 'key') !== undefined)
    errors.push('cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)');
  if (facts.talosCa?.key !== undefined)
    errors.push('issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)');
  if (facts.kubernetesCa?.key !== undefined)
    errors.push('issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)');
  if (facts.network.vip !== undefined) errors.push('virtual (shared) IP is not allowed on non-controlplane nodes');
  return errors;
}

function authorityErrors(type: string, facts: ConfigFacts): readonly string[] {
  const errors: string[] = [];
  if (facts.talosCa === undefined && facts.acceptedCas.length === 0)
    errors.push('issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)');
  if (type === 'controlplane' && facts.talosCa?.key === undefined) errors.push('issuing CA is required (.machine.ca)');
  if (type === 'controlplane' && facts.talosCa !== undefined && facts.etcdCa?.key === undefined)
    errors.push('key/cert combination should not be empty (.cluster.etcd.ca)');
  return errors;
}

/** In container mode the node's own DNS has to be on: two errors of the old document, one about the whole on 1.14. */
function containerErrors(legacy: Tree, { mode }: ValidationContext): readonly string[] {
  if (mode !== 'container') return [];
  const dns = treeAt(legacy, 'machine', 'features', 'hostDNS');
  return [
    ...(flagAt(dns, 'enabled') === true
      ? []
      : ['feature HostDNS should be enabled in container mode (.machine.features.hostDNS.enabled)']),
    ...(flagAt(dns, 'forwardKubeDNSToHost') === true
      ? []
      : [
          'feature HostDNS should forward kube-dns to host in container mode (.machine.features.hostDNS.forwardKubeDNSToHost)',
        ]),
  ];
}

function lateContainerErrors(
  documents: readonly PlacedDocument[],
  legacy: Tree | undefined,
  { mode }: ValidationContext,
): readonly string[] {
  const isSet =
    at(legacy, 'machine', 'features', 'hostDNS') !== undefined ||
    documents.some(({ tree }) => at(tree, 'kind') === 'ResolverConfig' && at(tree, 'hostDNS') !== undefined);
  return mode === 'container' && !isSet ? ['hostDNS config is required in container mode'] : [];
}

function hostnameConflict(documents: readonly PlacedDocument[], legacy: Tree | undefined): readonly string[] {
  const isTwice =
    textAt(legacy, 'machine', 'network', 'hostname') !== undefined &&
    documents.some(({ tree }) => at(tree, 'kind') === 'HostnameConfig');
  return isTwice ? ['static hostname is already set in v1alpha1 config'] : [];
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
