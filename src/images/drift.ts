/** What a node runs against what it should run: extensions and image. Pure; the plan makes upgrade steps of it. */
import { shortName } from '../catalog/extensions/extensions.ts';
import { compareVersions, tagOf } from '../catalog/version.ts';
import { parseInstallerImage } from './urls.ts';

export interface ExtensionDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly kept: readonly string[];
}

/** Rows of `ExtensionStatuses` that are no extensions. */
const NOT_EXTENSIONS: readonly string[] = ['schematic', 'modules.dep'];

/** From what runs to what is wanted; names with or without `siderolabs/`, all lists sorted. */
export function diffExtensions(running: readonly string[], wanted: readonly string[]): ExtensionDiff {
  const before = new Set(running.map(shortName).filter((name) => !NOT_EXTENSIONS.includes(name)));
  const after = new Set(wanted.map(shortName));
  return {
    added: [...after].filter((name) => !before.has(name)).toSorted(),
    removed: [...before].filter((name) => !after.has(name)).toSorted(),
    kept: [...before].filter((name) => after.has(name)).toSorted(),
  };
}

/** As the node says of itself; absent what could not be read. */
export interface RunningImage {
  readonly talos: string;
  /** The version of the extension row `schematic`; absent on an image that no factory built. */
  readonly schematic?: string;
  readonly extensions: readonly string[];
  /** `/proc/cmdline`, split. */
  readonly kernelArgs?: readonly string[];
  /** `machine.install.image` of the running config. */
  readonly configuredInstaller?: string;
}

export interface WantedImage {
  readonly talos: string;
  readonly schematicId: string;
  readonly schematicIdOlder?: string;
  readonly extensions: readonly string[];
  readonly installer: string;
}

export type DriftReason =
  | { readonly kind: 'version'; readonly from: string; readonly to: string }
  | { readonly kind: 'schematic'; readonly from: string; readonly to: string }
  /** The config names an installer that the node does not run: applying a config changed nothing. */
  | { readonly kind: 'config-only'; readonly configured: string };

export interface ImageDrift {
  /** Empty: the node runs what is wanted. Anything else takes an upgrade, also within one version. */
  readonly reasons: readonly DriftReason[];
  readonly extensions: ExtensionDiff;
  readonly text: readonly string[];
}

export function imageDrift(running: RunningImage, wanted: WantedImage): ImageDrift {
  const reasons: DriftReason[] = [];
  const extensions = diffExtensions(running.extensions, wanted.extensions);
  if (compareVersions(running.talos, wanted.talos) !== 0)
    reasons.push({ kind: 'version', from: tagOf(running.talos), to: tagOf(wanted.talos) });
  const isSame =
    running.schematic === wanted.schematicId ||
    (running.schematic !== undefined && running.schematic === wanted.schematicIdOlder);
  if (!isSame) reasons.push({ kind: 'schematic', from: running.schematic ?? 'none', to: wanted.schematicId });
  const configured = running.configuredInstaller;
  if (configured !== undefined && reasons.length > 0 && namesWanted(configured, wanted))
    reasons.push({ kind: 'config-only', configured });
  return { reasons, extensions, text: [...reasons.map(reasonText), ...extensionText(extensions)] };
}

function namesWanted(configured: string, wanted: WantedImage): boolean {
  if (configured === wanted.installer) return true;
  const parsed = parseInstallerImage(configured);
  return parsed.kind === 'factory' && parsed.schematicId === wanted.schematicId && parsed.talos === tagOf(wanted.talos);
}

function reasonText(reason: DriftReason): string {
  switch (reason.kind) {
    case 'version':
      return `Talos ${reason.from} → ${reason.to}`;
    case 'schematic':
      return `schematic ${reason.from.slice(0, 12)} → ${reason.to.slice(0, 12)}`;
    case 'config-only':
      return `the config already names ${reason.configured}, but a config does not change the running system: it takes an upgrade`;
  }
}

function extensionText({ added, removed }: ExtensionDiff): readonly string[] {
  const parts = [...added.map((name) => `+${name}`), ...removed.map((name) => `−${name}`)];
  return parts.length === 0 ? [] : [`extensions ${parts.join(' ')}`];
}
