/** Kernel modules and sysctls that the node's hardware and storage profiles ask for (catalog/hardware). Their images are made elsewhere. */
import { IchorError } from '../../errors.ts';
import { findHardware } from '../../catalog/hardware/hardware.ts';
import type { KernelModule } from '../../catalog/hardware/profile.ts';
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { NodeSpec } from '../../spec/model.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

export function hardwareSettings(node: NodeSpec, minor: TalosMinor): readonly Setting[] {
  const modules = new Map<string, KernelModule>();
  const sysctls: Record<string, string> = {};
  for (const name of node.hardware) {
    const lookup = findHardware(name);
    if (lookup.kind !== 'exact') {
      throw new IchorError('invalid-input', `${node.name}: there is no hardware profile ${name}`, { hint: lookup.nearest === undefined ? '`ichor explain hardware` lists the profiles.' : `Did you mean ${lookup.nearest}?` });
    }
    for (const module of lookup.profile.modules ?? []) modules.set(module.name, module);
    Object.assign(sysctls, lookup.profile.sysctls);
  }
  const from = ['nodes', node.name, 'hardware'];
  const settings: Setting[] = [];
  if (modules.size > 0) settings.push({ from, fragments: moduleFragments([...modules.values()], minor) });
  if (Object.keys(sysctls).length > 0) {
    settings.push({ from, fragments: [isAtLeast(minor, '1.14') ? talosDocument('SysctlConfig', { params: sysctls }) : { machine: { sysctls } }] });
  }
  return settings;
}

function moduleFragments(modules: readonly KernelModule[], minor: TalosMinor): readonly Fragment[] {
  const entries = modules.map(({ name, parameters }) => compact({ name, parameters }));
  if (isAtLeast(minor, '1.14')) return entries.map((entry) => talosDocument('KernelModuleConfig', entry));
  return [{ machine: { kernel: { modules: entries } } }];
}
