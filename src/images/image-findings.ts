/** What speaks against an image as it was asked for: extensions, arguments, META. */
import { findExtension, shortName } from '../catalog/extensions/extensions.ts';
import { lintExtensions } from '../catalog/extensions/lint.ts';
import type { CatalogFinding } from '../catalog/finding.ts';
import type { KernelModule } from '../catalog/hardware/profile.ts';
import { lintKernelArgs } from '../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor, tagOf } from '../catalog/version.ts';
import type { CollectedExtensions } from './collect-parts.ts';
import type { ImagePart, ImageRequest } from './image-request.ts';
import { isPublicFactory } from './urls.ts';

export interface ImageParts {
  readonly extensions: CollectedExtensions;
  readonly args: readonly ImagePart[];
  readonly modules: readonly KernelModule[];
}

export function imageFindings(
  request: ImageRequest,
  { extensions, args, modules }: ImageParts,
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
