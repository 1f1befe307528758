/**
 * What goes together and what does not, among the extensions of one node: pairs, conflicts, wrong platforms, services without
 * their configuration. Pure; the rules are those of catalog §1.5 and of operators' reports (field.md).
 */
import type { CatalogFinding } from '../finding.ts';
import { compareVersions, isAtLeastMinor, tagOf } from '../version.ts';
import { describeLookup, findExtension, shortName } from './extensions.ts';
import type { Extension } from './extension.ts';
import { extensionSource } from './extension.ts';

export interface ExtensionUse {
  /** As written, with or without `siderolabs/`. */
  readonly extensions: readonly string[];
  readonly platform: string;
  readonly talos: string;
  readonly arch?: 'amd64' | 'arm64';
  /** Names of the ExtensionServiceConfig documents; absent when not known, which skips the rules on them. */
  readonly serviceConfigs?: readonly string[];
  /** Names under `machine.kernel.modules`, with their parameters; absent when not known. */
  readonly modules?: readonly { readonly name: string; readonly parameters?: readonly string[] | undefined }[];
  /** Add-ons of the cluster that need something on the node: `longhorn`, `trident`, `iscsi-csi`. */
  readonly addons?: readonly string[];
  /** Whether the machine is a virtual one whatever its platform says (a `metal` image in a VM). */
  readonly isVirtual?: boolean;
}

export function lintExtensions(use: ExtensionUse): readonly CatalogFinding[] {
  const resolved = resolve(use);
  const names = new Set(resolved.found.map(({ name }) => name));
  return [
    ...resolved.findings,
    ...lintNvidia(names),
    ...lintConflicts(names, use.talos),
    ...lintCompanions(names),
    ...lintAddons(names, use.addons ?? []),
    ...lintPlatform(names, use),
    ...lintServices(resolved.found, use.serviceConfigs),
    ...lintModules(resolved.found, use.modules),
  ];
}

interface ResolvedUse {
  readonly found: readonly Extension[];
  readonly findings: readonly CatalogFinding[];
}

function resolve(use: ExtensionUse): ResolvedUse {
  const found = new Map<string, Extension>();
  const findings: CatalogFinding[] = [];
  for (const written of use.extensions) {
    const lookup = findExtension(written, use.talos);
    const text = describeLookup(lookup, use.talos);
    if (text !== undefined)
      findings.push({
        severity: severityOf(lookup.kind),
        rule: `extension-${lookup.kind}`,
        message: text,
        ...(lookup.kind === 'renamed' ? { hint: `Write ${lookup.extension.name}.` } : {}),
      });
    if (lookup.kind === 'unknown') continue;
    const { extension } = lookup;
    if (found.has(extension.name))
      findings.push({ severity: 'error', rule: 'extension-twice', message: `${extension.name} is listed twice` });
    found.set(extension.name, extension);
    if (use.arch !== undefined && extension.arch !== 'both' && extension.arch !== use.arch) {
      findings.push({
        severity: 'error',
        rule: 'extension-architecture',
        message: `${extension.name} exists for ${extension.arch} only, and the machine is ${use.arch}`,
        source: extensionSource(extension),
      });
    }
  }
  return { found: [...found.values()], findings };
}

function severityOf(kind: 'exact' | 'renamed' | 'unavailable' | 'unknown'): CatalogFinding['severity'] {
  return kind === 'renamed' ? 'notice' : 'error';
}

const NVIDIA =
  /^(nvidia-open-gpu-kernel-modules|nonfree-kmod-nvidia|nvidia-container-toolkit|nvidia-fabricmanager)-(lts|production)$/;

function lintNvidia(names: ReadonlySet<string>): readonly CatalogFinding[] {
  const parts = [...names].map((name) => NVIDIA.exec(name)).filter((match) => match !== null);
  if (parts.length === 0) return [];
  const source =
    'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/hardware-and-drivers/nvidia-gpu';
  const findings: CatalogFinding[] = [];
  const branches = new Set(parts.map(([, , branch]) => branch));
  const kinds = parts.map(([, kind]) => kind);
  const drivers = parts.filter(
    ([, kind]) => kind === 'nvidia-open-gpu-kernel-modules' || kind === 'nonfree-kmod-nvidia',
  );
  if (branches.size > 1) {
    findings.push({
      severity: 'error',
      rule: 'nvidia-branch',
      message: `NVIDIA extensions of two branches on one node: ${parts.map(([name]) => name).join(', ')}`,
      hint: 'Take all of -lts or all of -production.',
      source,
    });
  }
  if (drivers.length > 1 && branches.size === 1) {
    findings.push({
      severity: 'error',
      rule: 'nvidia-two-drivers',
      message: `two NVIDIA kernel modules on one node: ${drivers.map(([name]) => name).join(', ')}`,
      hint: 'Open modules for Turing and later, nonfree for older cards.',
      source,
    });
  }
  if (drivers.length > 0 && !kinds.includes('nvidia-container-toolkit')) {
    findings.push({
      severity: 'error',
      rule: 'nvidia-pair',
      message: `${drivers[0]?.[0]} without nvidia-container-toolkit-${drivers[0]?.[2]}: containers cannot use the GPU`,
      source,
    });
  }
  if (drivers.length === 0) {
    findings.push({
      severity: 'error',
      rule: 'nvidia-pair',
      message: `${parts[0]?.[0]} without a kernel module of the same branch`,
      hint: `Add nvidia-open-gpu-kernel-modules-${parts[0]?.[2]} or nonfree-kmod-nvidia-${parts[0]?.[2]}.`,
      source,
    });
  }
  return findings;
}

