/** Rules of the document without kind: `machine` (Talos' `v1alpha1_validation.go`). `cluster` is in legacy-cluster.ts, devices are in legacy-network.ts. */
import { canonicalPrefix } from '../../values/ip-text.ts';
import { isSubnetFilter, quote } from '../checks.ts';
import { at, entries, integer, isSet, isTrue, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { since } from '../rule.ts';
import type { RuleContext } from '../rule.ts';
import { nodeAnnotations, nodeLabels, nodeTaints } from './kubernetes-parts.ts';
import { LATER_ROLES, protectedFields, TALOS_ROLES } from './kubernetes.ts';
import { clusterSection, cniSection } from './legacy-cluster.ts';
import { networkDevices } from './legacy-network.ts';
import { isControlPlane, isWorker } from './legacy-parts.ts';
import { baseRuntimeSpec } from './runtime-spec.ts';

export function legacyRule(document: Field, context: RuleContext): void {
  const machine = at(document, 'machine');
  if (!isSet(machine)) {
    context.error(machine, 'the section machine is required');
    return;
  }
  deprecated(machine, context);
  clusterSection(document, context);
  install(machine, context);
  hostDns(machine, context);
  machineType(document, context);
  networkDevices(machine, context);
  kubeSpan(document, context);
  disks(machine, context);
  kubelet(at(machine, 'kubelet'), context);
  for (const partition of ['ephemeral', 'state'])
    diskEncryption(at(machine, 'systemDiskEncryption', partition), context);
  logging(at(machine, 'logging'), context);
  nodeLabels(at(machine, 'nodeLabels'), context);
  nodeAnnotations(at(machine, 'nodeAnnotations'), context);
  nodeTaints(at(machine, 'nodeTaints'), context);
  apiAccess(machine, context);
  remaining(document, context);
}

function deprecated(machine: Field, context: RuleContext): void {
  if (!since(context, '1.14')) return;
  const [files, spec] = [at(machine, 'files'), at(machine, 'baseRuntimeSpecOverrides')];
  if (items(files).length > 0)
    context.warning(files, '.machine.files is on its way out: use the documents that took its place');
  if (entries(spec).length > 0)
    context.warning(spec, '.machine.baseRuntimeSpecOverrides is on its way out: use a CRIBaseRuntimeSpecConfig');
}

function install(machine: Field, context: RuleContext): void {
  const field = at(machine, 'install');
  if (context.mode === 'metal' && isSet(field)) installTarget(field, context);
  else if (context.mode === 'metal' && !since(context, '1.14'))
    context.error(field, '.machine.install is required on metal');
  const seen = new Set<string>();
  for (const extension of items(at(field, 'extensions'))) {
    const image = text(at(extension, 'image'));
    if (seen.has(image)) context.error(extension, `the extension ${quote(image)} is there twice`);
    seen.add(image);
  }
  if (seen.size > 0)
    context.warning(
      at(field, 'extensions'),
      '.machine.install.extensions is on its way out: extensions belong into the installer image',
    );
}

const DISK_TYPES = ['', 'nvme', 'sd', 'hdd', 'ssd'];

function installTarget(field: Field, context: RuleContext): void {
  const selector = at(field, 'diskSelector');
  const [name, type] = [at(selector, 'name'), at(selector, 'type')];
  if (text(name) !== '')
    context.error(name, 'a disk cannot be selected by its name: use model, serial, size or busPath');
  if (!DISK_TYPES.includes(text(type)))
    context.error(type, `the disk type is one of ${DISK_TYPES.slice(1).join(', ')}, not ${quote(text(type))}`);
  if (text(at(field, 'disk')) === '' && !isSet(selector)) context.error(field, 'install needs disk or diskSelector');
  const args = at(field, 'extraKernelArgs');
  if (items(args).length > 0 && isTrue(at(field, 'grubUseUKICmdline'))) {
    context.error(
      args,
      'extraKernelArgs are without effect with grubUseUKICmdline: put them into the image (schematic), or set grubUseUKICmdline: false',
    );
  }
}

function hostDns(machine: Field, context: RuleContext): void {
  const field = at(machine, 'features', 'hostDNS');
  const [isEnabled, forwards] = [isTrue(at(field, 'enabled')), isTrue(at(field, 'forwardKubeDNSToHost'))];
  if (context.mode === 'container' && !since(context, '1.14')) {
    if (!isEnabled) context.error(field, 'in a container, .machine.features.hostDNS must be enabled');
    if (!forwards)
      context.error(field, 'in a container, .machine.features.hostDNS.forwardKubeDNSToHost must be enabled');
  }
  if (since(context, '1.13') && forwards && !isEnabled)
    context.error(at(field, 'forwardKubeDNSToHost'), 'forwardKubeDNSToHost needs hostDNS.enabled');
}

function machineType(document: Field, context: RuleContext): void {
  const machine = at(document, 'machine');
  const type = at(machine, 'type');
  if (isWorker(text(type)) && text(type) !== 'worker')
    context.warning(type, `the machine type ${quote(text(type))} is written worker`);
  const ca = at(machine, 'ca');
  if (!isSet(ca) && items(at(machine, 'acceptedCAs')).length === 0)
    context.error(ca, '.machine.ca or .machine.acceptedCAs is required');
  if (isControlPlane(text(type))) controlPlane(document, context);
  else if (isWorker(text(type))) worker(document, context);
  else context.error(type, `the machine type is controlplane or worker, not ${quote(text(type))}`);
}

function controlPlane(document: Field, context: RuleContext): void {
  cniSection(document, context);
  const ca = at(document, 'machine', 'ca');
  if (!isSet(ca)) context.error(ca, '.machine.ca is required on a control plane');
  else if (text(at(ca, 'key')) === '') context.error(at(ca, 'key'), '.machine.ca.key is required on a control plane');
}

function worker(document: Field, context: RuleContext): void {
  const machine = at(document, 'machine');
  for (const device of items(at(machine, 'network', 'interfaces'))) {
    for (const holder of [device, ...items(at(device, 'vlans'))]) {
      if (isSet(at(holder, 'vip'))) context.error(at(holder, 'vip'), 'a virtual IP is for control planes only');
    }
  }
  const ca = at(machine, 'ca');
  if (isSet(ca)) {
    if (text(at(ca, 'key')) !== '') context.error(at(ca, 'key'), 'the key of the Talos CA does not belong on a worker');
    if (text(at(ca, 'crt')) === '' && items(at(machine, 'acceptedCAs')).length === 0)
      context.error(at(ca, 'crt'), 'the certificate of the Talos CA is required');
  }
}

function kubeSpan(document: Field, context: RuleContext): void {
  const field = at(document, 'machine', 'network', 'kubespan');
  if (!isTrue(at(field, 'enabled'))) return;
  const mtu = at(field, 'mtu');
  if (integer(mtu) !== 0 && integer(mtu) < 1280) context.error(mtu, 'the MTU of KubeSpan must be at least 1280');
  if (!since(context, '1.14')) kubeSpanNeeds(document, context);
  for (const filter of items(at(field, 'filters', 'endpoints'))) {
    if (!isSubnetFilter(text(filter))) context.error(filter, `${quote(text(filter))} is not a subnet or address`);
  }
  if (!since(context, '1.12')) return;
  for (const network of items(at(field, 'filters', 'excludeAdvertisedNetworks'))) {
    if (canonicalPrefix(text(network)) === undefined)
      context.error(network, `${quote(text(network))} is not a network`);
  }
}

function kubeSpanNeeds(document: Field, context: RuleContext): void {
  const cluster = at(document, 'cluster');
  if (!isTrue(at(cluster, 'discovery', 'enabled')))
    context.error(at(cluster, 'discovery'), 'KubeSpan needs .cluster.discovery to be enabled');
  for (const key of ['id', 'secret']) {
    if (text(at(cluster, key)) === '') context.error(at(cluster, key), `KubeSpan needs .cluster.${key}`);
  }
}

function disks(machine: Field, context: RuleContext): void {
  for (const disk of items(at(machine, 'disks'))) {
    if (!isSet(disk)) context.error(disk, 'an element that is null is not allowed here');
    const partitions = items(at(disk, 'partitions'));
    for (const partition of partitions.slice(0, -1)) {
      if (integer(at(partition, 'size')) === 0)
        context.error(partition, 'only the last partition of a disk may be without a size');
    }
  }
}

function kubelet(field: Field, context: RuleContext): void {
  for (const subnet of items(at(field, 'nodeIP', 'validSubnets'))) {
    if (!isSubnetFilter(text(subnet))) context.error(subnet, `${quote(text(subnet))} is not a subnet or address`);
  }
  protectedFields(at(field, 'extraConfig'), context);
}

function diskEncryption(field: Field, context: RuleContext): void {
  if (!isSet(field)) return;
  const keys = items(at(field, 'keys'));
  if (keys.length === 0) context.error(at(field, 'keys'), 'encryption needs at least one key');
  const slots = new Set<number>();
  for (const key of keys) {
    const slot = integer(at(key, 'slot'));
    if (slots.has(slot)) context.error(at(key, 'slot'), `the key slot ${slot} is used twice`);
    slots.add(slot);
    if (!['static', 'nodeID', 'kms', 'tpm'].some((kind) => isSet(at(key, kind))))
      context.error(key, `the key in slot ${slot} is of no kind: write one of static, nodeID, kms, tpm`);
  }
}

function logging(field: Field, context: RuleContext): void {
  for (const destination of items(at(field, 'destinations'))) {
    const endpoint = at(destination, 'endpoint');
    const parsed = url(endpoint);
    if (parsed === undefined) context.error(endpoint, 'an endpoint is required');
    else if (parsed.host === '') context.error(endpoint, 'the endpoint names no host');
    else if (parsed.scheme !== 'tcp' && parsed.scheme !== 'udp')
      context.error(endpoint, 'the endpoint must begin with tcp:// or udp://');
    const format = at(destination, 'format');
    if (text(format) !== 'json_lines') context.error(format, `the format is json_lines, not ${quote(text(format))}`);
  }
}

function apiAccess(machine: Field, context: RuleContext): void {
  const field = at(machine, 'features', 'kubernetesTalosAPIAccess');
  if (!isTrue(at(field, 'enabled'))) return;
  if (!since(context, '1.12') && !isTrue(at(machine, 'features', 'rbac')))
    context.error(field, 'kubernetesTalosAPIAccess needs .machine.features.rbac');
  if (!isControlPlane(text(at(machine, 'type'))))
    context.error(field, 'kubernetesTalosAPIAccess is for control planes only');
  const known = since(context, '1.13') ? [...TALOS_ROLES, ...LATER_ROLES] : TALOS_ROLES;
  for (const role of items(at(field, 'allowedRoles'))) {
    if (!known.includes(text(role)))
      context.error(role, `${quote(text(role))} is not a role of Talos ${context.minor}`);
  }
}

function remaining(document: Field, context: RuleContext): void {
  const machine = at(document, 'machine');
  const algorithm = at(machine, 'features', 'nodeAddressSortAlgorithm');
  if (!['', 'v1', 'v2'].includes(text(algorithm).toLowerCase()))
    context.error(algorithm, `the algorithm is v1 or v2, not ${quote(text(algorithm))}`);
  if (at(document, 'persist').value === false) context.error(at(document, 'persist'), '.persist must be true');
  if (entries(at(machine, 'baseRuntimeSpecOverrides')).length > 0)
    baseRuntimeSpec(at(machine, 'baseRuntimeSpecOverrides'), context);
  for (const part of ['config', 'mirrors']) {
    for (const [name, field] of entries(at(machine, 'registries', part))) {
      if (field.value === null) context.error(field, `the settings of ${quote(name)} are null`);
    }
  }
}
