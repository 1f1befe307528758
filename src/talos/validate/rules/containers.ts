/** Rules of ContainerConfig (Talos' `config/types/container`, 1.14). What several containers do to each other is in `../whole-config.ts`. */
import { parseByteSize } from '../../values/sizes.ts';
import { byteLength, quote } from '../checks.ts';
import type { Reason } from '../checks.ts';
import { at, integer, isSet, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import { imageReference } from '../image-reference.ts';
import { all } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';

export const containerRules: DocumentRules = {
  ContainerConfig: all(name, image, environment, mounts, security, surroundings, dependsOn),
};

function name(document: Field, context: RuleContext): void {
  const field = at(document, 'name');
  const value = text(field);
  if (value === '') context.error(field, 'a name is required');
  else if (byteLength(value) > 63) context.error(field, 'the name is longer than 63 characters');
  else if (!/^[a-z0-9-]+$/.test(value))
    context.error(field, 'the name may hold only lower-case letters, digits and hyphens');
}

function image(document: Field, context: RuleContext): void {
  const field = at(document, 'image');
  if (text(field) === '') {
    context.error(field, 'an image is required');
    return;
  }
  const reference = imageReference(text(field));
  if (reference === undefined) context.error(field, `${quote(text(field))} is not a reference of an image`);
  else if (!reference.hasDigest)
    context.warning(field, 'the image is not pinned by digest: what runs may change with a restart');
}

function environment(document: Field, context: RuleContext): void {
  for (const variable of items(at(document, 'environment'))) {
    if (!text(variable).includes('=')) context.error(variable, 'a variable is of the form KEY=value');
  }
}

function mounts(document: Field, context: RuleContext): void {
  const destinations = new Set<string>();
  for (const mount of items(at(document, 'mounts'))) {
    const kinds = ['userVolume', 'tmpfs', 'hostPath'].filter((kind) => isSet(at(mount, kind)));
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      context.error(mount, 'a mount is one of userVolume, tmpfs and hostPath');
      continue;
    }
    const problems = mountProblems(at(mount, kind), kind);
    for (const [field, reason] of problems) context.error(field, reason);
    const destination = text(at(mount, kind, 'destination'));
    if (problems.length > 0) continue;
    if (destinations.has(destination))
      context.error(at(mount, kind, 'destination'), `two mounts are at ${quote(destination)}`);
    destinations.add(destination);
  }
}

const MOUNT_OPTIONS = new Set(['ro', 'rw', 'noexec', 'nosuid', 'nodev', 'noatime', 'rbind', 'rshared']);

function mountProblems(mount: Field, kind: string): readonly (readonly [Field, string])[] {
  const problems: (readonly [Field, string])[] = [];
  if (kind === 'userVolume' && text(at(mount, 'name')) === '')
    problems.push([at(mount, 'name'), 'the name of the user volume is required']);
  for (const key of kind === 'hostPath' ? ['source', 'destination'] : ['destination']) {
    const reason = absolutePathProblem(text(at(mount, key)));
    if (reason !== undefined) problems.push([at(mount, key), reason]);
  }
  const options = items(at(mount, 'options'));
  for (const option of options) {
    if (!MOUNT_OPTIONS.has(text(option)))
      problems.push([option, `the mount option ${quote(text(option))} is not supported`]);
  }
  const given = options.map(text);
  if (given.includes('ro') && given.includes('rw'))
    problems.push([at(mount, 'options'), 'ro and rw exclude each other']);
  return problems;
}

function absolutePathProblem(path: string): Reason {
  if (path === '') return 'a path is required';
  return path.startsWith('/') ? undefined : `${quote(path)} must be an absolute path`;
}

function security(document: Field, context: RuleContext): void {
  const field = at(document, 'security');
  const profile = text(at(field, 'profile')) || 'restricted';
  if (profile !== 'restricted' && profile !== 'privileged')
    context.error(at(field, 'profile'), `the profile is restricted or privileged, not ${quote(profile)}`);
  const added = items(at(field, 'capabilities', 'add'));
  const dropped = items(at(field, 'capabilities', 'drop'));
  for (const capability of added) {
    const reason =
      text(capability) === 'ALL' ? 'ALL cannot be added: use profile: privileged' : capabilityProblem(text(capability));
    if (reason !== undefined) context.error(capability, reason);
    if (dropped.some((other) => text(other) === text(capability)))
      context.error(capability, `${quote(text(capability))} is both added and dropped`);
  }
  for (const capability of dropped) {
    const reason = text(capability) === 'ALL' ? undefined : capabilityProblem(text(capability));
    if (reason !== undefined) context.error(capability, reason);
  }
}

function capabilityProblem(capability: string): Reason {
  if (capability === '') return 'the name of a capability is required';
  if (capability.startsWith('CAP_')) return `write ${quote(capability)} without CAP_`;
  return /^[A-Z_]+$/.test(capability)
    ? undefined
    : `${quote(capability)} is not the name of a capability in capital letters`;
}

/** Network, resources and the user it runs as. */
function surroundings(document: Field, context: RuleContext): void {
  const mode = at(document, 'network', 'mode');
  if (!['', 'none', 'host'].includes(text(mode)))
    context.error(mode, `the network mode is none or host, not ${quote(text(mode))}`);
  const memory = at(document, 'resources', 'limits', 'memory');
  if (text(memory) !== '' && parseByteSize(text(memory)) === undefined)
    context.error(memory, `${quote(text(memory))} is not a size`);
  const cpu = at(document, 'resources', 'limits', 'cpu');
  if (text(cpu) !== '' && !isMillicores(text(cpu)))
    context.error(cpu, 'the CPU limit is in millicores, such as 1500m, and not zero');
  for (const key of ['uid', 'gid']) {
    const id = at(document, 'runAs', key);
    if (integer(id) < 0) context.error(id, `${key} cannot be negative`);
  }
}

function isMillicores(value: string): boolean {
  const digits = /^([0-9]+)m$/.exec(value)?.[1];
  return digits !== undefined && BigInt(digits) > 0n && BigInt(digits) < 2n ** 64n;
}

const NETWORK_CONDITIONS = ['addresses', 'connectivity', 'hostname', 'etcfiles'];

function dependsOn(document: Field, context: RuleContext): void {
  const field = at(document, 'dependsOn');
  for (const path of items(at(field, 'paths'))) {
    const reason = absolutePathProblem(text(path));
    if (reason !== undefined) context.error(path, reason);
  }
  for (const condition of items(at(field, 'networks'))) {
    if (!NETWORK_CONDITIONS.includes(text(condition)))
      context.error(
        condition,
        `the condition is one of ${NETWORK_CONDITIONS.join(', ')}, not ${quote(text(condition))}`,
      );
  }
  for (const other of items(at(field, 'containers'))) {
    if (text(other) === '') context.error(other, 'the name of a container is required');
    else if (text(other) === text(at(document, 'name'))) context.error(other, 'a container cannot depend on itself');
  }
}
