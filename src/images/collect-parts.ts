/** Gathers what hardware, extensions and arguments bring to an image, each with its reason. */
import { findExtension, shortName } from '../catalog/extensions/extensions.ts';
import type { CatalogFinding } from '../catalog/finding.ts';
import { findHardware } from '../catalog/hardware/hardware.ts';
import type { HardwareProfile } from '../catalog/hardware/profile.ts';
import { findKernelArgument, isRemoval, keyOf } from '../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor, tagOf } from '../catalog/version.ts';
import { IchorError } from '../errors.ts';
import type { SchematicOverlay } from '../talos/schematic/schematic.ts';
import type { ImagePart, ImageRequest } from './image-request.ts';

export interface ResolvedProfiles {
  readonly profiles: readonly HardwareProfile[];
  readonly findings: readonly CatalogFinding[];
}

/** Hardware that the catalogue does not know is an error. */
export function resolveProfiles(request: ImageRequest): ResolvedProfiles {
  const profiles: HardwareProfile[] = [];
  for (const name of request.hardware ?? []) {
    const lookup = findHardware(name);
    if (lookup.kind === 'unknown') throw unknownHardware(name, lookup.nearest);
    profiles.push(lookup.profile);
  }
  return { profiles, findings: profiles.flatMap((profile) => profileFindings(profile, request)) };
}

function unknownHardware(name: string, guess: string | undefined): IchorError {
  const nearest = guess === undefined ? '' : `; did you mean ${guess}?`;
  return new IchorError('invalid-input', `the catalogue knows no hardware ${JSON.stringify(name)}${nearest}`, {
    hint: '`ichor explain hardware` lists all names.',
  });
}

function profileFindings(profile: HardwareProfile, { talos, arch }: ImageRequest): readonly CatalogFinding[] {
  const { name, since, source, notes } = profile;
  const findings: CatalogFinding[] = [];
  if (since !== undefined && !isAtLeastMinor(talos, since)) {
    findings.push({
      severity: 'error',
      rule: 'hardware-needs-newer-talos',
      message: `${name} needs Talos ${since} or later, not ${tagOf(talos)}`,
      source,
    });
  }
  if (profile.arch !== undefined && profile.arch !== arch) {
    findings.push({
      severity: 'error',
      rule: 'hardware-architecture',
      message: `${name} is ${profile.arch}, and the machine is ${arch}`,
    });
  }
  if (profile.extensions.length === 0 && profile.overlay === undefined && notes !== undefined) {
    findings.push({
      severity: 'notice',
      rule: 'hardware-without-extension',
      message: `${name}: ${notes.join(' ')}`,
      source,
    });
  }
  return findings;
}

/** Where a part comes from, as it stands in the spec. */
export function originOf({ group, name }: HardwareProfile): string {
  return `${group === 'feature' ? 'feature' : 'hardware'} ${name}`;
}

export interface CollectedExtensions {
  readonly names: readonly string[];
  readonly parts: readonly ImagePart[];
  /** All that was written by hand, for the lint. */
  readonly written: readonly string[];
}

/** A list written by hand keeps its order, on which its id depends; as soon as hardware adds to it, the set is sorted: same set, same id. */
export function collectExtensions(
  { extensions = [], talos }: ImageRequest,
  profiles: readonly HardwareProfile[],
): CollectedExtensions {
  const wants = [
    ...profiles.flatMap((profile) => profile.extensions.map((name) => ({ name, because: originOf(profile) }))),
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
export function collectArgs(
  { kernelArgs = [] }: ImageRequest,
  profiles: readonly HardwareProfile[],
): readonly ImagePart[] {
  const written = new Set(kernelArgs.map(keyOf));
  const brought = uniqueBy(
    profiles.flatMap((profile) => (profile.kernelArgs ?? []).map((text) => ({ text, because: originOf(profile) }))),
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

/** The board's boot files, unless the request names others. Two boards at once are no machine. */
export function collectOverlay(
  request: ImageRequest,
  profiles: readonly HardwareProfile[],
): SchematicOverlay | undefined {
  if (request.overlay !== undefined) return request.overlay;
  const boards = profiles.filter(({ overlay }) => overlay !== undefined);
  if (boards.length > 1) {
    throw new IchorError('invalid-input', `one machine cannot be ${boards.map(({ name }) => name).join(' and ')}`, {
      hint: 'Name one board.',
    });
  }
  return boards[0]?.overlay;
}

export function uniqueBy<T>(items: readonly T[], keyOfItem: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOfItem(item), item])).values()];
}
