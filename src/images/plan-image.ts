/**
 * From what a person names (hardware, extensions, arguments) to the schematic of a node's image, its id and its addresses, with
 * the reason of every part. Pure: the id is computed, no factory is asked.
 */
import { findExtension, shortName } from '../catalog/extensions/extensions.ts';
import { qualifiedName } from '../catalog/extensions/extension.ts';
import { lintExtensions } from '../catalog/extensions/lint.ts';
import type { ExtensionUse } from '../catalog/extensions/lint.ts';
import type { CatalogFinding } from '../catalog/finding.ts';
import { findHardware, modulesOf, sysctlsOf } from '../catalog/hardware/hardware.ts';
import type { HardwareProfile, KernelModule } from '../catalog/hardware/profile.ts';
import {
  commandLine,
  findKernelArgument,
  isRemoval,
  keyOf,
  lintKernelArgs,
} from '../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor, tagOf } from '../catalog/version.ts';
import { IchorError } from '../errors.ts';
import { checkedValue } from '../talos/meta/transport.ts';
import type { MetaValue } from '../talos/meta/transport.ts';
import { isSchematicId, schematicId } from '../talos/schematic/schematic.ts';
import type { Schematic, SchematicCustomization, SchematicOverlay } from '../talos/schematic/schematic.ts';
import type { Arch, ImageUrls } from './urls.ts';
import { imageUrls, isPublicFactory } from './urls.ts';

export interface ImageRequest {
  readonly talos: string;
  readonly platform: string;
  readonly arch: Arch;
  readonly secureboot?: boolean;
  /** Names of the catalogue. */
  readonly hardware?: readonly string[];
  /** With or without `siderolabs/`. */
  readonly extensions?: readonly string[];
  /** `-key` and `-key=value` take an argument away: one of a profile, else one of the imager's. */
  readonly kernelArgs?: readonly string[];
  readonly meta?: readonly MetaValue[];
  readonly overlay?: SchematicOverlay;
  readonly bootloader?: SchematicCustomization['bootloader'];
  readonly embeddedMachineConfiguration?: string;
  /** The id of a schematic that exists already: everything above that would go into one is then not used. */
  readonly schematic?: string;
  /** An own installer image instead of the factory's. */
  readonly installer?: string;
  readonly factory?: string;
  readonly pxeFactory?: string;
  readonly registry?: string;
  /** What the lint of extensions may know besides. */
  readonly use?: Pick<ExtensionUse, 'serviceConfigs' | 'modules' | 'addons' | 'isVirtual'>;
}

export interface ImagePart {
  readonly kind: 'extension' | 'kernel-argument' | 'kernel-module' | 'sysctl' | 'meta' | 'overlay';
  readonly text: string;
  /** `hardware amd-gpu`, `image.extensions` … */
  readonly because: string;
  readonly purpose: string;
  readonly source?: string;
}

