/** Kernel modules and sysctls that come with the node's image: what its hardware and storage profiles ask for. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { NodeSpec } from '../../spec/model.ts';
import { compact, talosDocument, type Setting } from '../setting.ts';

/** What render must know of a node's image; `images/` plans it. */
export interface NodeImage {
  /** The reference that the node installs from. */
  readonly installer: string;
  readonly modules: readonly { readonly name: string; readonly parameters?: readonly string[] }[];
  readonly sysctls: Readonly<Record<string, string>>;
}

export function hardwareSettings(node: NodeSpec, image: NodeImage, minor: TalosMinor): readonly Setting[] {
  const from = ['nodes', node.name, 'hardware'];
  const isDocumented = isAtLeast(minor, '1.14');
  const settings: Setting[] = [];
  if (image.modules.length > 0) {
    const modules = image.modules.map(({ name, parameters }) => compact({ name, parameters }));
    const fragments = isDocumented
      ? modules.map((module) => talosDocument('KernelModuleConfig', module))
      : [{ machine: { kernel: { modules } } }];
    settings.push({ from, fragments });
  }
  if (Object.keys(image.sysctls).length > 0) {
    const fragment = isDocumented
      ? talosDocument('SysctlConfig', { params: image.sysctls })
      : { machine: { sysctls: image.sysctls } };
    settings.push({ from, fragments: [fragment] });
  }
  return settings;
}
