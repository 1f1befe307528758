/** Resources about the node itself: stage, version, hardware, extensions, META (talos-2-resources.md §2.1, §2.4). */
import { seededUuid } from '../../seeded.ts';
import {
  hasApiServiceConfigs,
  hasBootIdResource,
  hasImageFactorySchematics,
  hasUnattendedInstall,
  machineConfigIsWrapped,
  nameIsInVersionResource,
} from '../../versions.ts';
import { protoField } from './proto-field.ts';
import { one, type Projection, type ResourceDraft, type RunningView } from './resource.ts';

export const NODE_PROJECTIONS: Readonly<Record<string, Projection>> = {
  'MachineStatuses.runtime.talos.dev': ({ run }) =>
    one('machine', 'runtime.MachineStatusController', {
      stage: run.stage,
      status: { ready: run.ready, unmetConditions: run.unmet },
    }),
  'MachineTypes.config.talos.dev': ({ run }) => [
    {
      id: 'machine-type',
      owner: 'config.MachineTypeController',
      spec: run.config?.facts.isComplete === true ? run.config.facts.role : 'unknown',
    },
  ],
  'Versions.runtime.talos.dev': ({ run }) =>
    one('version', 'runtime.VersionController', {
      ...(nameIsInVersionResource(run.version) ? { name: 'Talos' } : {}),
      version: run.version.text,
    }),
  'BootIDs.runtime.talos.dev': ({ run }) =>
    hasBootIdResource(run.version) ? one('boot-id', 'runtime.BootIDController', { bootID: run.bootId }) : [],
  'KernelCmdlines.runtime.talos.dev': (view) =>
    one('cmdline', 'runtime.KernelCmdlineController', { cmdline: kernelCmdline(view) }),
  'SecurityStates.talos.dev': () =>
    one('securitystate', 'runtime.SecurityStateController', {
      secureBoot: false,
      selinuxState: 'enabled, permissive',
      fipsState: 'disabled',
      bootedWithUKI: false,
    }),
  'PlatformMetadatas.talos.dev': ({ machine }) =>
    one('platformmetadata', 'network.PlatformConfigApplyController', { platform: machine.definition.platform }),
  'Diagnostics.runtime.talos.dev': diagnostics,
  'Services.v1alpha1.talos.dev': ({ run }) =>
    Object.entries(run.services)
      .filter(([, service]) => service.state === 'Running')
      .map(([id, service]) => ({
        id,
        owner: 'v1alpha1.ServiceController',
        spec: { running: true, healthy: service.healthy === true, unknown: service.healthy === undefined },
      })),
  'APIServiceConfigs.runtime.talos.dev': ({ run }) => {
    if (!hasApiServiceConfigs(run.version)) return [];
    const isOpen = run.api.kind === 'maintenance';
    return one('apid', 'runtime.APIServiceConfigController', {
      listenAddress: ':50000',
      nodeRoutingDisabled: isOpen,
      readonlyRoleMode: isOpen,
      skipVerifyingClientCert: isOpen,
    });
  },
  'MaintenanceServiceConfigs.runtime.talos.dev': ({ network }) =>
    one('maintenance', 'runtime.MaintenanceConfigController', {
      listenAddress: ':50000',
      reachableAddresses: network.addresses.map((address) => address.ip),
    }),
  'UnattendedInstallStatuses.runtime.talos.dev': (view) =>
    hasUnattendedInstall(view.run.version) ? unattendedInstall(view) : [],
  'MetaKeys.runtime.talos.dev': ({ machine }) =>
    Object.entries(machine.meta).map(([id, value]) => ({ id, owner: 'runtime.MetaController', spec: { value } })),
  'TimeStatuses.v1alpha1.talos.dev': () =>
    one('node', 'time.SyncController', { synced: true, epoch: 0, syncDisabled: false }),
  'SystemInformations.hardware.talos.dev': ({ machine: { definition } }) =>
    one('systeminformation', 'hardware.SystemInfoController', {
      manufacturer: definition.manufacturer ?? 'QEMU',
      productName: definition.productName ?? 'Standard PC (Q35 + ICH9, 2009)',
      version: '1.0',
      serialnumber: definition.serial,
      uuid: definition.uuid,
      wakeUpType: 'Power Switch',
      skuNumber: '',
    }),
  'Processors.hardware.talos.dev': ({ machine: { definition } }) =>
    one('CPU-0', 'hardware.SystemInfoController', {
      socket: 'CPU 0',
      manufacturer: definition.manufacturer ?? 'QEMU',
      productName: 'Virtual CPU',
      maxSpeedMhz: 3000,
      bootSpeedMhz: 3000,
      status: 65,
      coreCount: definition.cores,
      coreEnabled: definition.cores,
      threadCount: definition.cores,
    }),
  'MemoryModules.hardware.talos.dev': ({ machine: { definition } }) =>
    one('DIMM-0', 'hardware.SystemInfoController', {
      sizeMiB: Math.round(definition.memoryBytes / 2 ** 20),
      deviceLocator: 'DIMM 0',
      manufacturer: definition.manufacturer ?? 'QEMU',
    }),
  'ExtensionStatuses.runtime.talos.dev': extensions,
  'ImageFactorySchematics.runtime.talos.dev': ({ run }) =>
    run.image.schematic === undefined || !hasImageFactorySchematics(run.version)
      ? []
      : one('image-factory-schematic', 'runtime.ImageFactorySchematicController', {
          schematicId: run.image.schematic,
          flavor: 'metal',
          apiUrl: 'https://factory.talos.dev/',
        }),
  'MachineConfigs.config.talos.dev': machineConfigs,
  'Environments.runtime.talos.dev': () =>
    one('machined', 'runtime.EnvironmentController', { variables: ['HOME=/', 'TERM=linux'] }),
};