function lintConflicts(names: ReadonlySet<string>, talos: string): readonly CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  if (names.has('stargz-snapshotter') && names.has('soci-snapshotter')) {
    findings.push({
      severity: 'error',
      rule: 'extension-conflict',
      message: 'stargz-snapshotter and soci-snapshotter both make themselves the default snapshotter',
    });
  }
  const toolkit = [...names].find((name) => name.startsWith('nvidia-container-toolkit-'));
  if (names.has('nfs-utils') && toolkit !== undefined && isAtLeastMinor(talos, '1.12')) {
    const isBroken = compareVersions(talos, '1.12.3') < 0;
    findings.push({
      severity: isBroken ? 'error' : 'warning',
      rule: 'extension-conflict',
      message: `nfs-utils with ${toolkit} on Talos ${tagOf(talos)}: rpc-statd restarts without end, containerd's database breaks and the node is lost${isBroken ? '' : ' (seen on 1.12.0 to 1.12.2; operators keep them apart on later versions as well)'}`,
      hint: 'Keep nfs-utils off GPU nodes; NFSv4 needs no extension.',
      source: 'https://github.com/siderolabs/talos/issues/12667',
    });
  }
  if (names.has('mdadm') && isAtLeastMinor(talos, '1.14')) {
    findings.push({
      severity: 'notice',
      rule: 'extension-no-op',
      message: 'mdadm is empty from Talos 1.14 on: the tool is in the core OS',
      hint: 'Remove it.',
    });
  }
  return findings;
}

/** What an extension is nothing without, or misses something without. */
const COMPANIONS: readonly {
  readonly of: string;
  readonly needs: readonly string[];
  readonly severity: 'error' | 'warning' | 'notice';
}[] = [
  { of: 'gvisor-debug', needs: ['gvisor'], severity: 'error' },
  { of: 'kata-containers-snp', needs: ['kata-containers'], severity: 'error' },
  { of: 'dvb-m88ds3103', needs: ['dvb-cx23885'], severity: 'warning' },
  { of: 'trident-iscsi-tools', needs: ['iscsi-tools', 'multipath-tools', 'util-linux-tools'], severity: 'warning' },
  { of: 'soci-snapshotter', needs: ['fuse3'], severity: 'warning' },
  { of: 'nvidia-gdrdrv-device', needs: ['nvidia-open-gpu-kernel-modules-production'], severity: 'warning' },
  { of: 'chelsio-drivers', needs: ['chelsio-firmware'], severity: 'notice' },
];

function lintCompanions(names: ReadonlySet<string>): readonly CatalogFinding[] {
  return COMPANIONS.filter(({ of }) => names.has(of)).flatMap(({ of, needs, severity }) =>
    missing(names, needs, of, severity),
  );
}

const ADDON_NEEDS: Readonly<Record<string, readonly string[]>> = {
  longhorn: ['iscsi-tools', 'util-linux-tools'],
  trident: ['trident-iscsi-tools', 'iscsi-tools', 'multipath-tools', 'util-linux-tools'],
  'iscsi-csi': ['iscsi-tools'],
  piraeus: ['drbd'],
};

function lintAddons(names: ReadonlySet<string>, addons: readonly string[]): readonly CatalogFinding[] {
  return addons.flatMap((addon) => missing(names, ADDON_NEEDS[addon] ?? [], addon, 'error'));
}

function missing(
  names: ReadonlySet<string>,
  needs: readonly string[],
  of: string,
  severity: CatalogFinding['severity'],
): readonly CatalogFinding[] {
  const absent = needs.filter((need) => !names.has(need));
  if (absent.length === 0) return [];
  return [
    {
      severity,
      rule: 'extension-companion',
      message: `${of} without ${absent.join(' and ')}`,
      hint: `Add ${absent.join(', ')} to the node's extensions.`,
    },
  ];
}

const VM_PLATFORMS = [
  'nocloud',
  'openstack',
  'cloudstack',
  'opennebula',
  'hcloud',
  'upcloud',
  'vultr',
  'scaleway',
  'digital-ocean',
  'akamai',
  'exoscale',
  'oracle',
  'gcp',
  'aws',
  'azure',
  'alibabacloud',
];

