/** The installer image that talhelper writes: `talosImageURL` with the version's tag, or the factory's for the node's schematic. */
import { schematicId } from '../../../talos/schematic/schematic.ts';
import { isRecord, valueAt } from '../../patch-facts.ts';
import { asText } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import type { Project, ProjectNode } from './project.ts';

export function installerImage(project: Project, node: ProjectNode): string {
  const own = asText(node.values['talosImageURL']) ?? '';
  if (own !== '') return `${own}:${project.talos}`;
  const factory = factoryOf(project);
  const { mode, secureboot } = machineSpecOf(node);
  const data: Readonly<Record<string, string | boolean>> = {
    RegistryURL: asText(factory['registryURL']) ?? 'factory.talos.dev',
    ID: schematicId(JSON.stringify(schematicOf(node))).id,
    Version: project.talos,
    Mode: mode,
    Secureboot: secureboot,
  };
  const template = asText(factory['installerURLTmpl']);
  if (template === undefined)
    return `${data['RegistryURL']}/${mode}-installer${secureboot ? '-secureboot' : ''}/${data['ID']}:${project.talos}`;
  return template
    .replaceAll(/\{\{-?\s*if\s+\.(\w+)\s*-?\}\}(.*?)\{\{-?\s*end\s*-?\}\}/g, (_, name: string, body: string) =>
      data[name] === true ? body : '',
    )
    .replaceAll(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (_, name: string) => String(data[name] ?? ''));
}

export interface MachineSpec {
  readonly mode: string;
  readonly arch: string;
  readonly secureboot: boolean;
  readonly written: PlainMap;
}

export function machineSpecOf(node: ProjectNode): MachineSpec {
  const written = isRecord(node.values['machineSpec']) ? node.values['machineSpec'] : {};
  return {
    mode: asText(written['mode']) ?? 'metal',
    arch: asText(written['arch']) ?? 'amd64',
    secureboot: written['secureboot'] === true,
    written,
  };
}

export function factoryOf(project: Project): PlainMap {
  const { imageFactory } = project.values;
  return isRecord(imageFactory) ? imageFactory : {};
}

/** As talhelper reads it: keys that it does not know are not part of the schematic. */
export function schematicOf(node: ProjectNode): PlainMap {
  const { schematic } = node.values;
  const customization = partOf(valueAt(schematic, 'customization'), CUSTOMIZATION_KEYS);
  const overlay = partOf(valueAt(schematic, 'overlay'), ['image', 'name', 'options']);
  return { ...(Object.keys(overlay).length > 0 && { overlay }), customization };
}

const CUSTOMIZATION_KEYS = [
  'extraKernelArgs',
  'meta',
  'systemExtensions',
  'secureboot',
  'bootloader',
  'embeddedMachineConfiguration',
];

function partOf(map: unknown, keys: readonly string[]): PlainMap {
  if (!isRecord(map)) return {};
  return Object.fromEntries(Object.entries(map).filter(([key, value]) => keys.includes(key) && value !== null));
}
