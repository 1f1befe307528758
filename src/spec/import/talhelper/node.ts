/** A talhelper node's own settings, network and image apart: install disk, labels, taints, volumes, and patches for what has no word. */
import {
  hasKubernetesDocuments,
  hasNetworkDocuments,
  parseContract,
  excludesControlPlanesFromLoadBalancers,
} from '../../../talos/contract.ts';
import type { SecretsBundle } from '../../../talos/secrets-bundle.ts';
import { isRecord } from '../../patch-facts.ts';
import type { DraftPatch } from '../draft.ts';
import { asText, recordList, textList, textMap } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { document, without } from './devices.ts';
import { patchYaml } from './links.ts';
import { evaluatedMap, extensionDocuments, firewallDocuments, templateData } from './made.ts';
import type { Project, ProjectNode } from './project.ts';
import { volumesDraft } from './volumes.ts';

export interface NodeSettings {
  readonly values: PlainMap;
  readonly patches: readonly DraftPatch[];
}

export function nodeSettings(project: Project, node: ProjectNode, bundle: SecretsBundle): NodeSettings {
  const { values } = node;
  const { volumes, documents } = volumesDraft(values);
  const nameservers = textList(values['nameservers']);
  const certSANs = [
    ...textList(project.values['additionalMachineCertSans']),
    ...(node.isControlPlane ? textList(project.values['additionalApiServerCertSans']) : []),
    ...textList(values['certSANs']),
  ];
  const legacy = templateData(project, node, bundle);
  const install = installWord(values);
  return {
    values: without({
      install: install.word,
      nameservers: nameservers.length > 0 ? nameservers : undefined,
      labels: nonEmptyMap(evaluatedMap(node, 'nodeLabels', legacy)),
      annotations: nonEmptyMap(evaluatedMap(node, 'nodeAnnotations', legacy)),
      taints: nonEmptyMap(textMap(values['nodeTaints'])),
      certSANs: certSANs.length > 0 ? [...new Set(certSANs)] : undefined,
      volumes: nonEmptyMap(volumes),
    }),
    patches: [
      ...install.patches,
      ...machinePatches(project, node),
      ...[
        ...documents,
        ...firewallDocuments(values['ingressFirewall']),
        ...extensionDocuments(values['extensionServices']),
      ].map((body) => ({
        text: patchYaml(body),
      })),
    ],
  };
}

interface InstallWord {
  readonly word: PlainMap | undefined;
  readonly patches: readonly DraftPatch[];
}

/** Both a disk and a selector may be said; Talos takes the selector first, and so does the file. */
function installWord(values: PlainMap): InstallWord {
  const disk = asText(values['installDisk']) ?? '';
  const selector = isRecord(values['installDiskSelector']) ? values['installDiskSelector'] : undefined;
  if (selector === undefined) return { word: disk === '' ? undefined : { disk }, patches: [] };
  const written = Object.fromEntries(
    Object.entries(selector).map(([key, value]) => [
      key,
      key === 'size' ? sizeWord(asText(value) ?? '') : (asText(value) ?? ''),
    ]),
  );
  const patch = { text: patchYaml({ machine: { install: { disk } } }), comment: 'the selector has the last word' };
  return { word: { disk: written }, patches: disk === '' ? [] : [patch] };
}

/** Talos' reader does not mind how a unit is spelt: `<= 300Gb` → `<= 300GB`. */
function sizeWord(text: string): string {
  return text.replace(
    /([kmgtp])(i?)b?\s*$/i,
    (_, unit: string, binary: string) => `${unit.toUpperCase()}${binary.toLowerCase()}B`,
  );
}

function machinePatches(project: Project, node: ProjectNode): readonly DraftPatch[] {
  const { values } = node;
  const contract = parseContract(project.talos);
  const modules = recordList(values['kernelModules']);
  const files = recordList(values['machineFiles']);
  const disks = recordList(values['machineDisks']);
  const found: DraftPatch[] = [];
  const add = (machine: PlainMap, comment?: string): void => {
    found.push({ text: patchYaml({ machine }), ...(comment !== undefined && { comment }) });
  };
  if (modules.length > 0) add({ kernel: { modules } });
  if (files.length > 0) add({ files });
  if (disks.length > 0) add({ disks }, 'deprecated; `volumes:` does the same on a disk that may be wiped');
  const dropsLabel =
    node.isControlPlane && isRecord(values['nodeLabels']) && excludesControlPlanesFromLoadBalancers(contract);
  if (dropsLabel && !hasKubernetesDocuments(contract)) {
    add(
      { nodeLabels: { 'node.kubernetes.io/exclude-from-external-load-balancers': { $patch: 'delete' } } },
      'talhelper drops this label of Talos as soon as a node has labels of its own',
    );
  }
  if (values['disableSearchDomain'] === true) {
    if (hasNetworkDocuments(contract))
      found.push({ text: patchYaml(document('ResolverConfig', { searchDomains: { disableDefault: true } })) });
    else add({ network: { disableSearchDomain: true } });
  }
  return found;
}

function nonEmptyMap(map: PlainMap): PlainMap | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}
