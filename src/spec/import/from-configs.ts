/**
 * From machine configs to a cluster file: what the file has words for (name, endpoint, versions, ranges, CNI, addresses, install disk, image)
 * is said in them; `withPatches` adds what is left, once it is known what those words render to.
 */
import { IchorError } from '../../errors.ts';
import { isAtLeastMinor } from '../../catalog/version.ts';
import { isRecord, listAt, mapAt, valueAt } from '../patch-facts.ts';
import type { Document } from '../../talos/documents-text.ts';
import { configChanges, patchesOf } from './config-patch.ts';
import type { Change } from './config-patch.ts';
import { factored, jsonText } from './draft.ts';
import type { DraftNode, DraftPatch, SpecDraft } from './draft.ts';
import type { MachineConfig } from './machine-configs.ts';
import type { ImportNote } from './note.ts';
import { asText, recordList, textList } from './plain-yaml.ts';
import type { PlainMap } from './plain-yaml.ts';
import { withPrefix, without } from './talhelper/devices.ts';
import { patchYaml } from './talhelper/links.ts';
import { specText } from './write-spec.ts';

export interface ConfigsDraft {
  readonly draft: SpecDraft;
  readonly configs: ReadonlyMap<string, MachineConfig>;
  readonly notes: readonly ImportNote[];
}

export interface RenderedDocuments {
  readonly documents: readonly Document[];
}

export function draftFromConfigs(configs: readonly MachineConfig[], secrets: string): ConfigsDraft {
  const [plane] = configs.filter(({ role }) => role === 'controlplane');
  if (plane === undefined)
    throw new IchorError('invalid-input', 'there is no config of a control plane among these', {
      hint: 'A worker’s config does not say what the cluster is.',
    });
  const notes: ImportNote[] = [];
  const names = new Map<string, MachineConfig>();
  for (const config of configs) names.set(freeName(config, names), config);
  const nodes = [...names].map(([name, config]) => nodeDraft(name, config, notes));
  const draft: SpecDraft = {
    header: [
      `Imported from ${configs.length === 1 ? 'the machine config' : 'the machine configs'} of this cluster; \`ichor check\` says what to mend.`,
    ],
    values: clusterValues(plane, { secrets, nodes }),
    nodes,
    patches: [],
    comments: {},
  };
  return { draft, configs: names, notes };
}

export function draftText({ draft }: ConfigsDraft): string {
  return specText(factored(draft));
}

/** The draft with patches that turn what it renders to into the configs it was made of. */
export function withPatches(
  made: ConfigsDraft,
  rendered: ReadonlyMap<string, RenderedDocuments>,
  isSecret: (text: string) => boolean,
): ConfigsDraft {
  const changes = new Map<string, readonly Change[]>();
  const notes: ImportNote[] = [];
  for (const [name, config] of made.configs) {
    const all = configChanges(rendered.get(name)?.documents ?? [], config.documents).filter(
      (change) => !isOwnWord(change),
    );
    const secret = all.filter((change) => isSecret(jsonText(change.value ?? null)));
    for (const change of secret)
      notes.push({
        kind: 'lost',
        place: `${config.file}: ${change.document} ${change.path.join('.')}`,
        what: 'a secret',
        reason: 'it is not the one of the bundle, and no secret is written into the cluster file',
      });
    changes.set(
      name,
      all.filter((change) => !secret.includes(change)),
    );
  }
  const nodes = made.draft.nodes.map((node) => {
    const alike = made.draft.nodes.filter(({ role }) => role === node.role).map(({ name }) => changes.get(name) ?? []);
    const common = commonChanges(alike);
    const own = (changes.get(node.name) ?? []).filter(
      (change) => !common.some((other) => jsonText(other) === jsonText(change)),
    );
    return { ...node, sharedPatches: textsOf(common), patches: textsOf(own) };
  });
  return { ...made, draft: { ...made.draft, nodes }, notes: [...made.notes, ...notes] };
}

