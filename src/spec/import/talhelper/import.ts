/** From a talhelper project to a cluster file: each of talhelper's keys in the file's own words where they mean the same, else as a patch. */
import { hasKubernetesDocuments, parseContract } from '../../../talos/contract.ts';
import { IchorError } from '../../../errors.ts';
import type { SecretsBundle } from '../../../talos/secrets-bundle.ts';
import { parseCidr, parseIp, isInside, networkOf, canonicalIp } from '../../ip.ts';
import { isRecord, valueAt } from '../../patch-facts.ts';
import { factored, sameJson } from '../draft.ts';
import type { DraftNode, DraftPatch, SpecDraft } from '../draft.ts';
import type { ImportNote } from '../note.ts';
import { asText, plainDocuments, recordList, textList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { specText } from '../write-spec.ts';
import { document, without } from './devices.ts';
import { imageDraft } from './image.ts';
import type { InstallerOf } from './image.ts';
import { patchYaml, networkDraft } from './links.ts';
import { allowsScheduling, madeByTalhelper } from './made.ts';
import { nodeNotes } from './notes.ts';
import { nodeSettings } from './node.ts';
import { requiredText } from './project.ts';
import type { PatchSource, Project, ProjectNode } from './project.ts';

export interface ImportTools {
  /** Of any cluster: which patch order is needed does not depend on its secrets. */
  readonly bundle: SecretsBundle;
  /** The installer image that a node with these wants renders with. */
  readonly installerOf: InstallerOf;
  /** A path that talconfig.yaml names, as the cluster file will name it. */
  readonly relocated: (path: string) => string;
}

export interface ImportedNode {
  /** In the cluster file. */
  readonly name: string;
  readonly source: ProjectNode;
}

export interface TalhelperImport {
  readonly text: string;
  readonly nodes: readonly ImportedNode[];
  readonly notes: readonly ImportNote[];
  /** Files that the cluster file names, as it names them. */
  readonly files: readonly string[];
}

export function importTalhelper(project: Project, tools: ImportTools): TalhelperImport {
  const nodes = expandedNodes(project);
  const vip = sharedVip(project, nodes);
  const leading = leadingPatches(project, tools.bundle);
  const last = project.patches.filter((patch) => !leading.includes(patch));
  const drafts = nodes.map((node) => nodeDraft({ project, tools, vip, last }, node));
  const subnet = sharedSubnet(drafts);
  const draft: SpecDraft = {
    header: [
      `Imported from ${project.file} of talhelper. ${drafts.length === 1 ? 'One node' : `${drafts.length} nodes`}; \`ichor check\` says what to mend,`,
      '`ichor render` shows the machine configs.',
    ],
    values: clusterValues(project, { nodes, vip, subnet, drafts, relocated: tools.relocated }),
    nodes: subnet === undefined ? drafts : drafts.map((node) => withoutPrefix(node, subnet)),
    patches: [...clusterPatches(project), ...leading.map((patch) => draftPatch(patch, tools))],
    comments: {
      secrets:
        project.secrets === undefined
          ? 'there was none beside talconfig.yaml: `ichor apply` makes it'
          : "talhelper's own file serves",
    },
  };
  const patches = [draft.patches, ...drafts.flatMap((node) => [node.sharedPatches, node.patches])].flat();
  return {
    text: specText(factored(draft)),
    nodes: nodes.map(({ name, source }) => ({ name, source })),
    notes: [...project.notes, ...nodeNotes(project, nodes)],
    files: [...new Set(patches.flatMap(({ reference }) => (reference === undefined ? [] : [reference.slice(1)])))],
  };
}

export interface NamedNode extends ImportedNode {
  readonly address: string;
}

/** One config for several machines becomes as many nodes. */
function expandedNodes(project: Project): readonly NamedNode[] {
  return project.nodes.flatMap((source) => {
    const base = source.hostname.toLowerCase();
    return source.addresses.map((address, index) => ({
      name: source.addresses.length === 1 ? base : `${base}-${index + 1}`,
      address,
      source,
    }));
  });
}

/** The one VIP that all control planes carry on the link of their address. */
function sharedVip(project: Project, nodes: readonly NamedNode[]): string | undefined {
  const vips = nodes
    .filter(({ source }) => source.isControlPlane)
    .map(({ source, address }) => networkDraft(project, source, address).vip);
  return vips.length > 0 && vips.every((vip) => vip !== undefined && vip === vips[0]) ? vips[0] : undefined;
}

/** Patches of the cluster that may stand before those of group and node without a difference, as cluster patches do; talhelper applies them last. */
function leadingPatches(project: Project, bundle: SecretsBundle): readonly PatchSource[] {
  const commutes = (first: readonly PatchSource[]): boolean =>
    project.nodes.every((node) => {
      try {
        return sameJson(madeByTalhelper(project, node, bundle), madeByTalhelper(project, node, bundle, { first }));
      } catch (reason) {
        if (reason instanceof IchorError) return false;
        throw reason;
      }
    });
  if (project.patches.length === 0 || commutes(project.patches)) return project.patches;
  const some = project.patches.filter((patch) => commutes([patch]));
  return commutes(some) ? some : [];
}

interface Drafting {
  readonly project: Project;
  readonly tools: ImportTools;
  readonly vip: string | undefined;
  /** Patches of the cluster that must come after all others. */
  readonly last: readonly PatchSource[];
}

function nodeDraft({ project, tools, vip, last }: Drafting, node: NamedNode): DraftNode {
  const { source } = node;
  const network = networkDraft(project, source, node.address, vip);
  const settings = nodeSettings(project, source, tools.bundle);
  const image = imageDraft(project, source, tools.installerOf);
  const final = last.map((patch) => draftPatch(patch, tools));
  const isClassFinal = project.nodes.every(
    ({ isControlPlane, patches }) => isControlPlane !== source.isControlPlane || patches.length === 0,
  );
  const manifests = source.extraManifests.map((patch) => draftPatch(patch, tools));
  return {
    name: node.name,
    role: source.isControlPlane ? 'controlplane' : 'worker',
    values: without({ ...network.values, ...settings.values, platform: image.platform, image: image.image }),
    sharedPatches: [
      ...settings.patches,
      ...source.groupPatches.map((patch) => draftPatch(patch, tools)),
      ...(isClassFinal ? final : []),
    ],
    patches: [
      ...network.patches,
      ...source.patches.map((patch) => draftPatch(patch, tools)),
      ...(isClassFinal ? [] : final),
      ...manifests,
    ],
  };
}

function draftPatch({ text, reference }: PatchSource, tools: ImportTools): DraftPatch {
  if (isSplit(text)) return { text };
  return { text, ...(reference !== undefined && { reference: `@${tools.relocated(reference.slice(1))}` }) };
}

/** Talos before 1.14 takes one v1alpha1 part a patch; talhelper's newer library took several, which become patches of their own. */
function isSplit(text: string): boolean {
  if (text.includes('{{') || !/^---/m.test(text)) return false;
  return plainDocuments(text).filter((part) => isRecord(part) && part['kind'] === undefined).length > 1;
}

interface ClusterFacts {
  readonly nodes: readonly NamedNode[];
  readonly vip: string | undefined;
  readonly subnet: string | undefined;
  readonly drafts: readonly DraftNode[];
  readonly relocated: ImportTools['relocated'];
}

function clusterValues(project: Project, facts: ClusterFacts): PlainMap {
  const { values } = project;
  const network = without({
    subnet: facts.subnet,
    vip: facts.vip,
    pods: ranges(values['clusterPodNets']),
    services: ranges(values['clusterSvcNets']),
    domain: asText(values['domain']),
    cni: cniWord(project),
  });
  return without({
    ichor: 1,
    name: clusterName(project),
    endpoint: endpointOf(project, facts),
    talos: project.talos,
    kubernetes: project.kubernetes,
    secrets: project.secrets === undefined ? 'secrets.sops.yaml' : facts.relocated(project.secrets),
    network: Object.keys(network).length > 0 ? network : undefined,
    scheduling: allowsScheduling(values) ? true : undefined,
  });
}

/** Talos takes any text; the file's name of a cluster is a DNS label. */
export function clusterName(project: Project): string {
  const written = requiredText(project.values, 'clusterName', project.file);
  const name = written
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'cluster' : name;
}

function ranges(list: unknown): string | readonly string[] | undefined {
  const texts = textList(list);
  return texts.length === 0 ? undefined : texts.length === 1 ? texts[0] : texts;
}

/** Flannel with options, and other words that the file has none for, become a patch. */
function cniWord(project: Project): unknown {
  const { cniConfig } = project.values;
  if (!isRecord(cniConfig)) return undefined;
  if (cniConfig['name'] === 'none') return 'none';
  const urls = textList(cniConfig['urls']);
  return cniConfig['name'] === 'custom' && urls.length > 0 ? { urls } : undefined;
}

function endpointOf(project: Project, { nodes, vip }: ClusterFacts): unknown {
  const written = requiredText(project.values, 'endpoint', project.file);
  if (!URL.canParse(written))
    throw new IchorError('invalid-input', `${project.file}: endpoint ${JSON.stringify(written)} is no URL`, {
      hint: 'Write https://HOST:6443 there.',
    });
  const url = withPort(written);
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const known = [
    vip,
    ...nodes.filter(({ source }) => source.isControlPlane).flatMap(({ name, address }) => [name, address]),
  ];
  const isKnown = known.some((name) => name !== undefined && canonicalIp(name) === canonicalIp(host));
  return isKnown ? url : { url, outside: 'no node of this file; as it stood in talconfig.yaml' };
}

function withPort(written: string): string {
  if (/:\d+\/?$/.test(written)) return written;
  return `${written.replace(/\/+$/, '')}:443`;
}

/** The network that every address lies in, when each static one says the same. */
function sharedSubnet(drafts: readonly DraftNode[]): string | undefined {
  const networks = new Set<string>();
  for (const { values } of drafts) {
    if (typeof values['address'] !== 'string' || values['address'] === 'dhcp') continue;
    const cidr = parseCidr(values['address']);
    if (cidr !== undefined) networks.add(networkOf(cidr));
  }
  const [subnet, ...others] = networks;
  if (subnet === undefined || others.length > 0) return undefined;
  const everyone = drafts.map(({ values }) =>
    isRecord(values['address']) ? asText(values['address']['reserved']) : asText(values['address'])?.split('/')[0],
  );
  return everyone.every((ip) => ip !== undefined && parseIp(ip) !== undefined && isInside(ip, subnet))
    ? subnet
    : undefined;
}

function withoutPrefix(node: DraftNode, subnet: string): DraftNode {
  const { address } = node.values;
  const [ip, prefix] = typeof address === 'string' ? address.split('/') : [];
  if (ip === undefined || prefix === undefined || !subnet.endsWith(`/${prefix}`)) return node;
  return { ...node, values: { ...node.values, address: ip } };
}

/** What talhelper says for all nodes and the cluster level has no word for. */
function clusterPatches(project: Project): readonly DraftPatch[] {
  const { inlineManifests, cniConfig } = project.values;
  const written = requiredText(project.values, 'clusterName', project.file);
  const isDocumented = hasKubernetesDocuments(parseContract(project.talos));
  const manifests = recordList(inlineManifests);
  const isFlannel = isRecord(cniConfig) && cniWord(project) === undefined && Object.keys(cniConfig).length > 1;
  const flannel = isDocumented
    ? document('KubeFlannelCNIConfig', without({ extraArgs: valueAt(cniConfig, 'flannel', 'extraArgs') }))
    : { cluster: { network: { cni: cniConfig } } };
  return [
    ...(written === clusterName(project) || isDocumented
      ? []
      : [
          {
            text: patchYaml({ cluster: { clusterName: written } }),
            comment: 'the name as it is known to the machines',
          },
        ]),
    ...(manifests.length > 0 ? [{ text: patchYaml({ cluster: { inlineManifests: manifests } }) }] : []),
    ...(isFlannel ? [{ text: patchYaml(flannel) }] : []),
  ];
}
