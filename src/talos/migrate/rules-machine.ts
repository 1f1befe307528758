/**
 * What 1.14 moved out of `machine`: kernel settings, resolver, kubelet, node registration, installation.
 */
import type { PlainValue } from '../documents-text.ts';
import { deletion, listOf, moved, noted, recordOf, target, textOf, textsOf, turned } from './rule.ts';
import type { FoundField, MigrationRule, RuleOutcome, Target } from './rule.ts';

export const MACHINE_RULES: readonly MigrationRule[] = [
  moved('1.14', 'machine.sysctls', 'SysctlConfig', 'params'),
  moved('1.14', 'machine.sysfs', 'SysfsConfig', 'params'),
  turned('1.14', 'machine.kernel.modules', ({ plain }) => kernelModules(plain)),
  moved('1.14', 'machine.udev.rules', 'UdevRulesConfig', 'rules'),
  moved('1.14', 'machine.baseRuntimeSpecOverrides', 'CRIBaseRuntimeSpecConfig', 'overrides'),
  moved('1.14', 'machine.features.hostDNS', 'ResolverConfig', 'hostDNS'),
  moved('1.14', 'machine.features.imageCache.localEnabled', 'ImageCacheConfig', 'local.enabled'),
  { since: '1.14', path: ['machine', 'features', 'kubePrism'], apply: kubePrism },
  { since: '1.14', path: ['machine', 'features', 'kubernetesTalosAPIAccess'], apply: talosApiAccess },
  moved('1.14', 'machine.nodeLabels', 'KubeNodeConfig', 'labels'),
  moved('1.14', 'machine.nodeAnnotations', 'KubeNodeConfig', 'annotations'),
  moved('1.14', 'machine.nodeTaints', 'KubeNodeConfig', 'taints'),
  moved('1.14', 'machine.kubelet.nodeIP', 'KubeNodeConfig', 'nodeIP'),
  moved('1.14', 'machine.kubelet.registerWithFQDN', 'KubeNodeConfig', 'registerWithFQDN'),
  moved('1.14', 'machine.kubelet.skipNodeRegistration', 'KubeNodeConfig', 'skipNodeRegistration'),
  moved('1.14', 'machine.kubelet.image', 'KubeletConfig', 'image'),
  moved('1.14', 'machine.kubelet.extraConfig', 'KubeletConfig', 'config'),
  moved('1.14', 'machine.kubelet.extraArgs', 'KubeletConfig', 'extraArgs'),
  moved('1.14', 'machine.kubelet.clusterDNS', 'KubeletConfig', 'clusterDNS'),
  moved(
    '1.14',
    'machine.kubelet.defaultRuntimeSeccompProfileEnabled',
    'KubeletConfig',
    'defaultRuntimeSeccompProfileEnabled',
  ),
  moved('1.14', 'machine.kubelet.credentialProviderConfig', 'KubeCredentialProviderConfig', 'configuration'),
  {
    since: '1.14',
    path: ['machine', 'kubelet', 'disableManifestsDirectory'],
    apply: () => ({ targets: [], notices: ['is dropped: 1.14 reads static pods from KubeStaticPodConfig only'] }),
  },
  noted(
    '1.14',
    'machine.kubelet.extraMounts',
    'stays: 1.14 has no document for it, and refuses machine.kubelet beside a KubeletConfig',
  ),
  turned('1.14', 'machine.pods', ({ plain }) =>
    listOf(plain).map((pod) => target('KubeStaticPodConfig', { pod: plainOf(pod) }, podName(pod))),
  ),
  turned('1.14', 'machine.controlPlane.controllerManager.disabled', ({ plain }) => [
    target('KubeControllerManagerConfig', { enabled: plain !== true }),
  ]),
  turned('1.14', 'machine.controlPlane.scheduler.disabled', ({ plain }) => [
    target('KubeSchedulerConfig', { enabled: plain !== true }),
  ]),
  { since: '1.14', path: ['machine', 'install'], apply: installation },
];

