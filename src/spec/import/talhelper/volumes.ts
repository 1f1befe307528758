/** `volumes` and `userVolumes` of talhelper as the cluster file's `volumes`, where it has a word for every part of them. */
import { isRecord, valueAt } from '../../patch-facts.ts';
import { parseSize } from '../../size.ts';
import { asText, recordList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { without } from './devices.ts';
import { volumeDocuments } from './made.ts';

export interface VolumesDraft {
  readonly volumes: PlainMap;
  /** Documents of those that need more words. */
  readonly documents: readonly PlainMap[];
}

const SYSTEM = ['EPHEMERAL', 'STATE', 'IMAGECACHE'];

export function volumesDraft(values: PlainMap): VolumesDraft {
  const volumes: Record<string, unknown> = {};
  const documents: PlainMap[] = [];
  for (const key of ['volumes', 'userVolumes'] as const) {
    for (const volume of recordList(values[key])) {
      const name = asText(volume['name']) ?? '';
      const native = nativeVolume(volume, key === 'volumes');
      if (native === undefined || name in volumes) documents.push(...volumeDocuments({ [key]: [volume] }));
      else volumes[name] = native;
    }
  }
  return { volumes, documents };
}

/** Undefined when a part of it has no word. */
function nativeVolume(volume: PlainMap, isSystem: boolean): PlainMap | undefined {
  const { name, provisioning, filesystem, encryption, ...rest } = volume;
  const settings = isRecord(provisioning) ? provisioning : {};
  const { diskSelector, minSize, maxSize, grow, ...others } = settings;
  const match = asText(valueAt(diskSelector, 'match'));
  const type = asText(valueAt(filesystem, 'type'));
  const isKnown =
    SYSTEM.includes(asText(name) ?? '') === isSystem &&
    Object.keys(rest).length === 0 &&
    Object.keys(others).length === 0 &&
    (isSystem || match !== undefined) &&
    [minSize, maxSize].every(isSize) &&
    grow !== false &&
    (filesystem === undefined ||
      (isRecord(filesystem) && Object.keys(filesystem).join() === 'type' && (type === 'xfs' || type === 'ext4')));
  if (!isKnown) return undefined;
  const isExact = minSize !== undefined && minSize === maxSize;
  return without({
    disk: match === undefined ? undefined : match === 'system_disk' ? 'system' : { match },
    size: isExact ? minSize : undefined,
    minSize: isExact ? undefined : minSize,
    maxSize: isExact ? undefined : maxSize,
    grow: grow === true ? true : undefined,
    filesystem: type,
    encryption: isRecord(encryption) && Object.keys(encryption).length > 0 ? encryption : undefined,
  });
}

const UNITS = [
  ['TiB', 1n << 40n],
  ['GiB', 1n << 30n],
  ['MiB', 1n << 20n],
  ['TB', 10n ** 12n],
  ['GB', 10n ** 9n],
  ['MB', 10n ** 6n],
] as const;

/** Written as rendering would write it again: in the largest unit that divides it. */
function isSize(written: unknown): boolean {
  if (written === undefined) return true;
  const bytes = parseSize(asText(written) ?? '');
  if (bytes === undefined || bytes <= 0n) return false;
  const unit = UNITS.find(([, size]) => bytes % size === 0n);
  return unit !== undefined && `${bytes / unit[1]}${unit[0]}` === written;
}
