/**
 * What expressions may use, place by place: Talos' `cel/celenv`. Fields of resources and CEL's own functions are generated from
 * Talos' machinery; the variables of each environment are listed here.
 */
import { documentTable } from '../documents/tables.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { BOOL, mapOf, parseType, scalar, splitTypes, STRING } from './types.ts';
import type { CelType } from './types.ts';

export type CelEnvironmentName = 'disk' | 'volume' | 'member-volume' | 'link' | 'oom-trigger' | 'oom-ranking';

export interface Overload {
  readonly isMethod: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
}

export interface CelEnvironment {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: ReadonlyMap<string, readonly Overload[]>;
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function celEnvironment(name: CelEnvironmentName, minor: TalosMinor): CelEnvironment {
  const table = documentTable(minor);
  const hasOptionals = name === 'oom-trigger' || name === 'oom-ranking';
  const functions = new Map<string, readonly Overload[]>();
  for (const [key, signatures] of Object.entries(table.functions)) {
    const overloads = signatures.filter((text) => hasOptionals || !text.includes('optional_type')).map(parseOverload);
    if (overloads.length > 0) functions.set(key, overloads);
  }
  for (const [key, signature] of OWN_FUNCTIONS[name] ?? []) functions.set(key, [parseOverload(signature)]);
  return { variables: new Map(VARIABLES[name]), functions, messages: table.messages };
}

function parseOverload(signature: string): Overload {
  const [left = '', right = ''] = signature.replace(/^\./, '').split('->');
  return { isMethod: signature.startsWith('.'), args: splitTypes(left).map(parseType), result: parseType(right) };
}

const GLOB = ['glob', 'string, string -> bool'] as const;

const OWN_FUNCTIONS: Readonly<Partial<Record<CelEnvironmentName, readonly (readonly [string, string])[]>>> = {
  disk: [GLOB],
  'member-volume': [GLOB],
  link: [GLOB, ['mac', 'bytes -> string']],
  'oom-trigger': [['multiply_qos_vectors', 'map(dyn, double), map(dyn, double) -> double']],
};

type Variables = readonly (readonly [string, CelType])[];

const UINT = scalar('uint');
const INT = scalar('int');
const DOUBLE = scalar('double');

const UNITS: Variables = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'].map((unit) => [
  unit,
  UINT,
]);
const QOS_CLASSES: Variables = ['Besteffort', 'Burstable', 'Guaranteed', 'Podruntime', 'System'].map((name) => [
  name,
  INT,
]);
const DISK: Variables = [['disk', { kind: 'message', name: 'talos.resource.definitions.block.DiskSpec' }]];
const VOLUME: Variables = [
  ['volume', { kind: 'message', name: 'talos.resource.definitions.block.DiscoveredVolumeSpec' }],
];

/** Pressure of the whole machine, and by class of service; each also as difference to the last look (`d_`). */
function pressure(): Variables {
  const names = ['some', 'full'].flatMap((kind) =>
    ['avg10', 'avg60', 'avg300', 'total'].map((span) => `memory_${kind}_${span}`),
  );
  const perClass = [...names, 'memory_current', 'memory_peak'].map((name) => `qos_${name}`);
  const vector = mapOf(INT, DOUBLE);
  return [
    ...[...names, ...names.map((name) => `d_${name}`)].map((name) => [name, DOUBLE] as const),
    ...[...perClass, ...perClass.map((name) => `d_${name}`), 'qos_memory_max', 'd_qos_memory_max'].map(
      (name) => [name, vector] as const,
    ),
    ['time_since_trigger', scalar('google.protobuf.Duration')],
  ];
}

function optionalUint(name: string): readonly [string, CelType] {
  return [name, { kind: 'applied', name: 'optional_type', of: [UINT] }];
}

const VARIABLES: Readonly<Record<CelEnvironmentName, Variables>> = {
  disk: [...DISK, ['system_disk', BOOL], ...UNITS],
  volume: [...VOLUME, ...DISK, ...UNITS],
  'member-volume': [...VOLUME, ...DISK, ['volume_id', STRING], ['system_disk', BOOL], ...UNITS],
  link: [['link', { kind: 'message', name: 'talos.resource.definitions.network.LinkStatusSpec' }]],
  'oom-trigger': [...pressure(), ...UNITS, ...QOS_CLASSES],
  'oom-ranking': [
    ...['memory_max', 'memory_current', 'memory_peak'].map(optionalUint),
    ['path', STRING],
    ['class', INT],
    ...UNITS,
    ...QOS_CLASSES,
  ],
};
