/**
 * What talhelper makes of its project, document by document (v3.1.16: `pkg/generate/config.go`, `pkg/talos/*.go`), so that an import can
 * be held against it without the program. The order of steps is talhelper's: generated config, node's own settings, documents, patches
 * of group and node, patches of the cluster, extra manifests.
 */
import { documentOf, type Document } from '../../../talos/documents-text.ts';
import { documentsFor } from '../../../talos/generate/generate.ts';
import { applyPatches } from '../../../talos/patch/patch.ts';
import {
  parseContract,
  hasKubernetesDocuments,
  hasNetworkDocuments,
  usesUkiCommandLine,
} from '../../../talos/contract.ts';
import type { SecretsBundle } from '../../../talos/secrets-bundle.ts';
import { isRecord, valueAt } from '../../patch-facts.ts';
import { asText, recordList, textList, textMap } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { document, linkDocuments, namedDevices, without } from './devices.ts';
import { installerImage } from './installer.ts';
import type { PatchSource, Project, ProjectNode } from './project.ts';
import { renderGoTemplate } from './template.ts';

/** talhelper 3.1.16 is built over Talos' library of 1.14 and asks it for the contract of the node's version. */
const LIBRARY = 'v1.14.1';

export interface MadeOptions {
  /** Patches of the cluster that go before those of group and node, as a cluster file has them; talhelper's own order has none. */
  readonly first: readonly PatchSource[];
}

export function madeByTalhelper(
  project: Project,
  node: ProjectNode,
  bundle: SecretsBundle,
  options: MadeOptions = { first: [] },
): readonly Document[] {
  const generated = withoutReplaced(generatedFor(project, node, bundle), node);
  const machine = patched(generated, [machineFragment(project, node, bundle)]);
  const own = patched(machine, templatedLabels(node, machine));
  const documents = patched(withoutCni(project, own), [...nodeDocuments(project, node)]);
  const [group, ownPatches] = [node.groupPatches, node.patches];
  const last = project.patches.filter((patch) => !options.first.includes(patch));
  const rounds = [[...options.first], [...group, ...ownPatches], last];
  let result = documents;
  for (const round of rounds) result = withPatches(result, round);
  return withPatches(result, node.extraManifests);
}

function generatedFor(project: Project, node: ProjectNode, bundle: SecretsBundle): readonly Document[] {
  const { values } = project;
  const pods = textList(values['clusterPodNets']);
  const services = textList(values['clusterSvcNets']);
  return documentsFor(
    {
      clusterName: asText(values['clusterName']) ?? '',
      endpoint: asText(values['endpoint']) ?? '',
      bundle,
      talos: LIBRARY,
      contract: project.talos,
      kubernetes: project.kubernetes,
      options: {
        podSubnets: pods.length > 0 ? pods : ['10.244.0.0/16'],
        serviceSubnets: services.length > 0 ? services : ['10.96.0.0/12'],
        allowSchedulingOnControlPlanes: allowsScheduling(values),
        ...(asText(values['domain']) !== undefined && { dnsDomain: asText(values['domain']) ?? '' }),
        skipUnattendedInstall: true,
      },
    },
    node.isControlPlane ? 'controlplane' : 'worker',
  );
}

export function allowsScheduling(values: PlainMap): boolean {
  return values['allowSchedulingOnMasters'] === true || values['allowSchedulingOnControlPlanes'] === true;
}

/** Fields that talhelper sets in the v1alpha1 document, whatever the version. */
function machineFragment(project: Project, node: ProjectNode, bundle: SecretsBundle): PlainMap {
  const contract = parseContract(project.talos);
  const { values } = node;
  const modules = recordList(values['kernelModules']);
  const certSANs = [...textList(project.values['additionalMachineCertSans']), ...textList(values['certSANs'])];
  const isLegacyNetwork = !hasNetworkDocuments(contract);
  return {
    machine: without({
      certSANs: certSANs.length > 0 ? certSANs : undefined,
      network: isLegacyNetwork ? legacyNetwork(node) : undefined,
      install: without({
        disk: asText(values['installDisk']),
        diskSelector: values['installDiskSelector'] ?? undefined,
        image: installerImage(project, node),
        extraKernelArgs: usesUkiCommandLine(contract) ? undefined : repeatedKernelArgs(node),
      }),
      disks: nonEmpty(values['machineDisks']),
      kernel: modules.length > 0 ? { modules } : undefined,
      files: nonEmpty(values['machineFiles']),
      nodeLabels: isRecord(values['nodeLabels']) ? plainEntries(values['nodeLabels']) : undefined,
      nodeAnnotations: isRecord(values['nodeAnnotations']) ? plainEntries(values['nodeAnnotations']) : undefined,
      nodeTaints: isRecord(values['nodeTaints']) ? textMap(values['nodeTaints']) : undefined,
    }),
    cluster: clusterFragment(project, node, bundle),
  };
}

