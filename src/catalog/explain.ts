/** `explain`: one answer for an extension, a hardware name or a kernel argument, whatever the word turns out to be. */
import { extensionSource } from './extensions/extension.ts';
import type { Extension } from './extensions/extension.ts';
import { EXTENSIONS, findExtension, shortName } from './extensions/extensions.ts';
import { HARDWARE, findHardware } from './hardware/hardware.ts';
import type { HardwareProfile } from './hardware/profile.ts';
import type { KernelArgument } from './kernel-args/argument.ts';
import { KERNEL_ARGUMENTS } from './kernel-args/data.ts';
import { findKernelArgument } from './kernel-args/kernel-args.ts';
import { nearestSeveral } from './nearest.ts';

export type Explanation =
  | {
      readonly kind: 'extension';
      readonly extension: Extension;
      readonly text: readonly string[];
      readonly source: string;
    }
  | {
      readonly kind: 'hardware';
      readonly profile: HardwareProfile;
      readonly text: readonly string[];
      readonly source: string;
    }
  | {
      readonly kind: 'kernel-argument';
      readonly argument: KernelArgument;
      readonly text: readonly string[];
      readonly source: string;
    }
  | { readonly kind: 'unknown'; readonly term: string; readonly nearest: readonly string[] };

/** Every meaning of the word, several when it is an extension and a hardware name alike; one `unknown` when it has none. */
export function explain(term: string, talos: string): readonly Explanation[] {
  const found: Explanation[] = [];
  const hardware = findHardware(term);
  if (hardware.kind === 'exact')
    found.push({
      kind: 'hardware',
      profile: hardware.profile,
      text: hardwareText(hardware.profile),
      source: hardware.profile.source,
    });
  const extension = findExtension(term, talos);
  if (extension.kind !== 'unknown') {
    const notice =
      extension.kind === 'renamed'
        ? [extension.notice]
        : extension.kind === 'unavailable'
          ? [`Not in Talos ${talos}: from ${extension.since} on.`]
          : [];
    found.push({
      kind: 'extension',
      extension: extension.extension,
      text: [...notice, ...extensionText(extension.extension)],
      source: extensionSource(extension.extension),
    });
  }
  const argument = findKernelArgument(term);
  if (argument !== undefined)
    found.push({ kind: 'kernel-argument', argument, text: argumentText(argument), source: argument.source });
  if (found.length > 0) return found;
  const known = [
    ...HARDWARE.map(({ name }) => name),
    ...EXTENSIONS.map(({ name }) => name),
    ...KERNEL_ARGUMENTS.map(({ key }) => key),
  ];
  return [
    {
      kind: 'unknown',
      term,
      nearest:
        extension.kind === 'unknown' && extension.nearest.length > 0
          ? extension.nearest
          : nearestSeveral(shortName(term), known, 3),
    },
  ];
}

function extensionText(extension: Extension): readonly string[] {
  return [
    `${extension.purpose}.`,
    `In Talos ${extension.since} and later${extension.arch === 'both' ? '' : `, ${extension.arch} only`}; ${extension.category}, tier ${extension.tier}.`,
    ...(extension.modules === undefined ? [] : [`Kernel modules to list: ${extension.modules.join(', ')}.`]),
    ...(extension.modulesNote === undefined ? [] : [extension.modulesNote]),
    ...(extension.services === undefined ? [] : [`Services: ${extension.services.join(', ')}.`]),
    ...(extension.config === undefined
      ? []
      : [
          `ExtensionServiceConfig ${extension.config.document} ${extension.config.isRequired ? 'is required' : 'is optional'}: ${extension.config.reads}.`,
        ]),
    ...(extension.note === undefined ? [] : [extension.note]),
  ];
}

function hardwareText(profile: HardwareProfile): readonly string[] {
  return [
    `${profile.title}.`,
    profile.extensions.length === 0 ? 'No extension.' : `Extensions: ${profile.extensions.join(', ')}.`,
    ...(profile.since === undefined ? [] : [`From Talos ${profile.since} on.`]),
    ...(profile.kernelArgs === undefined ? [] : [`Kernel arguments: ${profile.kernelArgs.join(' ')}.`]),
    ...(profile.modules === undefined
      ? []
      : [
          `Kernel modules: ${profile.modules.map(({ name, parameters = [] }) => [name, ...parameters].join(' ')).join(', ')}.`,
        ]),
    ...(profile.sysctls === undefined
      ? []
      : [
          `Sysctls: ${Object.entries(profile.sysctls)
            .map(([key, value]) => `${key}=${value}`)
            .join(', ')}.`,
        ]),
    ...(profile.checks ?? []).map((check) => `Check: ${check}.`),
    ...(profile.inCluster === undefined ? [] : [`In the cluster: ${profile.inCluster}`]),
    ...(profile.notes ?? []),
  ];
}

function argumentText(argument: KernelArgument): readonly string[] {
  return [
    argument.meaning,
    ...(argument.default === undefined ? [] : [`Default: ${argument.default}.`]),
    ...(argument.since === undefined ? [] : [`From Talos ${argument.since} on.`]),
    ...(argument.until === undefined ? [] : [`Up to Talos ${argument.until}.`]),
    ...(argument.isEnforced === true ? ['Talos does not boot without it.'] : []),
    ...(argument.note === undefined ? [] : [argument.note]),
  ];
}
