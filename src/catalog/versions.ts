/**
 * What goes with which Talos version: the Kubernetes range, the way of an upgrade, and versions that are known to hurt.
 * Read from Talos' `pkg/machinery/compatibility`, its constants and release notes, and from operators' reports.
 */
import type { CatalogFinding } from './finding.ts';
import { compareVersions, minorOf, parseVersion, tagOf } from './version.ts';

export interface TalosMinor {
  readonly minor: string;
  /** Newest patch that the catalogue was read at. */
  readonly patch: string;
  readonly kubernetesDefault: string;
  readonly kubernetesOldest: string;
  readonly kubernetesNewest: string;
  readonly etcd: string;
  readonly linux: string;
  /** The oldest minor from which its installer accepts an upgrade. Only the adjacent one is tested by Talos. */
  readonly upgradesFrom: string;
}

export const TALOS_MINORS: readonly TalosMinor[] = [
  {
    minor: '1.9',
    patch: '1.9.6',
    kubernetesDefault: '1.32.4',
    kubernetesOldest: '1.27',
    kubernetesNewest: '1.32',
    etcd: '3.5.21',
    linux: '6.12.25',
    upgradesFrom: '1.8',
  },
  {
    minor: '1.10',
    patch: '1.10.9',
    kubernetesDefault: '1.33.6',
    kubernetesOldest: '1.28',
    kubernetesNewest: '1.33',
    etcd: '3.5.26',
    linux: '6.12.63',
    upgradesFrom: '1.8',
  },
  {
    minor: '1.11',
    patch: '1.11.6',
    kubernetesDefault: '1.34.1',
    kubernetesOldest: '1.29',
    kubernetesNewest: '1.34',
    etcd: '3.6.5',
    linux: '6.12.62',
    upgradesFrom: '1.9',
  },
  {
    minor: '1.12',
    patch: '1.12.11',
    kubernetesDefault: '1.35.4',
    kubernetesOldest: '1.30',
    kubernetesNewest: '1.35',
    etcd: '3.6.11',
    linux: '6.18.42',
    upgradesFrom: '1.10',
  },
  {
    minor: '1.13',
    patch: '1.13.9',
    kubernetesDefault: '1.36.3',
    kubernetesOldest: '1.31',
    kubernetesNewest: '1.36',
    etcd: '3.6.12',
    linux: '6.18.44',
    upgradesFrom: '1.11',
  },
  {
    minor: '1.14',
    patch: '1.14.0-rc.1',
    kubernetesDefault: '1.37.0-rc.0',
    kubernetesOldest: '1.32',
    kubernetesNewest: '1.37',
    etcd: '3.7.1',
    linux: '6.18.44',
    upgradesFrom: '1.12',
  },
];

export interface KubernetesRange {
  /** Minors, both inclusive. */
  readonly oldest: string;
  readonly newest: string;
  /** What `talosctl gen config` of that minor takes; absent when Talos is newer than the catalogue. */
  readonly default?: string;
  /** False: computed from the rhythm of earlier minors, because the catalogue does not know this Talos. */
  readonly isKnown: boolean;
}

/** The Kubernetes minors that a Talos version runs. */
export function kubernetesRange(talos: string): KubernetesRange {
  const known = TALOS_MINORS.find(({ minor }) => minor === minorOf(talos));
  if (known !== undefined) {
    return {
      oldest: known.kubernetesOldest,
      newest: known.kubernetesNewest,
      default: known.kubernetesDefault,
      isKnown: true,
    };
  }
  // Talos 1.N runs Kubernetes 1.(N+18) to 1.(N+23): true of every minor from 1.9 to 1.14.
  const { major, minor } = parseVersion(talos);
  return { oldest: `${major}.${minor + 18}`, newest: `${major}.${minor + 23}`, isKnown: false };
}

/** Whether that Talos runs that Kubernetes; findings say why not. Outside what the catalogue knows it is a warning. */
export function lintKubernetes(talos: string, kubernetes: string): readonly CatalogFinding[] {
  const range = kubernetesRange(talos);
  const minor = minorOf(kubernetes);
  if (compareVersions(minor, range.oldest) >= 0 && compareVersions(minor, range.newest) <= 0) return [];
  return [
    {
      severity: range.isKnown ? 'error' : 'warning',
      rule: 'kubernetes-outside-range',
      message: `Talos ${tagOf(talos)} runs Kubernetes ${range.oldest} to ${range.newest}, not ${tagOf(kubernetes)}`,
      ...(range.default === undefined ? {} : { hint: `Its default is v${range.default}.` }),
      source: 'https://docs.siderolabs.com/talos/latest/getting-started/support-matrix',
    },
  ];
}