function clusterFragment(project: Project, node: ProjectNode, bundle: SecretsBundle): PlainMap {
  const contract = parseContract(project.talos);
  const names = textList(project.values['additionalApiServerCertSans']);
  const { cniConfig } = project.values;
  const isDocumented = hasKubernetesDocuments(contract);
  const aescbc = bundle.secrets.aescbcencryptionsecret ?? '';
  return without({
    // talhelper's issue 81: data that an older key encrypted must stay readable.
    aescbcEncryptionSecret: !isDocumented && aescbc !== '' ? aescbc : undefined,
    apiServer: node.isControlPlane && !isDocumented && names.length > 0 ? { certSANs: names } : undefined,
    network: isRecord(cniConfig) && !isDocumented ? { cni: cniConfig } : undefined,
    extraManifests:
      isDocumented && valueAt(cniConfig, 'name') === 'custom' ? textList(valueAt(cniConfig, 'urls')) : undefined,
    inlineManifests: nonEmpty(project.values['inlineManifests']),
  });
}

function legacyNetwork(node: ProjectNode): PlainMap | undefined {
  const { values, hostname } = node;
  const network = without({
    hostname: values['ignoreHostname'] === true ? undefined : hostname,
    nameservers: nonEmpty(values['nameservers']),
    disableSearchDomain: values['disableSearchDomain'] === true ? true : undefined,
    interfaces: nonEmpty(values['networkInterfaces']),
  });
  return Object.keys(network).length === 0 ? undefined : network;
}

/** Before the UKI's command line counted, talhelper repeated the schematic's arguments in the config (its issue 1341). */
export function repeatedKernelArgs(node: ProjectNode): readonly string[] | undefined {
  const args = textList(valueAt(node.values['schematic'], 'customization', 'extraKernelArgs'));
  return args.length === 0 || valueAt(node.values['machineSpec'], 'useUKI') === true ? undefined : args;
}

function nonEmpty(list: unknown): unknown {
  return Array.isArray(list) && list.length > 0 ? list : undefined;
}

function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('}}');
}

function plainEntries(map: PlainMap): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(textMap(map)).filter(([, text]) => !isTemplate(text)));
}

/** talhelper sets these maps anew: what Talos' generator had put there is gone (the label that keeps control planes off balancers). */
const REPLACED = ['nodeLabels', 'nodeAnnotations', 'nodeTaints'];

function withoutReplaced(documents: readonly Document[], node: ProjectNode): readonly Document[] {
  const keys = REPLACED.filter((key) => isRecord(node.values[key]));
  return documents.map((generated) => {
    const { machine } = generated.value;
    if (generated.kind !== undefined || !isRecord(machine)) return generated;
    const kept = Object.entries(machine).filter(([key]) => !keys.includes(key));
    return documentOf({ ...generated.value, machine: Object.fromEntries(kept) });
  });
}

/** The v1alpha1 document that talhelper's templates are evaluated over. */
export function templateData(project: Project, node: ProjectNode, bundle: SecretsBundle): PlainMap {
  const isNeeded = (['nodeLabels', 'nodeAnnotations'] as const).some((key) =>
    Object.values(textMap(node.values[key])).some(isTemplate),
  );
  if (!isNeeded) return {};
  const generated = withoutReplaced(generatedFor(project, node, bundle), node);
  return (
    patched(generated, [machineFragment(project, node, bundle)]).find(({ kind }) => kind === undefined)?.value ?? {}
  );
}

/** Labels and annotations as they are once their templates are evaluated. */
export function evaluatedMap(
  node: ProjectNode,
  key: 'nodeLabels' | 'nodeAnnotations',
  legacy: PlainMap,
): Readonly<Record<string, string>> {
  const entries = Object.entries(textMap(node.values[key]));
  return Object.fromEntries(
    entries.map(([name, text]) => [name, isTemplate(text) ? renderGoTemplate(text, legacy, key) : text]),
  );
}

