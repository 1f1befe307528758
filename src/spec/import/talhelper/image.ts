/** The image of a talhelper node in the cluster file's words: by what it holds where that gives the same installer, else by its id. */
import { schematicId } from '../../../talos/schematic/schematic.ts';
import { valueAt } from '../../patch-facts.ts';
import { asText, textList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { without } from './devices.ts';
import { factoryOf, installerImage, machineSpecOf, schematicOf } from './installer.ts';
import type { Project, ProjectNode } from './project.ts';

export interface ImageWord {
  readonly talos: string;
  readonly platform: string;
  /** The `image:` of a cluster file. */
  readonly image: PlainMap;
}

/** Undefined when the wants cannot be planned. */
export type InstallerOf = (wants: ImageWord) => string | undefined;

export interface ImageDraft {
  readonly platform?: string;
  readonly image?: PlainMap;
}

export function imageDraft(project: Project, node: ProjectNode, installerOf: InstallerOf): ImageDraft {
  const { mode, arch, secureboot } = machineSpecOf(node);
  const wanted = installerImage(project, node);
  const common = without({
    factory: factoryAddress(project),
    secureboot: secureboot ? true : undefined,
    arch: arch === 'arm64' ? arch : undefined,
  });
  const plan = (image: PlainMap): string | undefined => installerOf({ talos: project.talos, platform: mode, image });
  const candidates = candidatesFor(node).map((image) => ({ ...common, ...image }));
  const found = candidates.find((image) => plan(image) === wanted) ??
    sameImage(node, common) ?? { ...common, installer: wanted };
  return { ...(mode !== 'metal' && { platform: mode }), ...(Object.keys(found).length > 0 && { image: found }) };
}

/** From the most readable on. */
function candidatesFor(node: ProjectNode): readonly PlainMap[] {
  if ((asText(node.values['talosImageURL']) ?? '') !== '') {
    const parts = factoryParts(asText(node.values['talosImageURL']) ?? '');
    return parts === undefined ? [] : [parts];
  }
  const schematic = schematicOf(node);
  const customization = valueAt(schematic, 'customization');
  const extensions = textList(valueAt(customization, 'systemExtensions', 'officialExtensions'));
  const kernelArgs = textList(valueAt(customization, 'extraKernelArgs'));
  const said = (names: readonly string[]): PlainMap =>
    without({
      extensions: names.length > 0 ? names : undefined,
      kernelArgs: kernelArgs.length > 0 ? kernelArgs : undefined,
    });
  return [
    said(extensions.map((name) => name.replace(/^siderolabs\//, ''))),
    said(extensions),
    { schematic: schematicId(JSON.stringify(schematic)).id },
  ];
}

/** An older name of the factory for the same image: `factory.talos.dev/installer/ID` where it says `metal-installer` today. */
function sameImage(node: ProjectNode, common: PlainMap): PlainMap | undefined {
  const parts = factoryParts(asText(node.values['talosImageURL']) ?? '');
  return parts === undefined ? undefined : { ...common, ...parts };
}

function factoryParts(repository: string): PlainMap | undefined {
  const match = /^([^/]+)\/(?:[a-z0-9-]+?-)?installer(-secureboot)?\/([0-9a-f]{64})$/.exec(repository);
  if (match === null) return undefined;
  const [, host, secureboot, schematic] = match;
  return without({
    schematic,
    factory: host === 'factory.talos.dev' ? undefined : `https://${host}`,
    secureboot: secureboot === undefined ? undefined : true,
  });
}

function factoryAddress(project: Project): string | undefined {
  const factory = factoryOf(project);
  const registry = asText(factory['registryURL']);
  if (registry === undefined || registry === 'factory.talos.dev') return undefined;
  return registry.includes('://') ? registry : `${asText(factory['protocol']) ?? 'https'}://${registry}`;
}
