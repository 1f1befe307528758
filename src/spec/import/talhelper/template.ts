/**
 * The part of Go's templates that stands in people's talhelper files: fields of the machine config (`{{ .MachineConfig.MachineNetwork.NetworkHostname }}`),
 * by the names of Talos' Go structs. Functions and control structures are refused by name, never guessed at.
 */
import { IchorError } from '../../../errors.ts';
import { isRecord } from '../../patch-facts.ts';
import { asText } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';

/** Go field names whose YAML key is not the name without its struct's prefix (`machinery/config/types/v1alpha1/v1alpha1_types.go`). */
const FIELDS: Readonly<Record<string, string>> = {
  MachineConfig: 'machine',
  ClusterConfig: 'cluster',
  NetworkHostname: 'hostname',
  NameServers: 'nameservers',
  MachineCertSANs: 'certSANs',
  NetworkInterfaces: 'interfaces',
  ClusterID: 'id',
  ClusterName: 'clusterName',
  ControlPlane: 'controlPlane',
  ClusterNetwork: 'network',
  DNSDomain: 'dnsDomain',
  PodSubnet: 'podSubnets',
  ServiceSubnet: 'serviceSubnets',
};
const PREFIXES = ['Machine', 'Cluster', 'Network', 'Install', 'Kubelet', 'Device'];

export function renderGoTemplate(template: string, legacy: PlainMap, place: string): string {
  return template.replaceAll(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, action: string) => {
    if (action.startsWith('/*')) return '';
    const quoted = /^(["`])(.*)\1$/s.exec(action);
    if (quoted !== null) return quoted[2] ?? '';
    if (!/^\.\w+(\.\w+)*$/.test(action)) throw unknown(action, place);
    const value = fieldAt(legacy, action.slice(1).split('.'));
    const text = asText(value);
    if (text === undefined) throw unknown(action, place);
    return text;
  });
}

function unknown(action: string, place: string): IchorError {
  return new IchorError(
    'unsupported',
    `${place} holds the Go template {{ ${action} }}, which Ichor does not evaluate`,
    {
      hint: 'Write its value there (`talhelper genconfig` shows it), then import again.',
    },
  );
}

function fieldAt(legacy: PlainMap, path: readonly string[]): unknown {
  let current: unknown = legacy;
  for (const name of path) {
    if (!isRecord(current)) return undefined;
    const map: PlainMap = current;
    const key = keysFor(name).find((candidate) => candidate in map);
    // An optional field that is not set prints as Go's zero value.
    if (key === undefined) return '';
    current = map[key];
  }
  return current;
}

function keysFor(name: string): readonly string[] {
  const stripped = PREFIXES.filter((prefix) => name.startsWith(prefix)).map((prefix) => name.slice(prefix.length));
  const own = FIELDS[name];
  return [
    ...(own === undefined ? [] : [own]),
    ...[name, ...stripped].map((text) => text.slice(0, 1).toLowerCase() + text.slice(1)),
  ];
}
