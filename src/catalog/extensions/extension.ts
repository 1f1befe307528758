/** What the catalogue says of one official system extension of Talos. */

export type ExtensionCategory =
  | 'container runtime'
  | 'drm'
  | 'driver'
  | 'dvb'
  | 'example'
  | 'firmware'
  | 'guest agent'
  | 'misc'
  | 'network'
  | 'nvidia'
  | 'power'
  | 'storage'
  | 'tools';

export interface Extension {
  /** Short name: `amdgpu` for `siderolabs/amdgpu`. */
  readonly name: string;
  readonly category: ExtensionCategory;
  /** core: supported by Sidero; extra: best effort; contrib: by the community, dropped from a release when it does not build. */
  readonly tier: 'core' | 'extra' | 'contrib' | 'deprecated';
  readonly purpose: string;
  /** First Talos version that has it. `1.9` also stands for earlier: the catalogue begins there. */
  readonly since: string;
  readonly arch: 'both' | 'amd64' | 'arm64';
  /** What must be listed under `machine.kernel.modules`; everything else is loaded by udev. */
  readonly modules?: readonly string[];
  readonly modulesNote?: string;
  /** Service ids, with `ext-`. */
  readonly services?: readonly string[];
  readonly config?: ExtensionConfig;
  readonly note?: string;
  /** Folder in siderolabs/extensions. */
  readonly path: string;
}

/** The ExtensionServiceConfig document that the extension's service reads. */
export interface ExtensionConfig {
  /** Its `name`. */
  readonly document: string;
  /** Without it the service waits for ever. */
  readonly isRequired: boolean;
  readonly reads: string;
}

export function extensionSource(extension: Extension): string {
  return `https://github.com/siderolabs/extensions/tree/main/${extension.path}`;
}

/** As a schematic wants it. */
export function qualifiedName(extension: Extension): string {
  return `siderolabs/${extension.name}`;
}
