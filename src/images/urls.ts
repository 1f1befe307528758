/**
 * Every address that an Image Factory has for a schematic, built in this one place (talos-5-images §8.2; image-factory
 * `docs/api.md`). Nothing here asks a factory.
 */
import { IchorError } from '../errors.ts';
import { isAtLeastMinor, tagOf } from '../catalog/version.ts';

export const PUBLIC_FACTORY = 'https://factory.talos.dev';
const PUBLIC_PXE_FACTORY = 'https://pxe.factory.talos.dev';
export const VANILLA_INSTALLER_REPOSITORY = 'ghcr.io/siderolabs/installer';

export type Arch = 'amd64' | 'arm64';

export interface ImageTarget {
  readonly schematicId: string;
  readonly talos: string;
  readonly platform: string;
  readonly arch: Arch;
  readonly secureboot: boolean;
  /** `https://factory.example:8080`; the public factory when absent. */
  readonly factory?: string | undefined;
  /** Where PXE scripts are served, when not by the factory itself. */
  readonly pxeFactory?: string | undefined;
  /** Registry host to pull installers from instead of the factory: a mirror. */
  readonly registry?: string | undefined;
}

export interface ImageUrls {
  /** For `machine.install.image` and upgrades: an image reference, not a URL. */
  readonly installer: string;
  readonly iso: string;
  /** An iPXE script. */
  readonly pxe: string;
  readonly kernel: string;
  readonly initramfs: string;
  /** The kernel command line as text, to be completed by own arguments. */
  readonly cmdline: string;
  readonly uki: string;
  readonly diskImage: string;
  /** The schematic itself, as canonical YAML. */
  readonly schematic: string;
}

export function imageUrls(target: ImageTarget): ImageUrls {
  const suffix = target.secureboot ? '-secureboot' : '';
  const profile = `${target.platform}-${target.arch}${suffix}`;
  return {
    installer: installerImage(target),
    iso: assetUrl(target, `${profile}.iso`),
    pxe: `${pxeBase(target)}/pxe/${target.schematicId}/${tagOf(target.talos)}/${profile}`,
    kernel: assetUrl(target, `kernel-${target.arch}`),
    initramfs: assetUrl(target, `initramfs-${target.arch}.xz`),
    cmdline: assetUrl(target, `cmdline-${profile}`),
    uki: assetUrl(target, `${profile}-uki.efi`),
    diskImage: assetUrl(target, `${profile}.${diskFormat(target.platform)}`),
    schematic: `${factoryBase(target)}/schematics/${target.schematicId}`,
  };
}

/** A file that the factory builds for the schematic: `metal-amd64.raw.zst`. */
export function assetUrl(target: ImageTarget, file: string): string {
  return `${factoryBase(target)}/image/${target.schematicId}/${tagOf(target.talos)}/${file}`;
}

/** Below Talos 1.10 there is one installer for all platforms; from then on each platform has its own. */
export function installerImage(target: ImageTarget): string {
  const flavour = isAtLeastMinor(target.talos, '1.10') ? `${target.platform}-installer` : 'installer';
  const host = target.registry ?? hostOf(factoryBase(target));
  return `${host}/${flavour}${target.secureboot ? '-secureboot' : ''}/${target.schematicId}:${tagOf(target.talos)}`;
}

export function isPublicFactory(factory: string | undefined): boolean {
  return factory === undefined || hostOf(checked(factory)) === hostOf(PUBLIC_FACTORY);
}

export type InstallerReference =
  | {
      readonly kind: 'factory';
      readonly host: string;
      readonly platform?: string;
      readonly secureboot: boolean;
      readonly schematicId: string;
      readonly talos?: string;
    }
  /** The plain installer of Talos' releases: no extensions; not published for 1.14 and later. */
  | { readonly kind: 'vanilla'; readonly talos?: string }
  | { readonly kind: 'custom'; readonly reference: string; readonly talos?: string; readonly digest?: string };

/** What an installer image reference in a config stands for. */
export function parseInstallerImage(reference: string): InstallerReference {
  const [named = '', digest] = reference.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const repository = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? { talos: named.slice(colon + 1) } : {};
  const match = /^(.+?)\/(?:([a-z0-9-]+?)-)?installer(-secureboot)?\/([0-9a-f]{64})$/i.exec(repository);
  if (match !== null) {
    const [, host = '', platform, secureboot, schematicId = ''] = match;
    return {
      kind: 'factory',
      host,
      ...(platform === undefined ? {} : { platform }),
      secureboot: secureboot !== undefined,
      schematicId,
      ...tag,
    };
  }
  if (repository === VANILLA_INSTALLER_REPOSITORY) return { kind: 'vanilla', ...tag };
  return { kind: 'custom', reference, ...tag, ...(digest === undefined ? {} : { digest }) };
}

function factoryBase(target: ImageTarget): string {
  return checked(target.factory ?? PUBLIC_FACTORY);
}

function pxeBase(target: ImageTarget): string {
  if (target.pxeFactory !== undefined) return checked(target.pxeFactory);
  return isPublicFactory(target.factory) ? PUBLIC_PXE_FACTORY : factoryBase(target);
}

function checked(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new IchorError('invalid-input', `the factory address ${JSON.stringify(address)} is no http or https URL`, {
      hint: `The public one is ${PUBLIC_FACTORY}.`,
    });
  }
  return address.replace(/\/+$/, '');
}

function hostOf(base: string): string {
  return base.replace(/^https?:\/\//, '');
}

/** What each platform can take; everything else takes a raw image. */
const DISK_FORMATS: Readonly<Record<string, string>> = {
  azure: 'vhd.xz',
  gcp: 'raw.tar.gz',
  oracle: 'qcow2',
  vmware: 'ova',
  'digital-ocean': 'raw.gz',
};

function diskFormat(platform: string): string {
  return DISK_FORMATS[platform] ?? 'raw.xz';
}
