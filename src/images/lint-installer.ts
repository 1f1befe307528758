/** What is wrong with an installer image in a spec, a patch or a running config: version, platform, schematic, place. Pure. */
import type { CatalogFinding } from '../catalog/finding.ts';
import { compareVersions, isAtLeastMinor, tagOf, tryParseVersion } from '../catalog/version.ts';
import { parseInstallerImage } from './urls.ts';
import type { InstallerReference } from './urls.ts';

export interface InstallerUse {
  readonly installer: string;
  readonly talos: string;
  readonly platform: string;
  readonly secureboot: boolean;
  /** Of the assets that the machine boots from, when they come from a factory. */
  readonly bootSchematicId?: string;
  /** Whether anything is wanted that only a schematic has. */
  readonly needsSchematic?: boolean;
}

export function lintInstaller(use: InstallerUse): readonly CatalogFinding[] {
  const parsed = parseInstallerImage(use.installer);
  return [
    ...lintTag(parsed, use),
    ...(parsed.kind === 'factory' ? lintFactory(parsed, use) : []),
    ...(parsed.kind === 'vanilla' ? lintVanilla(use) : []),
    ...(parsed.kind === 'custom' ? lintCustom(parsed) : []),
  ];
}

/** F3-3: an upgrade would install the version of the tag, whatever the spec says. */
function lintTag({ talos: tag }: InstallerReference, { installer, talos }: InstallerUse): readonly CatalogFinding[] {
  if (tag === undefined || tryParseVersion(tag) === undefined || compareVersions(tag, talos) === 0) return [];
  return [
    {
      severity: 'error',
      rule: 'installer-other-version',
      message: `${installer} installs Talos ${tag}, and the spec says ${tagOf(talos)}`,
      hint: 'Leave the installer out: it follows from talos, platform and schematic.',
    },
  ];
}

function lintFactory(
  parsed: Extract<InstallerReference, { kind: 'factory' }>,
  use: InstallerUse,
): readonly CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  const platform = parsed.platform ?? 'metal';
  if (platform !== use.platform) {
    findings.push({
      severity: 'error',
      rule: 'installer-other-platform',
      message: `${use.installer} installs the platform ${platform}, and the node is ${use.platform}`,
      hint: `Take ${use.platform}-installer.`,
      source: 'https://github.com/siderolabs/talos/issues/10949',
    });
  }
  if (parsed.secureboot !== use.secureboot) {
    findings.push({
      severity: 'error',
      rule: 'installer-secureboot',
      message: `${use.installer} is ${parsed.secureboot ? '' : 'not '}for Secure Boot, and the node is ${use.secureboot ? '' : 'not '}set up for it`,
    });
  }
  if (use.bootSchematicId !== undefined && use.bootSchematicId !== parsed.schematicId) {
    findings.push({
      severity: 'warning',
      rule: 'installer-other-schematic',
      message: `the machine boots schematic ${use.bootSchematicId.slice(0, 12)} and installs ${parsed.schematicId.slice(0, 12)}: extensions and drivers differ before and after the installation`,
    });
  }
  return findings;
}

/** F4-5, S4-29: releases carry no extensions, whatever the boot assets had. */
function lintVanilla({ installer, talos, needsSchematic, bootSchematicId }: InstallerUse): readonly CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  if (isAtLeastMinor(talos, '1.14'))
    findings.push({
      severity: 'error',
      rule: 'installer-not-published',
      message: `${installer}: from Talos 1.14 on this image is not published`,
      hint: 'Take the installer of an Image Factory.',
    });
  if (needsSchematic === true || bootSchematicId !== undefined) {
    findings.push({
      severity: 'error',
      rule: 'installer-without-extensions',
      message: `${installer} has no extensions and no kernel arguments: what the boot image had is gone after the installation`,
      hint: 'Take the installer of the same schematic.',
    });
  }
  return findings;
}

function lintCustom({ reference, digest }: Extract<InstallerReference, { kind: 'custom' }>): readonly CatalogFinding[] {
  if (digest !== undefined)
    return [
      {
        severity: 'notice',
        rule: 'installer-pinned',
        message: `${reference} is pinned by digest: it also pins the Talos version, and what it contains is seen only after it has booted`,
      },
    ];
  return [
    {
      severity: 'notice',
      rule: 'installer-custom',
      message: `${reference} comes from no factory: what it contains is seen only after it has booted`,
    },
  ];
}
