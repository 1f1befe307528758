import { afterAll, expect, test } from 'vitest';
import { celProblem } from '../../src/talos/cel/check.ts';
import type { CelEnvironmentName } from '../../src/talos/cel/environment.ts';
import { Draw } from './mutate.ts';
import { openOracle } from './oracle.ts';
import type { Oracle } from './oracle.ts';

const EXPRESSIONS = 1000;

type Kind = 'bool' | 'string' | 'uint' | 'int' | 'double' | 'list' | 'bytes' | 'odd';

interface Place {
  /** By the type that they have. */
  readonly words: Readonly<Partial<Record<Kind, readonly string[]>>>;
  /** What the place needs. */
  readonly wanted: Kind;
  /** Puts the expression where Talos checks it in this environment. */
  readonly document: (expression: string) => string;
}

const PLACES: Readonly<Record<CelEnvironmentName, Place>> = {
  disk: {
    wanted: 'bool',
    words: {
      bool: ['disk.rotational', 'system_disk', 'glob("a*", disk.model)', 'disk.readonly', 'has(disk.serial)'],
      string: ['disk.model', 'disk.serial', 'disk.transport', 'disk.dev_path'],
      uint: ['disk.size', 'GB', 'TiB', 'disk.sector_size'],
      list: ['disk.symlinks', 'disk.secondary_disks'],
      odd: [
        'disk.nope',
        'disk',
        'volume.size',
        'glob(1, "a")',
        'has(disk.nope)',
        'talos.resource.definitions.block.DiskSpec',
      ],
    },
    document: (match) =>
      document('UserVolumeConfig', { name: 'a', provisioning: { diskSelector: { match }, minSize: '1GB' } }),
  },
  volume: {
    wanted: 'bool',
    words: {
      bool: ['disk.cdrom', 'has(volume.parent)'],
      string: ['volume.name', 'volume.partition_label', 'volume.parent', 'disk.wwid'],
      uint: ['volume.size', 'disk.size', 'MB', 'volume.partition_index'],
      odd: ['system_disk', 'glob("a", volume.name)', 'volume_id'],
    },
    document: (match) => document('ExistingVolumeConfig', { name: 'a', discovery: { volumeSelector: { match } } }),
  },
  'member-volume': {
    wanted: 'bool',
    words: {
      bool: ['system_disk', 'glob("a", volume_id)'],
      string: ['volume.name', 'volume_id', 'volume.uuid'],
      uint: ['volume.size', 'disk.size', 'KiB'],
      odd: ['link.mtu', 'volume.id'],
    },
    document: (match) => document('LVMVolumeGroupConfig', { name: 'a', provisioning: { volumeSelector: { match } } }),
  },
  link: {
    wanted: 'bool',
    words: {
      bool: ['link.link_state', 'glob("e*", link.driver)', 'has(link.vlan)', 'link.bridge_master.stp.enabled'],
      string: ['link.driver', 'mac(link.permanent_addr)', 'link.bus_path'],
      uint: ['link.mtu', 'link.vlan.vid', 'link.bond_master.mii_mon'],
      int: ['link.bond_master.mode', 'link.speed_megabits'],
      bytes: ['link.permanent_addr', 'link.hardware_addr'],
      list: ['link.alt_names'],
      odd: ['GB', 'link', 'link.vlan.id', 'link.vlan == null', 'mac("a")'],
    },
    document: (match) => document('LinkAliasConfig', { name: 'a', selector: { match } }),
  },
  'oom-trigger': {
    wanted: 'bool',
    words: {
      bool: ['time_since_trigger > duration("1s")', 'Burstable in qos_memory_peak'],
      double: [
        'memory_full_avg10',
        'qos_memory_some_avg60[Burstable]',
        'd_memory_some_total',
        'multiply_qos_vectors(qos_memory_peak, {Burstable: 1.0})',
        'qos_memory_max[System]',
      ],
      int: ['Burstable', 'time_since_trigger.getSeconds()'],
      uint: ['MiB'],
      odd: [
        'qos_memory_some_avg60',
        'memory_max',
        'optional.of(1).hasValue()',
        'multiply_qos_vectors(1, 2)',
        'qos_memory_max["a"]',
      ],
    },
    document: (triggerExpression) => document('OOMConfig', { triggerExpression }),
  },
  'oom-ranking': {
    wanted: 'double',
    words: {
      bool: ['memory_peak.hasValue()', 'memory_max == optional.none()'],
      string: ['path'],
      int: ['class', 'Besteffort'],
      uint: ['memory_max.orValue(0u)', 'memory_current.value()', 'GiB', 'memory_max.or(memory_peak).orValue(1u)'],
      double: ['double(memory_current.orValue(1u))'],
      odd: ['memory_max.orValue(0)', 'memory_current', 'memory_max.or(1)'],
    },
    document: (cgroupRankingExpression) => document('OOMConfig', { cgroupRankingExpression }),
  },
};

let oracle: Oracle | undefined;
afterAll(async () => oracle?.close());