function lintPlatform(names: ReadonlySet<string>, use: ExtensionUse): readonly CatalogFinding[] {
  const findings: CatalogFinding[] = [];
  const isBareMetal = use.isVirtual === undefined ? use.platform === 'metal' : !use.isVirtual;
  const elsewhere = (name: string, where: string): void => {
    findings.push({
      severity: 'warning',
      rule: 'extension-wrong-platform',
      message: `${name} on ${isBareMetal ? 'bare metal' : `platform ${use.platform}`}: its service waits for ever outside ${where}`,
      hint: `Take ${name} out of this node's image.`,
    });
  };
  if (names.has('qemu-guest-agent') && (isBareMetal || use.platform === 'vmware'))
    elsewhere('qemu-guest-agent', 'a QEMU virtual machine');
  if (names.has('vmtoolsd-guest-agent') && use.platform !== 'vmware') elsewhere('vmtoolsd-guest-agent', 'VMware');
  if (names.has('xen-guest-agent') && isBareMetal) elsewhere('xen-guest-agent', 'Xen');
  if (names.has('hyperv-guest-agent') && isBareMetal) elsewhere('hyperv-guest-agent', 'Hyper-V');
  for (const microcode of ['intel-ucode', 'amd-ucode']) {
    if (names.has(microcode) && VM_PLATFORMS.includes(use.platform) && use.isVirtual !== false) {
      findings.push({
        severity: 'notice',
        rule: 'microcode-in-vm',
        message: `${microcode} in a virtual machine does nothing: the hypervisor owns the microcode`,
      });
    }
  }
  if (names.has('metal-agent'))
    findings.push({
      severity: 'error',
      rule: 'extension-not-for-nodes',
      message: 'metal-agent belongs in agent-mode images of the Omni bare-metal provider, not on a cluster node',
    });
  if (names.has('hello-world-service'))
    findings.push({
      severity: 'error',
      rule: 'extension-not-for-nodes',
      message: 'hello-world-service is a demonstration that listens on port 80',
    });
  return findings;
}

function lintServices(found: readonly Extension[], configs: readonly string[] | undefined): readonly CatalogFinding[] {
  if (configs === undefined) return [];
  const findings: CatalogFinding[] = [];
  for (const extension of found) {
    const { config } = extension;
    if (config?.isRequired !== true || configs.includes(config.document)) continue;
    findings.push({
      severity: 'error',
      rule: 'extension-not-configured',
      message: `${extension.name} has no ExtensionServiceConfig named ${config.document}: its service waits for ever`,
      hint: `Its document gives ${config.reads}.`,
      source: extensionSource(extension),
    });
  }
  for (const config of configs) {
    const isUsed = found.some(
      (extension) => extension.config?.document === config || extension.services?.includes(`ext-${config}`) === true,
    );
    if (!isUsed)
      findings.push({
        severity: 'error',
        rule: 'service-config-without-extension',
        message: `ExtensionServiceConfig ${config}: no extension of the image has that service, so it does nothing`,
      });
  }
  return findings;
}

function lintModules(found: readonly Extension[], modules: ExtensionUse['modules']): readonly CatalogFinding[] {
  if (modules === undefined) return [];
  const findings: CatalogFinding[] = [];
  for (const extension of found) {
    const absent = (extension.modules ?? []).filter((wanted) => !modules.some(({ name }) => sameModule(name, wanted)));
    if (absent.length > 0)
      findings.push({
        severity: 'error',
        rule: 'module-not-listed',
        message: `${extension.name}: ${absent.join(', ')} must be listed under machine.kernel.modules; nothing else loads it`,
        ...(extension.modulesNote === undefined ? {} : { hint: extension.modulesNote }),
        source: extensionSource(extension),
      });
  }
  const drbd = modules.find(({ name }) => name === 'drbd');
  if (
    drbd !== undefined &&
    found.some(({ name }) => name === 'drbd') &&
    drbd.parameters?.includes('usermode_helper=disabled') !== true
  ) {
    findings.push({
      severity: 'error',
      rule: 'module-parameter',
      message: 'the module drbd needs the parameter usermode_helper=disabled on Talos',
    });
  }
  return findings;
}

/** The kernel takes `-` and `_` for the same. */
function sameModule(left: string, right: string): boolean {
  return left.replaceAll('-', '_') === right.replaceAll('-', '_');
}

/** Names only, resolved and without repetition, renamed ones as they are now: what goes into a schematic. Unknown names are left as written. */
export function normalizeExtensions(extensions: readonly string[], talos: string): readonly string[] {
  const names = extensions.map((written) => {
    const lookup = findExtension(written, talos);
    return lookup.kind === 'unknown' ? shortName(written) : lookup.extension.name;
  });
  return [...new Set(names)];
}