export interface ImagePlan {
  readonly talos: string;
  readonly platform: string;
  readonly arch: Arch;
  readonly secureboot: boolean;
  /** Absent when the request names an id. */
  readonly schematic?: Schematic;
  readonly schematicId: string;
  /** What an image-factory of 1.4.0 or before calls the same schematic; only when it differs. */
  readonly schematicIdOlder?: string;
  /** Short names. */
  readonly extensions: readonly string[];
  /** As they stand in the schematic. */
  readonly kernelArgs: readonly string[];
  /** For the machine config. */
  readonly modules: readonly KernelModule[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** What to look at after boot. */
  readonly checks: readonly string[];
  /** The command line of an installed system. */
  readonly commandLine: readonly string[];
  readonly urls: ImageUrls;
  readonly explain: readonly ImagePart[];
  readonly findings: readonly CatalogFinding[];
}

export function planImage(request: ImageRequest): ImagePlan {
  const hardware = resolveHardware(request);
  const extensions = collectExtensions(request, hardware.profiles);
  const args = collectArgs(request, hardware.profiles);
  const modules = uniqueBy(
    hardware.profiles.flatMap((profile) => modulesOf(profile, request.talos)),
    ({ name }) => name,
  );
  const identity = identify(request, extensions.names, args);
  const secureboot = request.secureboot === true;
  const { talos, platform, arch } = request;
  const urls = imageUrls({
    ...identity,
    talos,
    platform,
    arch,
    secureboot,
    factory: request.factory,
    pxeFactory: request.pxeFactory,
    registry: request.registry,
  });
  return {
    talos,
    platform,
    arch,
    secureboot,
    ...identity,
    extensions: extensions.names,
    kernelArgs: args.map(({ text }) => text),
    modules,
    sysctls: Object.assign({}, ...hardware.profiles.map((profile) => sysctlsOf(profile, talos))),
    checks: hardware.profiles.flatMap((profile) => profile.checks ?? []),
    commandLine: commandLine({
      talos,
      platform,
      arch,
      medium: 'disk',
      secureboot,
      extra: args.map(({ text }) => text),
    }),
    urls: request.installer === undefined ? urls : { ...urls, installer: request.installer },
    explain: [...extensions.parts, ...args, ...otherParts(request, hardware.profiles)],
    findings: [...hardware.findings, ...lint(request, extensions, args, modules)],
  };
}

interface ResolvedHardware {
  readonly profiles: readonly HardwareProfile[];
  readonly findings: readonly CatalogFinding[];
}

function resolveHardware({ hardware = [], talos, arch }: ImageRequest): ResolvedHardware {
  const profiles: HardwareProfile[] = [];
  const findings: CatalogFinding[] = [];
  for (const name of hardware) {
    const lookup = findHardware(name);
    if (lookup.kind === 'unknown') {
      throw new IchorError(
        'invalid-input',
        `the catalogue knows no hardware ${JSON.stringify(name)}${lookup.nearest === undefined ? '' : `; did you mean ${lookup.nearest}?`}`,
        { hint: '`ichor explain hardware` lists all names.' },
      );
    }
    const { profile } = lookup;
    profiles.push(profile);
    if (profile.since !== undefined && !isAtLeastMinor(talos, profile.since)) {
      findings.push({
        severity: 'error',
        rule: 'hardware-needs-newer-talos',
        message: `${name} needs Talos ${profile.since} or later, not ${tagOf(talos)}`,
        source: profile.source,
      });
    }
    if (profile.arch !== undefined && profile.arch !== arch) {
      findings.push({
        severity: 'error',
        rule: 'hardware-architecture',
        message: `${name} is ${profile.arch}, and the machine is ${arch}`,
      });
    }
    if (profile.extensions.length === 0 && profile.notes !== undefined) {
      findings.push({
        severity: 'notice',
        rule: 'hardware-without-extension',
        message: `${name}: ${profile.notes.join(' ')}`,
        source: profile.source,
      });
    }
  }
  return { profiles, findings };
}

interface CollectedExtensions {
  readonly names: readonly string[];
  readonly parts: readonly ImagePart[];
  /** All that was written by hand, for the lint. */
  readonly written: readonly string[];
}

/** A list written by hand keeps its order, on which its id depends; as soon as hardware adds to it, the set is sorted: same set, same id. */
function collectExtensions(
  { extensions = [], talos }: ImageRequest,
  profiles: readonly HardwareProfile[],
): CollectedExtensions {
  const wants = [
    ...profiles.flatMap((profile) => profile.extensions.map((name) => ({ name, because: `hardware ${profile.name}` }))),
    ...extensions.map((name) => ({ name, because: 'image.extensions' })),
  ];
  const parts = new Map<string, ImagePart>();
  for (const { name, because } of wants) {
    const lookup = findExtension(name, talos);
    const short = lookup.kind === 'unknown' ? shortName(name) : lookup.extension.name;
    if (parts.has(short)) continue;
    const purpose = lookup.kind === 'unknown' ? 'unknown to the catalogue' : lookup.extension.purpose;
    parts.set(short, { kind: 'extension', text: short, because, purpose });
  }
  const names = profiles.length > 0 ? [...parts.keys()].toSorted() : [...parts.keys()];
  return { names, parts: [...parts.values()], written: extensions };
}

/** An argument written by hand replaces one of the same key that a profile brings, and its removal takes that one away. */
function collectArgs({ kernelArgs = [] }: ImageRequest, profiles: readonly HardwareProfile[]): readonly ImagePart[] {
  const written = new Set(kernelArgs.map(keyOf));
  const brought = uniqueBy(
    profiles.flatMap((profile) =>
      (profile.kernelArgs ?? []).map((text) => ({ text, because: `hardware ${profile.name}` })),
    ),
    ({ text }) => text,
  );
  const broughtKeys = new Set(brought.map(({ text }) => keyOf(text)));
  const own = [...new Set(kernelArgs)].filter((text) => !(isRemoval(text) && broughtKeys.has(keyOf(text))));
  return [
    ...brought.filter(({ text }) => !written.has(keyOf(text))),
    ...own.map((text) => ({ text, because: 'image.kernelArgs' })),
  ].map(argumentPart);
}

function argumentPart({ text, because }: { readonly text: string; readonly because: string }): ImagePart {
  const known = findKernelArgument(text);
  const meaning = known?.meaning ?? 'unknown to the catalogue';
  const purpose = isRemoval(text) ? `taken away: ${meaning}` : meaning;
  return { kind: 'kernel-argument', text, because, purpose, ...(known === undefined ? {} : { source: known.source }) };
}

interface Identified {
  readonly schematic?: Schematic;
  readonly schematicId: string;
  readonly schematicIdOlder?: string;
}

function identify(request: ImageRequest, extensions: readonly string[], args: readonly ImagePart[]): Identified {
  if (request.schematic !== undefined) {
    if (!isSchematicId(request.schematic))
      throw new IchorError('invalid-input', `${JSON.stringify(request.schematic)} is no schematic id`, {
        hint: 'It has 64 hexadecimal digits; `ichor image id FILE` computes the id of a schematic file.',
      });
    return { schematicId: request.schematic };
  }
  const schematic = schematicOf(request, extensions, args);
  const { id, idOlder } = schematicId(schematic);
  return { schematic, schematicId: id, ...(idOlder === undefined ? {} : { schematicIdOlder: idOlder }) };
}

function schematicOf(request: ImageRequest, extensions: readonly string[], args: readonly ImagePart[]): Schematic {
  const { overlay, bootloader, embeddedMachineConfiguration, meta = [], talos } = request;
  const official = extensions.map((name) => {
    const lookup = findExtension(name, talos);
    return lookup.kind === 'unknown'
      ? name.includes('/')
        ? name
        : `siderolabs/${name}`
      : qualifiedName(lookup.extension);
  });
  return {
    ...(overlay === undefined ? {} : { overlay }),
    customization: {
      ...(embeddedMachineConfiguration === undefined ? {} : { embeddedMachineConfiguration }),
      ...(args.length === 0 ? {} : { extraKernelArgs: args.map(({ text }) => text) }),
      ...(meta.length === 0 ? {} : { meta: meta.map(({ key, value }) => ({ key, value: checkedValue(key, value) })) }),
      ...(official.length === 0 ? {} : { systemExtensions: { officialExtensions: official } }),
      ...(bootloader === undefined ? {} : { bootloader }),
    },
  };
}

function otherParts(
  { meta = [], overlay, talos }: ImageRequest,
  profiles: readonly HardwareProfile[],
): readonly ImagePart[] {
  return [
    ...profiles.flatMap((profile) =>
      modulesOf(profile, talos).map(({ name, parameters = [] }): ImagePart => ({
        kind: 'kernel-module',
        text: [name, ...parameters].join(' '),
        because: `hardware ${profile.name}`,
        purpose: profile.title,
        source: profile.source,
      })),
    ),
    ...profiles.flatMap((profile) =>
      Object.entries(sysctlsOf(profile, talos)).map(([key, value]): ImagePart => ({
        kind: 'sysctl',
        text: `${key}=${value}`,
        because: `hardware ${profile.name}`,
        purpose: profile.title,
        source: profile.source,
      })),
    ),
    ...meta.map(({ key }): ImagePart => ({
      kind: 'meta',
      text: `0x${key.toString(16)}`,
      because: 'image',
      purpose: key === 10 ? 'static network of the machine before it has a configuration' : 'META value',
    })),
    ...(overlay === undefined
      ? []
      : [
          {
            kind: 'overlay',
            text: `${overlay.image} ${overlay.name}`,
            because: 'image',
            purpose: 'boot files of a single-board computer',
          } as const,
        ]),
  ];
}

function lint(
  request: ImageRequest,
  extensions: CollectedExtensions,
  args: readonly ImagePart[],
  modules: readonly KernelModule[],
): readonly CatalogFinding[] {
  if (request.schematic !== undefined) return [];
  const { talos, platform, arch, use = {} } = request;
  const fromHardware = extensions.names.filter(
    (name) =>
      !extensions.written.some((written) => shortName(written) === name || resolvedName(written, talos) === name),
  );
  const listed = use.modules === undefined ? {} : { modules: [...use.modules, ...modules] };
  return [
    ...lintExtensions({
      ...use,
      ...listed,
      extensions: [...extensions.written, ...fromHardware],
      platform,
      talos,
      arch,
    }),
    ...lintKernelArgs(
      args.map(({ text }) => text),
      talos,
    ),
    ...lintMeta(request),
  ];
}

function lintMeta({
  meta = [],
  factory,
  embeddedMachineConfiguration,
  talos,
  secureboot,
  bootloader,
}: ImageRequest): readonly CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  if (meta.length > 0 && isPublicFactory(factory)) {
    findings.push({
      severity: 'notice',
      rule: 'meta-public',
      message:
        'META values in a schematic can be read at the public factory by anyone who knows its id, and every node needs an image of its own',
    });
  }
  if (embeddedMachineConfiguration !== undefined) {
    findings.push({
      severity: isPublicFactory(factory) ? 'error' : 'warning',
      rule: 'embedded-config-readable',
      message: 'a machine configuration in a schematic, with the secrets in it, can be read by anyone who knows its id',
    });
    if (!isAtLeastMinor(talos, '1.12'))
      findings.push({
        severity: 'error',
        rule: 'embedded-config-too-new',
        message: `Talos ${tagOf(talos)} does not read an embedded configuration; 1.12 does`,
      });
  }
  if (secureboot === true && bootloader === 'grub')
    findings.push({ severity: 'error', rule: 'secureboot-grub', message: 'Secure Boot needs sd-boot, not grub' });
  return findings;
}

function resolvedName(written: string, talos: string): string {
  const lookup = findExtension(written, talos);
  return lookup.kind === 'unknown' ? shortName(written) : lookup.extension.name;
}

function uniqueBy<T>(items: readonly T[], keyOfItem: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOfItem(item), item])).values()];
}