export interface PatchFile {
  /** As the cluster file will name it. */
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

/** Patch files told apart by their names (`all`, `cp`, `work`, a node's name), unless what they say is in the configs already. */
export function withPatchFiles(
  made: ConfigsDraft,
  files: readonly PatchFile[],
  applies: (config: MachineConfig, text: string) => boolean,
): ConfigsDraft {
  let { draft } = made;
  const notes: ImportNote[] = [];
  for (const file of files) {
    const target = targetOf(file.name, draft);
    const meant = draft.nodes.filter((node) => target === 'all' || node.role === target || node.name === target);
    const isThere =
      meant.length > 0 && meant.every(({ name }) => !applies(made.configs.get(name) ?? NO_CONFIG, file.text));
    if (meant.length === 0 || isThere) {
      const reason = isThere
        ? 'what it says is in the configs already'
        : 'its name does not say which machines it is for: name it under `patches:` as "@PATH" where it belongs';
      notes.push({ kind: isThere ? 'check' : 'lost', place: file.name, what: 'a patch', reason });
      continue;
    }
    const patch: DraftPatch = { text: file.text, reference: `@${file.path}` };
    const isMeant = (node: DraftNode): boolean => meant.includes(node);
    draft =
      target === 'all'
        ? { ...draft, patches: [...draft.patches, patch] }
        : {
            ...draft,
            nodes: draft.nodes.map((node) =>
              isMeant(node)
                ? {
                    ...node,
                    ...(node.name === target
                      ? { patches: [...node.patches, patch] }
                      : { sharedPatches: [...node.sharedPatches, patch] }),
                  }
                : node,
            ),
          };
  }
  return { ...made, draft, notes: [...made.notes, ...notes] };
}

const NO_CONFIG: MachineConfig = { file: '', role: 'worker', documents: [] };

function targetOf(name: string, { nodes }: SpecDraft): string | undefined {
  const base = name
    .slice(name.lastIndexOf('/') + 1)
    .replace(/\.ya?ml$/, '')
    .toLowerCase();
  const node = nodes.find(
    (candidate) => base === candidate.name || base === `patch-${candidate.name}` || base === `${candidate.name}-patch`,
  );
  if (node !== undefined) return node.name;
  const words = base.split(/[^a-z0-9]+/);
  const has = (...some: readonly string[]): boolean => words.some((word) => some.includes(word));
  if (has('cp', 'controlplane', 'controlplanes', 'control', 'master', 'masters')) return 'controlplane';
  if (has('work', 'worker', 'workers')) return 'worker';
  return has('all', 'common', 'global', 'cluster') ? 'all' : undefined;
}

/** Alike on every node of a role with more than one. */
function commonChanges(alike: readonly (readonly Change[])[]): readonly Change[] {
  const [first = [], ...others] = alike;
  if (others.length === 0) return [];
  return first.filter((change) =>
    others.every((changes) => changes.some((other) => jsonText(other) === jsonText(change))),
  );
}

function textsOf(changes: readonly Change[]): readonly DraftPatch[] {
  return patchesOf(changes).map((fragment) => ({ text: patchYaml(fragment) }));
}

/** What Ichor says in its own way: host names, links that come up, and names in certificates beyond those that were there. */
function isOwnWord({ document, path, kind }: Change): boolean {
  if (document === 'HostnameConfig' || path.join('.') === 'machine.network.hostname') return true;
  if (path.at(-1) === 'up' && kind === 'delete') return true;
  return (
    ['certSANs', 'certExtraSANs'].includes(path.at(-1) ?? '') ||
    (document === 'KubeSpanConfig' && path.length === 0 && kind === 'delete')
  );
}

function freeName(config: MachineConfig, taken: ReadonlyMap<string, unknown>): string {
  const base = config.file
    .replace(/\.ya?ml$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-');
  const isGeneric = base === 'controlplane' || base === 'worker' || config.address !== undefined;
  const wanted = config.hostname?.toLowerCase() ?? (isGeneric ? config.role : base);
  for (let count = 1; ; count += 1) {
    const name =
      config.hostname === undefined && isGeneric ? `${wanted}-${count}` : count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(name)) return name;
  }
}

function nodeDraft(name: string, config: MachineConfig, notes: ImportNote[]): DraftNode {
  const legacy = legacyOf(config);
  const network = networkOf(config);
  const certSANs = namesOf(config, legacy);
  const address = network.address ?? (config.address === undefined ? 'dhcp' : { reserved: config.address });
  if (address === 'dhcp')
    notes.push({
      kind: 'check',
      place: config.file,
      what: `${name} has no address`,
      reason: 'the config does not say where the machine answers: give it `address`, and `mac` or another identity',
    });
  return {
    name,
    role: config.role,
    values: without({
      ...network,
      address,
      install: installOf(config, legacy),
      image: imageOf(config),
      certSANs: certSANs.length > 0 ? certSANs : undefined,
    }),
    sharedPatches: [],
    patches: [],
  };
}

/** One list for both certificates: more names than before in the one, never fewer. */
function namesOf(config: MachineConfig, legacy: PlainMap): readonly string[] {
  const documents = documentsOf(config, 'KubeAPIServerConfig').flatMap((value) => textList(value['certExtraSANs']));
  const own = textList(valueAt(legacy, 'machine', 'certSANs'));
  return [...new Set([...own, ...textList(valueAt(legacy, 'cluster', 'apiServer', 'certSANs')), ...documents])];
}

function legacyOf(config: MachineConfig): PlainMap {
  return config.documents.find(({ kind }) => kind === undefined)?.value ?? {};
}

function documentsOf(config: MachineConfig, kind: string): readonly PlainMap[] {
  return config.documents.filter((document) => document.kind === kind).map(({ value }) => value);
}

/** The link with a static address: its name, address and gateway. The rest of it becomes a patch. */
function networkOf(config: MachineConfig): PlainMap {
  const links = [...documentsOf(config, 'LinkConfig'), ...documentsOf(config, 'BondConfig')];
  for (const link of links) {
    const address = listAt(link, 'addresses')
      .map((entry) => asText(valueAt(entry, 'address')))
      .find((text) => text !== undefined);
    if (address === undefined || link['kind'] !== 'LinkConfig') continue;
    const gateway = recordList(link['routes']).find((route) => route['destination'] === undefined);
    return without({ address, link: asText(link['name']), gateway: asText(gateway?.['gateway']) });
  }
  for (const entry of recordList(valueAt(legacyOf(config), 'machine', 'network', 'interfaces'))) {
    const [address] = textList(entry['addresses']).map(withPrefix);
    const name = asText(entry['interface']);
    if (address === undefined || name === undefined) continue;
    const gateway = recordList(entry['routes']).find((route) =>
      [undefined, '', '0.0.0.0/0', '::/0'].includes(asText(route['network'])),
    );
    return without({ address, link: name, gateway: asText(gateway?.['gateway']) });
  }
  return {};
}

function installOf(config: MachineConfig, legacy: PlainMap): PlainMap | undefined {
  const [unattended] = documentsOf(config, 'UnattendedInstallConfig');
  const match = asText(valueAt(unattended, 'provisioning', 'diskSelector', 'match'));
  const device = /^disk\.dev_path == "([^"]+)"$/.exec(match ?? '')?.[1];
  if (match !== undefined) return { disk: device ?? { match } };
  const selector = valueAt(legacy, 'machine', 'install', 'diskSelector');
  const wipe = valueAt(legacy, 'machine', 'install', 'wipe') === true ? { wipe: true } : {};
  if (isRecord(selector) && Object.keys(selector).length > 0)
    return {
      disk: Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, asText(value) ?? ''])),
      ...wipe,
    };
  const disk = asText(valueAt(legacy, 'machine', 'install', 'disk')) ?? '';
  return disk === '' ? undefined : { disk, ...wipe };
}

