/** Rules of the volume documents (Talos' `config/types/block`). */
import { celProblem } from '../../cel/check.ts';
import { parseByteSize } from '../../values/sizes.ts';
import { byteLength, quote } from '../checks.ts';
import { at, integer, isSet, isTrue, isZero, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import { all, since } from '../rule.ts';
import type { DocumentRule, DocumentRules, RuleContext } from '../rule.ts';

export const volumeRules: DocumentRules = {
  UserVolumeConfig: all(volumeName(34), userVolume, maintenance),
  RawVolumeConfig: all(volumeName(34), partition, encryption),
  SwapVolumeConfig: all(volumeName(34), partition, encryption),
  ExistingVolumeConfig: all(volumeName(), existingVolume, maintenance),
  ExternalVolumeConfig: all(volumeName(34), externalVolume),
  VolumeConfig: systemVolume,
  ZswapConfig: zswap,
  FilesystemTrimConfig: (document, context) => trim(at(document, 'interval'), context),
  FilesystemScrubConfig: (document, context) => scrub(at(document, 'interval'), context),
};

/** A GPT label is 36 characters, of which a prefix such as `u-` takes two. */
function volumeName(longest?: number): DocumentRule {
  return (document, context) => {
    const name = at(document, 'name');
    if (text(name) === '') context.error(name, 'a name is required');
    else if (longest !== undefined && byteLength(text(name)) > longest)
      context.error(name, `the name is longer than ${longest} characters`);
    if (!/^[A-Za-z0-9-]*$/.test(text(name))) context.error(name, 'the name may hold only letters, digits and hyphens');
  };
}

function partition(document: Field, context: RuleContext): void {
  provisioning(at(document, 'provisioning'), context, { isRequired: true, hasSizes: true });
}

function userVolume(document: Field, context: RuleContext): void {
  const type = text(at(document, 'volumeType')) || 'partition';
  switch (type) {
    case 'directory':
      directory(document, context);
      return;
    case 'disk':
    case 'partition':
      provisioning(at(document, 'provisioning'), context, { isRequired: true, hasSizes: type === 'partition' });
      filesystem(at(document, 'filesystem'), context);
      encryption(document, context);
      return;
    default:
      context.error(
        at(document, 'volumeType'),
        `the volume type ${quote(type)} is not for user volumes: use partition, disk or directory`,
      );
  }
}

function directory(document: Field, context: RuleContext): void {
  for (const key of ['provisioning', 'filesystem']) {
    const field = at(document, key);
    if (!isZero(field)) context.error(field, `a volume of type directory takes no ${key}`);
  }
  if (isEncrypted(document))
    context.error(at(document, 'encryption'), 'a volume of type directory takes no encryption');
  const mount = at(document, 'mount');
  // From 1.14 on `secure` is taken; 1.13 takes nothing; 1.12 looked at none of it.
  if (since(context, '1.14') && isSet(at(mount, 'disableAccessTime'))) {
    context.error(at(mount, 'disableAccessTime'), 'a volume of type directory takes no mount.disableAccessTime');
  } else if (context.minor === '1.13' && !isZero(mount)) {
    context.error(mount, 'a volume of type directory takes no mount options');
  }
}

function existingVolume(document: Field, context: RuleContext): void {
  const match = at(document, 'discovery', 'volumeSelector', 'match');
  if (text(match) === '') context.error(match, 'a volume selector is required');
  else selector(match, 'volume', context);
}

function externalVolume(document: Field, context: RuleContext): void {
  const type = at(document, 'filesystemType');
  if (text(type) !== 'virtiofs') {
    context.error(type, `the filesystem type ${quote(text(type))} is not for external volumes: use virtiofs`);
    return;
  }
  const virtiofs = at(document, 'mount', 'virtiofs');
  if (!isSet(virtiofs)) context.error(virtiofs, 'mount.virtiofs is required');
  else if (text(at(virtiofs, 'tag')) === '') context.error(at(virtiofs, 'tag'), 'a virtiofs tag is required');
}

const SYSTEM_VOLUMES = ['STATE', 'EPHEMERAL', 'IMAGECACHE'];
/** Directories on EPHEMERAL until they get a partition of their own. */
const PROMOTABLE_VOLUMES = ['ETCD', 'CRI', 'KUBELET', 'LOG'];

function systemVolume(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const allowed = since(context, '1.14') ? [...SYSTEM_VOLUMES, ...PROMOTABLE_VOLUMES] : SYSTEM_VOLUMES;
  if (!allowed.includes(text(name))) {
    context.error(name, `only ${allowed.join(', ')} are system volumes, not ${quote(text(name))}`);
    return;
  }
  if (text(name) === 'STATE') stateVolume(document, context);
  if (since(context, '1.14')) mountOfSystemVolume(document, context);
  provisioning(at(document, 'provisioning'), context, { isRequired: false, hasSizes: true });
  encryption(document, context);
  maintenance(document, context);
}

function stateVolume(document: Field, context: RuleContext): void {
  const settings = at(document, 'provisioning');
  if (!isZero(settings)) context.error(settings, 'the STATE volume takes no provisioning');
  for (const key of items(at(document, 'encryption', 'keys'))) {
    if (isTrue(at(key, 'lockToState')))
      context.error(at(key, 'lockToState'), 'a key of the STATE volume cannot be locked to STATE');
  }
}

function mountOfSystemVolume(document: Field, context: RuleContext): void {
  const name = text(at(document, 'name'));
  const mount = at(document, 'mount');
  if ((name === 'STATE' || name === 'IMAGECACHE') && !isZero(mount))
    context.error(mount, `the ${name} volume takes no mount options`);
  const xfs = at(document, 'filesystem', 'xfs');
  if (name === 'IMAGECACHE' && isSet(xfs)) context.error(xfs, 'the IMAGECACHE volume takes no filesystem options');
  if (!PROMOTABLE_VOLUMES.includes(name) || isZero(mount)) return;
  if (isZero(at(document, 'provisioning')))
    context.error(mount, `the ${name} volume takes mount options only on a partition of its own (provisioning)`);
}

interface ProvisioningNeeds {
  readonly isRequired: boolean;
  readonly hasSizes: boolean;
}

function provisioning(field: Field, context: RuleContext, needs: ProvisioningNeeds): void {
  const match = at(field, 'diskSelector', 'match');
  if (text(match) !== '') selector(match, 'disk', context);
  else if (needs.isRequired) context.error(match, 'a disk selector is required');
  const least = at(field, 'minSize');
  const most = at(field, 'maxSize');
  if (!needs.hasSizes) {
    const given = [least, most].find((size) => !isZero(size)) ?? [at(field, 'grow')].find(isSet);
    if (given !== undefined)
      context.error(given, 'minSize, maxSize and grow are not taken here: the whole disk is used');
    return;
  }
  if (isZero(least) && isZero(most)) {
    if (needs.isRequired) context.error(field, 'minSize or maxSize is required');
    return;
  }
  if (isGreater(least, most)) context.error(least, 'minSize is greater than maxSize');
  if (sizeText(least).startsWith('-') && since(context, '1.13')) context.error(least, 'minSize cannot be negative');
}

/** Relative and negative (all but) sizes are known only on the node. */
function isGreater(least: Field, most: Field): boolean {
  const [low, high] = [sizeText(least), sizeText(most)];
  if (low === '' || high === '' || high.includes('%') || high.startsWith('-')) return false;
  return (parseByteSize(low.replace(/^-/, '')) ?? 0n) > (parseByteSize(high) ?? 0n);
}

/** A plain size, or bytes or percentage of a `maxSize`. */
export function sizeText(field: Field): string {
  const { value } = field;
  if (typeof value === 'object' && value !== null && value.kind === 'size')
    return value.bytes ?? value.percentage ?? '';
  return text(field);
}

const FILESYSTEMS = ['none', 'xfs', 'ext4'];

function filesystem(field: Field, context: RuleContext): void {
  const type = text(at(field, 'type')) || 'none';
  const allowed = since(context, '1.14') ? [...FILESYSTEMS, 'btrfs'] : FILESYSTEMS;
  if (!allowed.includes(type)) {
    context.error(
      at(field, 'type'),
      `the filesystem type ${quote(type)} is not for user volumes: use ${allowed.slice(1).join(' or ')}`,
    );
    return;
  }
  // Nothing written means xfs.
  if (type === 'xfs' || type === 'none') return;
  if (isTrue(at(field, 'projectQuotaSupport')))
    context.error(at(field, 'projectQuotaSupport'), 'project quotas need xfs');
  else if (isSet(at(field, 'xfs'))) context.error(at(field, 'xfs'), 'xfs options need the filesystem xfs');
}

function isEncrypted(document: Field): boolean {
  const field = at(document, 'encryption');
  return (text(at(field, 'provider')) || 'none') !== 'none' || items(at(field, 'keys')).length > 0;
}

function encryption(document: Field, context: RuleContext): void {
  const field = at(document, 'encryption');
  if (!isEncrypted(document)) return;
  const provider = at(field, 'provider');
  if (text(provider) !== 'luks2')
    context.error(provider, `the encryption provider ${quote(text(provider) || 'none')} is not supported: use luks2`);
  const keys = at(field, 'keys');
  if (items(keys).length === 0) context.error(keys, 'encryption needs at least one key');
  const slots = new Set<number>();
  for (const key of items(keys)) encryptionKey(key, slots, context);
}

function encryptionKey(key: Field, slots: Set<number>, context: RuleContext): void {
  const slot = integer(at(key, 'slot'));
  if (slots.has(slot)) context.error(at(key, 'slot'), `the key slot ${slot} is used twice`);
  slots.add(slot);
  if (!['static', 'nodeID', 'kms', 'tpm'].some((kind) => isSet(at(key, kind)))) {
    context.error(key, `the key in slot ${slot} is of no kind: write one of static, nodeID, kms, tpm`);
  }
  for (const pcr of items(at(key, 'tpm', 'options', 'pcrs'))) {
    if (integer(pcr) < 0 || integer(pcr) > 23)
      context.error(pcr, `the TPM PCR ${integer(pcr)} is not between 0 and 23`);
  }
}

function maintenance(document: Field, context: RuleContext): void {
  trim(at(document, 'trim', 'interval'), context);
  scrub(at(document, 'scrub', 'interval'), context);
}

function trim(interval: Field, context: RuleContext): void {
  if (integer(interval) < 0) context.error(interval, 'the interval cannot be negative');
}

const TEN_SECONDS = 10_000_000_000;

function scrub(interval: Field, context: RuleContext): void {
  if (integer(interval) !== 0 && integer(interval) < TEN_SECONDS)
    context.error(interval, 'the interval must be at least 10s');
}

function zswap(document: Field, context: RuleContext): void {
  const percent = at(document, 'maxPoolPercent');
  if (integer(percent) < 0 || integer(percent) > 100)
    context.error(percent, 'maxPoolPercent must be between 0 and 100');
}

function selector(match: Field, environment: 'disk' | 'volume', context: RuleContext): void {
  const problem = celProblem(text(match), environment, context.minor);
  if (problem !== undefined) context.error(match, `the selector is not valid: ${problem}`);
}
