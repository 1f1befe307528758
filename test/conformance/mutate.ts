/**
 * Mutated configs: small damage, drawn from a seed, done to recorded ones. Unknown keys, wrong types, bad words, missing fields,
 * bad addresses, sizes, durations, URLs and selectors, and documents that conflict.
 */
import { isMap, isNode, isScalar, isSeq, parseAllDocuments, Scalar, stringify, visit } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

/** xorshift32: the same seed gives the same damage everywhere. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed || 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  from<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to draw from');
    return item;
  }
}

/** Values that are wrong in most places, and right in some. */
const VALUES: readonly unknown[] = [
  '',
  'x',
  'plain text',
  'yes',
  'off',
  '7',
  '-1',
  'None',
  'ünïcode',
  'a/b/c',
  'UPPER',
  'x'.repeat(300),
  '%d',
  'net%d',
  '@',
  '(',
  0,
  1,
  -1,
  7,
  300,
  4095,
  65535,
  65536,
  2 ** 31,
  2 ** 33,
  1.5,
  1e3,
  true,
  false,
  null,
  '10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1/33',
  '256.1.1.1',
  'fe80::1',
  'fd00::/8',
  '::',
  '0.0.0.0/0',
  '10.5.0.1/24',
  '!10.0.0.0/8',
  '1.2.3',
  '::ffff:1.2.3.4',
  '10s',
  '5m',
  '-10s',
  '1h30m',
  '9s',
  '10',
  '10x',
  '10GiB',
  '5 GB',
  '-5GB',
  '50%',
  '101%',
  '1.5TiB',
  '10QB',
  'http://example.org',
  'https://example.org:6443/path',
  'https://',
  'tcp://1.2.3.4:514',
  'udp://host',
  'grpc://host:443',
  '://bad',
  'http://[::1',
  'http://a b',
  'host:1',
  'host',
  'host:',
  'ftp://x',
  '/dev/sda',
  '/abs/path',
  '../up',
  '.hidden',
  'disk.size > 10u * GB',
  'disk.size > 10',
  'system_disk',
  '!system_disk && disk.transport == "nvme"',
  'disk.nope == 1u',
  'disk.size',
  'glob("a*", disk.model)',
  'link.mtu == 1u',
  'mac(link.permanent_addr).startsWith("00")',
  'volume.size > 1u',
  '1 +',
  '"a" in disk.symlinks',
  'disk.symlinks.exists(s, s == "x")',
  'has(disk.serial)',
  'true',
  'size(disk.symlinks) > 0',
  'disk.rotational ? true : 1 == 2',
  '[1, 2u][0] == 1',
  'time_since_trigger > duration("1s")',
  'memory_full_avg10 > 10.0',
  'double(memory_max.orValue(0u))',
  'path.matches("^/")',
  'volume_id == "x"',
  'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=',
  'Zm9v',
  'not base64!',
  'aa:bb:cc:dd:ee:ff',
  'aa:bb',
  'zz:bb',
  'nginx',
  'docker.io/library/nginx:1',
  'nginx@sha256:abc',
  'UP/case',
  'key=value',
  'v:NoSchedule',
  'NoExecute',
  'Never',
  'a b',
  'talos.dev/owned-labels',
  'stable',
  'luks2',
  'none',
  'xfs',
  'btrfs',
  'disk',
  'directory',
  'partition',
  '802.3ad',
  'balance-alb',
  'DoT',
  'duid',
  'controlplane',
  'worker',
  'init',
  'flannel',
  'custom',
  'json_lines',
  'iptables',
  'Webhook',
  'os:admin',
  'os:meta:writer',
  'main',
  'unspec',
  '100',
  '-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n',
  [],
  {},
  ['x'],
  [1, 2],
  [null],
  { a: 1 },
  { name: 'x' },
  [{ name: 'x' }],
  ['10.0.0.0/8'],
  { match: 'true' },
];

/** What stands under each key somewhere: damage that keeps the type goes deeper into the rules than damage that does not load. */
export type Corpus = ReadonlyMap<string, readonly unknown[]>;

export function corpusOf(bases: readonly string[]): Corpus {
  const corpus = new Map<string, unknown[]>();
  for (const base of bases) {
    for (const document of documentsOf(base)) {
      visit(document, {
        Pair(_, pair) {
          const key = String(keyOf(pair));
          const values = corpus.get(key) ?? [];
          if (values.length < 200) values.push(isNode(pair.value) ? pair.value.toJSON() : null);
          corpus.set(key, values);
        },
      });
    }
  }
  return corpus;
}

function documentsOf(text: string): Document[] {
  return parseAllDocuments(text, { uniqueKeys: false }).filter((one): one is Document.Parsed => 'contents' in one);
}

export interface Material {
  readonly bases: readonly string[];
  readonly corpus: Corpus;
}

export function mutated(base: string, { bases: others, corpus }: Material, draw: Draw): string {
  const documents = documentsOf(base);
  for (let left = 1 + draw.below(2); left > 0; left -= 1) {
    if (draw.below(8) === 0) return `${joined(documents)}---\n${draw.from(others)}`;
    damage(draw.from(documents), corpus, draw);
  }
  return joined(documents);
}

function joined(documents: readonly Document[]): string {
  return documents.map((document) => stringify(document.contents, { lineWidth: 0 })).join('---\n');
}

function damage(document: Document, corpus: Corpus, draw: Draw): void {
  const places = placesOf(document);
  if (places.length === 0) return;
  const { holder, key } = draw.from(places);
  const current = isMap(holder) ? holder.get(key, true) : isSeq(holder) ? holder.get(key, true) : undefined;
  switch (draw.below(12)) {
    case 0:
      if (isMap(holder))
        holder.set(draw.from(['unknown', 'Name', 'enabled', 'endpoints', 'match', 'image', 'mode']), draw.from(VALUES));
      return;
    case 1:
      if (isMap(holder) || isSeq(holder)) holder.delete(key);
      return;
    case 2:
      if (isScalar(current) && typeof current.value === 'string') current.value = bent(current.value, draw);
      return;
    case 3:
      if (isSeq(holder) && current !== undefined) holder.add(current);
      else if (isMap(holder)) holder.set(key, draw.from(VALUES));
      return;
    case 4:
    case 5:
    case 6:
      if (isMap(holder) || isSeq(holder)) holder.set(key, document.createNode(draw.from(VALUES)));
      return;
    default:
      if (isMap(holder)) holder.set(key, document.createNode(draw.from(corpus.get(String(key)) ?? VALUES)));
  }
}

interface Place {
  readonly holder: Node;
  readonly key: unknown;
}

/** Every value below the root, but for what makes the document what it is (mostly). */
function placesOf(document: Document): readonly Place[] {
  const places: Place[] = [];
  visit(document, {
    Map(_, map) {
      for (const pair of map.items)
        if (keyOf(pair) !== 'kind' && keyOf(pair) !== 'apiVersion') places.push({ holder: map, key: keyOf(pair) });
    },
    Seq(_, seq) {
      for (const index of seq.items.keys()) places.push({ holder: seq, key: index });
    },
  });
  return places;
}

function keyOf(pair: Pair): unknown {
  return pair.key instanceof Scalar ? pair.key.value : pair.key;
}

function bent(text: string, draw: Draw): string {
  const at = draw.below(text.length + 1);
  switch (draw.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return `${text.slice(0, at)}${draw.from([...'x:/.-% 0@A'])}${text.slice(at)}`;
    case 2:
      return text.toUpperCase();
    case 3:
      return text + text;
    default:
      return text.slice(0, at);
  }
}
