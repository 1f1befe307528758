/** Talos and Kubernetes version texts: reading and ordering. No tables here. */
import { IchorError } from '../errors.ts';

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `rc.1` of `v1.14.0-rc.1`; absent for a release. */
  readonly prerelease?: string;
}

/** With or without `v`; the patch may be missing and is then 0. */
export function parseVersion(text: string): Version {
  const version = tryParseVersion(text);
  if (version !== undefined) return version;
  throw new IchorError('invalid-input', `${JSON.stringify(text)} is no version`, { hint: 'Write it as v1.13.9.' });
}

export function tryParseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0) };
  return prerelease === undefined ? numbers : { ...numbers, prerelease };
}

/** Negative when `left` is older. A prerelease is older than its release. */
export function compareVersions(left: string | Version, right: string | Version): number {
  const a = typeof left === 'string' ? parseVersion(left) : left;
  const b = typeof right === 'string' ? parseVersion(right) : right;
  const difference = a.major - b.major || a.minor - b.minor || a.patch - b.patch;
  if (difference !== 0 || a.prerelease === b.prerelease) return difference;
  if (a.prerelease === undefined) return 1;
  if (b.prerelease === undefined) return -1;
  return comparePrerelease(a.prerelease.split('.'), b.prerelease.split('.'));
}

/** Whether `version` belongs to the minor `minor` or a later one; prereleases of the minor count as it (Talos' contract rule). */
export function isAtLeastMinor(version: string, minor: string): boolean {
  const wanted = parseVersion(minor);
  const actual = parseVersion(version);
  if (wanted.patch > 0) return compareVersions(actual, wanted) >= 0;
  return actual.major > wanted.major || (actual.major === wanted.major && actual.minor >= wanted.minor);
}

/** `1.13` of `v1.13.9`. */
export function minorOf(version: string): string {
  const { major, minor } = parseVersion(version);
  return `${major}.${minor}`;
}

/** With `v`, as Talos' tags are. */
export function tagOf(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}

function comparePrerelease(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const a = left[index];
    const b = right[index];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a === b) continue;
    const numeric = /^\d+$/.test(a) && /^\d+$/.test(b);
    if (numeric) return Number(a) - Number(b);
    return a < b ? -1 : 1;
  }
  return 0;
}
