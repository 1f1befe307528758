/**
 * Disk selectors in the two languages of Talos: the fields of `machine.install.diskSelector`, and CEL over `disk` for every document.
 * The CEL is what Talos itself makes of such a selector (machinery `InstallConfig.DiskMatchExpression`).
 */
import { IchorError } from '../errors.ts';
import type { DiskSelector } from '../spec/model.ts';
import { compact, type Fragment } from './setting.ts';

/** Glob patterns, as Talos takes them. */
const PATTERN_FIELDS = [
  ['uuid', 'uuid'],
  ['wwid', 'wwid'],
  ['model', 'model'],
  ['serial', 'serial'],
  ['modalias', 'modalias'],
] as const;

const TYPE_EXPRESSIONS = {
  nvme: 'disk.transport == "nvme"',
  sd: 'disk.transport == "mmc"',
  virtio: 'disk.transport == "virtio"',
  hdd: 'disk.rotational',
  ssd: '!disk.rotational',
} as const;

export function diskExpression(selector: DiskSelector): string {
  if (selector.match !== undefined) return selector.match;
  const terms: string[] = [];
  if (selector.size !== undefined) terms.push(sizeTerm(selector.size));
  for (const [key, field] of PATTERN_FIELDS) {
    const pattern = selector[key];
    if (pattern !== undefined) terms.push(matchTerm(pattern, field));
  }
  if (selector.name !== undefined) terms.push(`disk.dev_path == ${quote(selector.name)}`);
  // Without a transport it might be a device mapper target.
  terms.push('disk.transport != ""');
  if (selector.type !== undefined) terms.push(TYPE_EXPRESSIONS[selector.type]);
  if (selector.busPath !== undefined) terms.push(matchTerm(selector.busPath, 'bus_path'));
  return [...terms, '!disk.readonly', '!disk.cdrom'].join(' && ');
}

/** `machine.install.diskSelector`, or undefined where only CEL can say it and another way has to be found. */
export function installDiskSelector(selector: DiskSelector): Fragment | undefined {
  // Talos knows no `virtio` there and refuses `name` and CEL.
  if (selector.match !== undefined || selector.name !== undefined || selector.type === 'virtio') return undefined;
  const { size, model, serial, modalias, uuid, wwid, type, busPath } = selector;
  return compact({ size, model, serial, modalias, uuid, wwid, type, busPath });
}

function matchTerm(pattern: string, field: string): string {
  return /[*?[\\]/.test(pattern) ? `glob(${quote(pattern)}, disk.${field})` : `disk.${field} == ${quote(pattern)}`;
}

/** `>= 100GB` → `disk.size >= 100u * GB`, exact in Talos' own constants. */
function sizeTerm(text: string): string {
  const match = /^\s*(==|>=|<=|>|<)?\s*(\d+)\s*([KMGTP]i?B|B)?\s*$/.exec(text);
  if (match === null) {
    throw new IchorError('invalid-input', `disk size "${text}" is not a comparison that Talos understands`, {
      hint: 'Write for instance ">= 100GB" or "<= 2TB".',
    });
  }
  const [, operator = '==', number = '0', unit = 'B'] = match;
  return `disk.size ${operator} ${number}u${unit === 'B' ? '' : ` * ${unit}`}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