function installerOf(config: MachineConfig): string | undefined {
  const [unattended] = documentsOf(config, 'UnattendedInstallConfig');
  return (
    asText(valueAt(unattended, 'installer', 'image')) ??
    asText(valueAt(legacyOf(config), 'machine', 'install', 'image'))
  );
}

/** A schematic of the public factory by its id; any other image as it stands. */
function imageOf(config: MachineConfig): PlainMap | undefined {
  const image = installerOf(config);
  if (image === undefined) return undefined;
  const match = /^factory\.talos\.dev\/metal-installer(-secureboot)?\/([0-9a-f]{64}):/.exec(image);
  return match === null
    ? { installer: image }
    : without({ schematic: match[2], secureboot: match[1] === undefined ? undefined : true });
}

interface ClusterFacts {
  readonly secrets: string;
  readonly nodes: readonly DraftNode[];
}

function clusterValues(plane: MachineConfig, { secrets, nodes }: ClusterFacts): PlainMap {
  const legacy = legacyOf(plane);
  const [cluster] = documentsOf(plane, 'KubeClusterConfig');
  const [network] = documentsOf(plane, 'KubeNetworkConfig');
  const url =
    asText(valueAt(legacy, 'cluster', 'controlPlane', 'endpoint')) ?? asText(valueAt(cluster, 'endpoint')) ?? '';
  const talos = tagOf(installerOf(plane)) ?? 'v1.13.9';
  const kubelet =
    asText(valueAt(legacy, 'machine', 'kubelet', 'image')) ??
    plane.documents.map(({ value }) => asText(value['image'])).find((text) => text?.includes('/kubelet:') === true);
  const words = mapAt(legacy, 'cluster', 'network');
  const isDocumented = isAtLeastMinor(talos, '1.14');
  const name =
    asText(valueAt(legacy, 'cluster', 'clusterName')) ?? asText(valueAt(cluster, 'clusterName')) ?? 'cluster';
  return without({
    ichor: 1,
    name: name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-'),
    endpoint: endpointWord(url, nodes),
    talos,
    kubernetes: tagOf(kubelet) ?? 'v1.36.0',
    secrets,
    network: without({
      pods: rangeWord(words['podSubnets'] ?? network?.['podSubnets']),
      services: rangeWord(words['serviceSubnets'] ?? network?.['serviceSubnets']),
      domain: domainWord(asText(words['dnsDomain']) ?? asText(network?.['dnsDomain'])),
      cni: !isDocumented && valueAt(words, 'cni', 'name') === 'none' ? 'none' : undefined,
      kubeProxy: valueAt(legacy, 'cluster', 'proxy', 'disabled') === true ? false : undefined,
    }),
    scheduling: valueAt(legacy, 'cluster', 'allowSchedulingOnControlPlanes') === true ? true : undefined,
  });
}

function endpointWord(url: string, nodes: readonly DraftNode[]): unknown {
  if (!URL.canParse(url))
    throw new IchorError('invalid-input', `the endpoint ${JSON.stringify(url)} of these configs is no URL`);
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const isNode = nodes.some(
    ({ role, name, values }) =>
      role === 'controlplane' && (name === host || jsonText(values['address']).includes(`"${host}`)),
  );
  return isNode ? url : { url, outside: 'no node of these configs; say what stands there' };
}

function rangeWord(list: unknown): unknown {
  const texts = textList(list);
  return texts.length === 0 ? undefined : texts.length === 1 ? texts[0] : texts;
}

function domainWord(domain: string | undefined): string | undefined {
  return domain === 'cluster.local' ? undefined : domain;
}

function tagOf(image: string | undefined): string | undefined {
  return image === undefined ? undefined : /:(v\d+\.\d+\.\d+[^@]*)/.exec(image)?.[1];
}
