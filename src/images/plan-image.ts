/**
 * From what a person names (hardware, extensions, arguments) to the schematic of a node's image, its id and its addresses, with
 * the reason of every part. Pure: the id is computed, no factory is asked.
 */
import { qualifiedName } from '../catalog/extensions/extension.ts';
import { findExtension } from '../catalog/extensions/extensions.ts';
import type { CatalogFinding } from '../catalog/finding.ts';
import { modulesOf, sysctlsOf } from '../catalog/hardware/hardware.ts';
import type { HardwareProfile, KernelModule } from '../catalog/hardware/profile.ts';
import { commandLine } from '../catalog/kernel-args/kernel-args.ts';
import { IchorError } from '../errors.ts';
import { checkedValue } from '../talos/meta/transport.ts';
import { isSchematicId, schematicId } from '../talos/schematic/schematic.ts';
import type { Schematic, SchematicOverlay } from '../talos/schematic/schematic.ts';
import {
  collectArgs,
  collectExtensions,
  collectOverlay,
  originOf,
  resolveProfiles,
  uniqueBy,
} from './collect-parts.ts';
import { imageFindings } from './image-findings.ts';
import type { ImagePart, ImageRequest } from './image-request.ts';
import type { Arch, ImageUrls } from './urls.ts';
import { imageUrls } from './urls.ts';

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
  const hardware = resolveProfiles(request);
  const extensions = collectExtensions(request, hardware.profiles);
  const args = collectArgs(request, hardware.profiles);
  const modules = uniqueBy(
    hardware.profiles.flatMap((profile) => modulesOf(profile, request.talos)),
    ({ name }) => name,
  );
  const overlay = collectOverlay(request, hardware.profiles);
  const identity = identify(request, { extensions: extensions.names, args, overlay });
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
    explain: [
      ...extensions.parts,
      ...args,
      ...otherParts({ ...request, ...(overlay === undefined ? {} : { overlay }) }, hardware.profiles),
    ],
    findings: [...hardware.findings, ...imageFindings(request, { extensions, args, modules })],
  };
}

interface Identified {
  readonly schematic?: Schematic;
  readonly schematicId: string;
  readonly schematicIdOlder?: string;
}

interface SchematicParts {
  readonly extensions: readonly string[];
  readonly args: readonly ImagePart[];
  readonly overlay: SchematicOverlay | undefined;
}

function identify(request: ImageRequest, parts: SchematicParts): Identified {
  if (request.schematic !== undefined) {
    if (!isSchematicId(request.schematic))
      throw new IchorError('invalid-input', `${JSON.stringify(request.schematic)} is no schematic id`, {
        hint: 'It has 64 hexadecimal digits; `ichor image id FILE` computes the id of a schematic file.',
      });
    return { schematicId: request.schematic };
  }
  const schematic = schematicOf(request, parts);
  const { id, idOlder } = schematicId(schematic);
  return { schematic, schematicId: id, ...(idOlder === undefined ? {} : { schematicIdOlder: idOlder }) };
}

function schematicOf(request: ImageRequest, { extensions, args, overlay }: SchematicParts): Schematic {
  const { bootloader, embeddedMachineConfiguration, meta = [], talos } = request;
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
        because: originOf(profile),
        purpose: profile.title,
        source: profile.source,
      })),
    ),
    ...profiles.flatMap((profile) =>
      Object.entries(sysctlsOf(profile, talos)).map(([key, value]): ImagePart => ({
        kind: 'sysctl',
        text: `${key}=${value}`,
        because: originOf(profile),
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