/** Free-form data out of a YAML tree is plain by its nature. */
export function plainOf(value: unknown): PlainValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint'
  )
    return value;
  if (Array.isArray(value)) return value.map(plainOf);
  return Object.fromEntries(Object.entries(recordOf(value)).map(([key, inner]) => [key, plainOf(inner)]));
}

function kernelModules(plain: unknown): readonly Target[] {
  return listOf(plain).map((module) => {
    const { name, parameters } = recordOf(module);
    return target(
      'KernelModuleConfig',
      parameters === undefined ? {} : { parameters: textsOf(parameters) },
      textOf(name),
    );
  });
}

function kubePrism({ plain }: FoundField): RuleOutcome {
  const { enabled, port } = recordOf(plain);
  if (enabled === false) return { targets: [deletion('KubePrismConfig')] };
  return { targets: [target('KubePrismConfig', { port: typeof port === 'number' ? port : 7445 })] };
}

function talosApiAccess({ plain }: FoundField): RuleOutcome {
  const { allowedKubernetesNamespaces, allowedRoles, enabled } = recordOf(plain);
  if (enabled === false)
    return { targets: [], notices: ['is dropped: without KubeTalosAPIAccessConfig, pods have no access'] };
  const fields = {
    allowedRoles: textsOf(allowedRoles),
    allowedKubernetesNamespaces: textsOf(allowedKubernetesNamespaces),
  };
  return { targets: [target('KubeTalosAPIAccessConfig', fields)] };
}

function podName(pod: unknown): string {
  return textOf(recordOf(recordOf(pod)['metadata'])['name']);
}

/** The document selects disks by an expression, and must do so: what merely sets an image or arguments cannot be carried over alone. */
function installation({ plain }: FoundField): RuleOutcome {
  const { disk, diskSelector, extraKernelArgs, image, wipe } = recordOf(plain);
  const notices: string[] = [];
  if (listOf(extraKernelArgs).length > 0)
    notices.push('extraKernelArgs is dropped: from 1.14 on, kernel arguments are part of the image (schematic)');
  const match =
    typeof disk === 'string' && disk !== ''
      ? `disk.dev_path == ${JSON.stringify(disk)}`
      : selectorExpression(recordOf(diskSelector));
  if (match === undefined) {
    return {
      targets: [],
      stays: true,
      notices: [
        'stays: UnattendedInstallConfig needs a disk selector that this does not give; write the document with the selector and what is changed here',
      ],
    };
  }
  const fields = {
    ...(typeof image === 'string' ? { 'installer.image': image } : {}),
    'provisioning.diskSelector.match': match,
    ...(typeof wipe === 'boolean' ? { 'provisioning.wipe': wipe } : {}),
  };
  return { targets: [target('UnattendedInstallConfig', fields)], notices };
}

const SELECTOR_FIELDS: Readonly<Record<string, string>> = {
  model: 'model',
  serial: 'serial',
  modalias: 'modalias',
  wwid: 'wwid',
};

/** Undefined when a part of the selector has no counterpart that surely means the same. */
function selectorExpression(selector: Readonly<Record<string, unknown>>): string | undefined {
  const terms: string[] = [];
  for (const [key, value] of Object.entries(selector)) {
    const term = key === 'type' ? typeTerm(textOf(value)) : fieldTerm(SELECTOR_FIELDS[key], textOf(value));
    if (term === undefined) return undefined;
    terms.push(term);
  }
  return terms.length === 0 ? undefined : terms.join(' && ');
}

function fieldTerm(field: string | undefined, value: string): string | undefined {
  // The old selector's values may be patterns, which have no counterpart.
  if (field === undefined || value === '' || /[*?[]/.test(value)) return undefined;
  return `disk.${field} == ${JSON.stringify(value)}`;
}

function typeTerm(type: string): string | undefined {
  if (type === 'nvme') return 'disk.transport == "nvme"';
  if (type === 'hdd') return 'disk.rotational';
  return type === 'ssd' ? '!disk.rotational' : undefined;
}