export function kernelCmdline({ run, machine }: RunningView): string {
  const args = [
    'talos.platform=' + machine.definition.platform,
    'console=tty0',
    'init_on_alloc=1',
    'slab_nomerge=',
    'pti=on',
    'consoleblank=0',
    'nvme_core.io_timeout=4294967295',
    'printk.devkmsg=on',
  ];
  return [...args, ...(run.image.kernelArgs ?? [])].join(' ');
}

/** Image Factory marks its images with an extension that is none, named schematic. */
function extensions({ run }: RunningView): readonly ResourceDraft[] {
  const { image } = run;
  const names = image.extensions ?? [];
  const real = names.map((name, index) => {
    const short = name.replace(/^siderolabs\//, '');
    return {
      id: `${String(index).padStart(3, '0')}.ghcr.io-siderolabs-${short}-${run.version.text.slice(1)}`,
      owner: 'runtime.ExtensionStatusController',
      spec: {
        image: `ghcr.io/siderolabs/${short}:${run.version.text.slice(1)}`,
        metadata: {
          name: short,
          version: run.version.text.slice(1),
          author: 'Sidero Labs',
          description: '',
          compatibility: { talos: { version: '>= v1.5.0' } },
        },
      },
    };
  });
  if (image.schematic === undefined) return real;
  const schematic = {
    id: `${String(names.length).padStart(3, '0')}.schematic`,
    owner: 'runtime.ExtensionStatusController',
    spec: {
      image: '',
      metadata: {
        name: 'schematic',
        version: image.schematic,
        author: 'Image Factory',
        description: 'Virtual extension which specifies the schematic of the image built with Image Factory.',
        compatibility: { talos: { version: '' } },
        extraInfo: 'customization: {}\n',
      },
    },
  };
  return [...real, schematic];
}

/** The config in the form of each minor: plain on 1.11, a YAML string since 1.12 (talos-2-resources.md §2.2). */
function machineConfigs({ run, machine }: RunningView): readonly ResourceDraft[] {
  const draft = (id: string, text: string): ResourceDraft => {
    // talosctl reads this one type from its protobuf form: one field that holds the text.
    const proto = new Uint8Array(protoField(1, text));
    if (!machineConfigIsWrapped(run.version)) return { id, spec: text, yaml: text, proto };
    return { id, spec: text, yaml: blockScalar(text), annotations: { 'talos.dev/yaml-spec': '1' }, proto };
  };
  const drafts: ResourceDraft[] = [];
  const stored = machine.installation?.config ?? run.stored;
  if (stored !== undefined) drafts.push(draft('persistent', stored));
  if (run.config !== undefined) drafts.push(draft('v1alpha1', run.config.text));
  return drafts;
}

/** A literal block, indented as Go writes it: at the top of a document it would end before it began. */
function blockScalar(text: string): string {
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : `    ${line}`));
  return `|${text.startsWith(' ') ? '4' : ''}${text.endsWith('\n') ? '' : '-'}\n${lines.join('\n')}\n`;
}

function unattendedInstall({ run, machine }: RunningView): readonly ResourceDraft[] {
  const wish = run.config?.facts.install;
  if (wish?.isUnattended !== true) return [];
  const isInstalled = machine.installation !== undefined;
  const phase = isInstalled
    ? run.source === 'disk'
      ? 'installed'
      : 'waiting-for-reboot'
    : run.stage === 'installing'
      ? 'installing'
      : 'failed';
  const error = phase === 'failed' ? `no disk matches the expression "${wish.match ?? ''}"` : undefined;
  return one('unattended-install', 'runtime.UnattendedInstallController', { image: wish.image, phase, error });
}

/** A problem that real nodes report by themselves: the kubelet's address inside a cluster range. */
function diagnostics({ run, network }: RunningView): readonly ResourceDraft[] {
  if (run.config?.facts.isComplete !== true) return [];
  const ranges = [...run.config.facts.podCidrs, ...run.config.facts.serviceCidrs];
  const hits = network.addresses.filter(
    (address) => address.source !== 'vip' && ranges.some((range) => contains(range, address.ip)),
  );
  if (hits.length === 0) return [];
  return one('address-overlap', 'runtime.DiagnosticsController', {
    message: 'host and Kubernetes pod/service CIDR addresses overlap',
    details: [
      `host routed addresses: ${JSON.stringify(network.addresses.map((address) => `${address.ip}/${address.prefix}`))}`,
      `Kubernetes pod CIDRs: ${JSON.stringify(run.config.facts.podCidrs)}`,
      `Kubernetes service CIDRs: ${JSON.stringify(run.config.facts.serviceCidrs)}`,
    ],
  });
}

function contains(cidr: string, ip: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const number = (text: string): number =>
    text
      .split('.')
      .map(Number)
      .reduce((sum, part) => sum * 256 + part, 0);
  if (base.includes(':') || ip.includes(':')) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(ip) / size);
}

export function nodeIdentity(view: RunningView): string {
  return Buffer.from(seededUuid(view.world.seed, `${view.name}/identity`))
    .toString('base64')
    .replace(/[=+/]/g, '')
    .slice(0, 44);
}