interface KnownBad {
  /** First affected and first good version. */
  readonly from: string;
  readonly until: string;
  readonly severity: 'error' | 'warning';
  readonly why: string;
  readonly source: string;
}

const KNOWN_BAD: readonly KnownBad[] = [
  {
    from: '1.13.2',
    until: '1.13.4',
    severity: 'error',
    why: 'pod sandboxes fail (containerd: cannot find shim for sandbox), as an operator reports',
    source: 'https://github.com/siderolabs/talos/releases',
  },
  {
    from: '1.12.0-0',
    until: '1.13.0',
    severity: 'warning',
    why: 'a registry mirror does not fall back to the upstream registry when it fails',
    source: 'https://github.com/siderolabs/talos/issues/12972',
  },
];

/** What to know before a node enters this version. `error` means: do not enter it. */
export function versionAdvice(talos: string): readonly CatalogFinding[] {
  const version = parseVersion(talos);
  const findings: CatalogFinding[] = [];
  for (const bad of KNOWN_BAD) {
    if (compareVersions(version, bad.from) < 0 || compareVersions(version, bad.until) >= 0) continue;
    findings.push({
      severity: bad.severity,
      rule: 'talos-known-bad',
      message: `Talos ${tagOf(talos)}: ${bad.why}`,
      hint: `Use v${bad.until} or later.`,
      source: bad.source,
    });
  }
  if (version.prerelease !== undefined) {
    findings.push({
      severity: 'warning',
      rule: 'talos-prerelease',
      message: `Talos ${tagOf(talos)} is a pre-release`,
      hint: 'Use a release for a cluster that matters.',
    });
  }
  const newest = TALOS_MINORS.at(-1);
  if (newest !== undefined && compareVersions(minorOf(talos), newest.minor) > 0) {
    findings.push({
      severity: 'notice',
      rule: 'talos-newer-than-catalogue',
      message: `Talos ${tagOf(talos)} is newer than the catalogue (${newest.minor}): what is said of extensions, Kubernetes and partitions is taken from ${newest.minor}`,
    });
  }
  return findings;
}

/**
 * The minors to pass through from one version to another, the target last; each is reached at its newest patch. Talos tests
 * upgrades between adjacent minors only. A step back is one hop: whether it is wise is another question (`lintUpgrade`).
 */
export function upgradePath(from: string, to: string): readonly string[] {
  const start = parseVersion(from);
  const end = parseVersion(to);
  const hops: string[] = [];
  for (let minor = start.minor + 1; minor < end.minor; minor += 1) {
    const known = TALOS_MINORS.find((entry) => entry.minor === `${start.major}.${minor}`);
    hops.push(known === undefined ? `v${start.major}.${minor}.0` : `v${known.patch}`);
  }
  return compareVersions(from, to) === 0 ? [] : [...hops, tagOf(to)];
}

/** What speaks against going from one Talos version straight to another. */
export function lintUpgrade(from: string, to: string): readonly CatalogFinding[] {
  const start = parseVersion(from);
  const end = parseVersion(to);
  const distance = end.minor - start.minor + (end.major - start.major) * 1000;
  const source =
    'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/lifecycle-management/upgrading-talos';
  const findings = [...versionAdvice(to)];
  if (distance > 1) {
    findings.push({
      severity: 'error',
      rule: 'talos-upgrade-skips-minor',
      message: `from Talos ${tagOf(from)} to ${tagOf(to)} skips ${distance - 1 === 1 ? 'a minor' : `${distance - 1} minors`}`,
      hint: `Go by ${upgradePath(from, to).join(', then ')}.`,
      source,
    });
  }
  if (distance < 0) {
    findings.push({
      severity: distance < -1 ? 'error' : 'warning',
      rule: 'talos-downgrade',
      message: `from Talos ${tagOf(from)} back to ${tagOf(to)}: the older Talos must understand the stored configuration, and etcd goes back by one minor at most`,
      source,
    });
  }
  return findings;
}