function templatedLabels(node: ProjectNode, documents: readonly Document[]): readonly PlainMap[] {
  const legacy = documents.find(({ kind }) => kind === undefined)?.value ?? {};
  const machine = Object.fromEntries(
    (['nodeLabels', 'nodeAnnotations'] as const)
      .filter((key) => Object.values(textMap(node.values[key])).some(isTemplate))
      .map((key) => [key, evaluatedMap(node, key, legacy)]),
  );
  return Object.keys(machine).length === 0 ? [] : [{ machine }];
}

/** From 1.14 on the generated CNI document goes as soon as the project says anything of the CNI. */
function withoutCni(project: Project, documents: readonly Document[]): readonly Document[] {
  const { cniConfig } = project.values;
  if (!isRecord(cniConfig) || !hasKubernetesDocuments(parseContract(project.talos))) return documents;
  const kept = documents.filter(({ kind }) => kind !== 'KubeFlannelCNIConfig');
  if (cniConfig['name'] !== 'flannel') return kept;
  const flannel = cniConfig['flannel'];
  const body = {
    backendType: 'vxlan',
    backendPort: 4789,
    extraArgs: valueAt(flannel, 'extraArgs'),
    kubeNetworkPoliciesEnabled: valueAt(flannel, 'kubeNetworkPoliciesEnabled'),
  };
  return patched(kept, [document('KubeFlannelCNIConfig', without(body))]);
}

/** The documents beside the v1alpha1 one. */
function nodeDocuments(project: Project, node: ProjectNode): readonly PlainMap[] {
  const { values } = node;
  const isDocumented = hasNetworkDocuments(parseContract(project.talos));
  const nameservers = textList(values['nameservers']);
  const disableDefault = values['disableSearchDomain'] === true;
  const resolver = document('ResolverConfig', {
    nameservers: nameservers.length > 0 ? nameservers.map((address) => ({ address })) : undefined,
    searchDomains: { disableDefault },
  });
  const hostname = values['ignoreHostname'] === true ? { auto: 'stable' } : { auto: 'off', hostname: node.hostname };
  return [
    ...(isDocumented && (nameservers.length > 0 || disableDefault) ? [resolver] : []),
    ...(isDocumented ? [document('HostnameConfig', hostname)] : []),
    ...firewallDocuments(values['ingressFirewall']),
    ...extensionDocuments(values['extensionServices']),
    ...volumeDocuments(values),
    ...(isDocumented ? linkDocuments(namedDevices(values['networkInterfaces'])) : []),
  ];
}

export function firewallDocuments(firewall: unknown): readonly PlainMap[] {
  if (!isRecord(firewall)) return [];
  return [
    document('NetworkDefaultActionConfig', { ingress: firewall['defaultAction'] ?? 'accept' }),
    ...recordList(firewall['rules']).map(({ name, portSelector, ingress }) =>
      document('NetworkRuleConfig', { name, portSelector, ingress }),
    ),
  ];
}

export function extensionDocuments(services: unknown): readonly PlainMap[] {
  return recordList(services).map(({ name, configFiles, environment }) =>
    document('ExtensionServiceConfig', { name, configFiles, environment }),
  );
}

export function volumeDocuments(values: PlainMap): readonly PlainMap[] {
  return [
    ...recordList(values['volumes']).map(({ name, provisioning, encryption }) =>
      document('VolumeConfig', { name, provisioning, encryption }),
    ),
    ...recordList(values['userVolumes']).map(({ name, volumeType, provisioning, filesystem, encryption }) =>
      document('UserVolumeConfig', { name, volumeType, provisioning, filesystem, encryption }),
    ),
  ];
}

function patched(documents: readonly Document[], fragments: readonly PlainMap[]): readonly Document[] {
  const texts = fragments.filter((fragment) => Object.keys(fragment).length > 0).map((fragment) => patchText(fragment));
  return texts.length === 0 ? documents : applyPatches(documents, [texts.join('\n---\n')], LIBRARY).documents;
}

function withPatches(documents: readonly Document[], patches: readonly PatchSource[]): readonly Document[] {
  if (patches.length === 0) return documents;
  const legacy = documents.find(({ kind }) => kind === undefined)?.value ?? {};
  return applyPatches(
    documents,
    patches.map((patch) => templated(patch, legacy)),
    LIBRARY,
  ).documents;
}

function templated(patch: PatchSource, legacy: PlainMap): string {
  return isTemplate(patch.text) ? renderGoTemplate(patch.text, legacy, patch.place) : patch.text;
}

/** JSON is YAML that nothing can misread. */
export function patchText(fragment: PlainMap): string {
  return JSON.stringify(fragment, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}