test(`${EXPRESSIONS} expressions in every environment are refused exactly where Talos refuses them`, async ({
  skip,
}) => {
  oracle = openOracle('oracle-1.14');
  if (oracle === undefined) return skip('oracle not built');
  const draw = new Draw(5);

  const differences: string[] = [];
  const refused = new Map<string, number>();
  for (let count = 0; count < EXPRESSIONS; count += 1) {
    for (const environment of environments()) {
      const place = PLACES[environment];
      // The parser library reads !(!(x)) as x, so that a dyn stays a dyn there.
      const expression = drawExpression(place, place.wanted, draw, 3)
        .replaceAll('!(!(', '!(false || !(')
        .replaceAll('!((!(', '!((false || !(');
      const answer = await oracle.ask({ op: 'validate', config: place.document(expression), modes: ['metal'] });
      const talos = answer.error ?? (answer.verdicts?.['metal']?.errors ?? []).join('; ');
      const ichor = celProblem(expression, environment, '1.14');
      if (talos !== '') refused.set(environment, (refused.get(environment) ?? 0) + 1);
      if ((talos === '') !== (ichor === undefined))
        differences.push(`${environment}: ${expression}\n  Talos: ${talos}\n  Ichor: ${ichor}`);
    }
  }

  expect(differences).toEqual([]);
  // Enough of both kinds in each.
  for (const environment of environments()) {
    const share = (refused.get(environment) ?? 0) / EXPRESSIONS;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.9);
  }
}, 120_000);

function environments(): readonly CelEnvironmentName[] {
  return ['disk', 'volume', 'member-volume', 'link', 'oom-trigger', 'oom-ranking'];
}

function document(kind: string, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ apiVersion: 'v1alpha1', kind, ...fields });
}

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  bool: ['true', 'false'],
  string: ['"a"', "'b'", 'r"\\d"', 'string(1)'],
  uint: ['10u', '0x1Fu', 'uint("3")'],
  int: ['1', '-1', '0x1F', 'int(2.0)'],
  double: ['2.5', '1e3', 'double(1)', '-0.5'],
  list: ['["a"]', '["a", "b"]', '[]'],
  bytes: ['b"x"', 'bytes("y")'],
  odd: [
    'null',
    '{}',
    '{"a": 1}',
    '[1, "a"]',
    'dyn(1)',
    'timestamp("2026-01-01T00:00:00Z")',
    'type(1)',
    'int',
    '[1, 2][0]',
    '1 +',
    '"a" "b"',
    'nope',
    '2 .size()',
  ],
};
const KINDS: readonly Kind[] = ['bool', 'string', 'uint', 'int', 'double', 'list', 'bytes'];

/** Mostly of the wanted type; now and then of another, or wrong in itself. */
// oxlint-disable-next-line max-params
function drawExpression(place: Place, wanted: Kind, draw: Draw, depth: number): string {
  const kind = draw.below(24) === 0 ? draw.from([...KINDS, 'odd' as const]) : wanted;
  const inner = (of: Kind): string => drawExpression(place, of, draw, depth - 1);
  if (depth === 0 || kind === 'odd') return draw.from([...(place.words[kind] ?? []), ...LITERALS[kind]]);
  if (draw.below(6) === 0) return `(${inner('bool')} ? ${inner(kind)} : ${inner(kind)})`;
  if (kind === 'bool') return drawBoolean(inner, draw);
  if (kind === 'string')
    return draw.from([
      `${inner('string')} + ${inner('string')}`,
      `${inner('list')}[${inner('int')}]`,
      `string(${inner('uint')})`,
    ]);
  if (kind === 'list')
    return draw.from([
      `${inner('list')} + ${inner('list')}`,
      `${inner('list')}.filter(x, x == ${inner('string')})`,
      `${inner('list')}.map(y, y + ${inner('string')})`,
    ]);
  if (kind === 'bytes') return `${inner('bytes')} + ${inner('bytes')}`;
  if (kind === 'int' && draw.below(3) === 0)
    return draw.from([`size(${inner('list')})`, `${inner('string')}.size()`, `int(${inner('double')})`]);
  return `(${inner(kind)} ${draw.from(['+', '-', '*', '/', '%'])} ${inner(kind)})`;
}

function drawBoolean(inner: (of: Kind) => string, draw: Draw): string {
  const kind = draw.from(KINDS);
  return draw.from([
    `!(${inner('bool')})`,
    `${inner('bool')} && ${inner('bool')}`,
    `${inner('bool')} || ${inner('bool')}`,
    `(${inner(kind)} ${draw.from(['==', '!='])} ${inner(kind)})`,
    `(${inner(kind)} ${draw.from(['<', '<=', '>', '>='])} ${inner(kind)})`,
    `${inner('string')} in ${inner('list')}`,
    `${inner('string')}.${draw.from(['startsWith', 'endsWith', 'contains', 'matches'])}(${inner('string')})`,
    `${inner('list')}.${draw.from(['exists', 'all', 'exists_one'])}(x, x == ${inner('string')})`,
    `bool(${inner('string')})`,
  ]);
}
