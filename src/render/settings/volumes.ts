/** Volumes as `VolumeConfig`, `UserVolumeConfig`, `RawVolumeConfig`, `SwapVolumeConfig` and `ExistingVolumeConfig` documents. */
import { IchorError } from '../../errors.ts';
import type { NodeSpec, Volume } from '../../spec/model.ts';
import { diskExpression } from '../disk-expression.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

const KINDS = {
  user: 'UserVolumeConfig',
  raw: 'RawVolumeConfig',
  swap: 'SwapVolumeConfig',
  system: 'VolumeConfig',
  existing: 'ExistingVolumeConfig',
} as const;

export function volumeSettings(node: NodeSpec): readonly Setting[] {
  return node.volumes.map((volume) => ({
    from: ['nodes', node.name, 'volumes', volume.name],
    fragments: [volumeDocument(volume)],
  }));
}

function volumeDocument(volume: Volume): Fragment {
  const name = volume.name;
  if (volume.kind === 'existing') {
    const match = volume.disk.match ?? `volume.partition_label == ${JSON.stringify(name)}`;
    return talosDocument(KINDS.existing, { name, discovery: { volumeSelector: { match } } });
  }
  const hasSelector = Object.keys(volume.disk).length > 0;
  if (!hasSelector && volume.kind !== 'system') {
    throw new IchorError('invalid-input', `volume ${name} names no disk`, {
      hint: 'Write which disk it lies on, for instance `disk: nvme` or `disk: { serial: … }`.',
    });
  }
  const provisioning = compact({
    diskSelector: hasSelector ? { match: diskExpression(volume.disk) } : undefined,
    minSize: sizeText(volume.minSizeBytes),
    maxSize: sizeText(volume.maxSizeBytes),
    grow: volume.grow ? true : undefined,
  });
  return talosDocument(
    KINDS[volume.kind],
    compact({
      name,
      provisioning,
      filesystem: volume.filesystem === undefined ? undefined : { type: volume.filesystem },
      encryption: volume.encryption,
    }),
  );
}

const UNITS = [
  ['TiB', 1n << 40n],
  ['GiB', 1n << 30n],
  ['MiB', 1n << 20n],
  ['TB', 10n ** 12n],
  ['GB', 10n ** 9n],
  ['MB', 10n ** 6n],
] as const;

/** Exactly the same number of bytes, in the largest unit that divides it. */
function sizeText(bytes: bigint | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const unit = UNITS.find(([, size]) => bytes > 0n && bytes % size === 0n);
  return unit === undefined ? `${bytes}B` : `${bytes / unit[1]}${unit[0]}`;
}
