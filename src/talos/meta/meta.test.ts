import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationText } from './duration.ts';
import { lintPlatformNetwork } from './lint.ts';
import { readPlatformNetwork, renderPlatformNetwork } from './platform-network.ts';
import type { PlatformNetwork } from './platform-network.ts';
import { staticNetwork } from './static-network.ts';
import { decodeMeta, encodeMeta, META_KEYS, metaKernelArgs } from './transport.ts';

function readCases(minor: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const archive = readFileSync(new URL(`../../../test/fixtures/meta/${minor}.txtar`, import.meta.url), 'utf8');
  const cases = new Map<string, Record<string, string>>();
  const parts = archive.split(/^-- (.*) --\n/m).slice(1);
  for (let index = 0; index < parts.length; index += 2) {
    const [name = '', file = ''] = (parts[index] ?? '').split('/');
    cases.set(name, { ...cases.get(name), [file]: parts[index + 1] ?? '' });
  }
  return cases;
}

describe.each(['1.12', '1.14'])('S2-46 META 0xa as Talos %s reads it', (minor) => {
  const cases = readCases(minor);

  test('all cases are here', () => {
    expect(cases.size).toBe(21);
  });

  test.each([...cases])('%s', (_name, files) => {
    const input = files['input.yaml'] ?? '';
    if (files['error.txt'] !== undefined) {
      expect(() => readPlatformNetwork(input)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
      return;
    }
    const { canonical, unknown } = readPlatformNetwork(input);
    expect(canonical).toBe(files['expected.yaml']);
    const strict = files['strict.txt'] ?? '';
    expect(unknown.length > 0).toBe(strict.includes('not found'));
    for (const path of unknown) expect(strict).toContain(path.split('.').at(-1));
  });
});

const NETWORK: PlatformNetwork = {
  addresses: [
    {
      address: '10.0.4.101/24',
      linkName: 'eth0',
      family: 'inet4',
      scope: 'global',
      flags: 'permanent',
      layer: 'platform',
    },
  ],
  links: [{ name: 'eth0', up: true, layer: 'platform' }],
  routes: [
    {
      family: 'inet4',
      gateway: '10.0.4.1',
      outLinkName: 'eth0',
      table: 'main',
      priority: 1024,
      scope: 'global',
      type: 'unicast',
      protocol: 'static',
      layer: 'platform',
    },
  ],
  hostnames: [{ hostname: 'cp-1', layer: 'platform' }],
  resolvers: [{ dnsServers: ['1.1.1.1'], layer: 'platform' }],
  timeServers: [],
};

test('S2-45 a static network is written as Talos writes it, and reads back as itself', () => {
  const text = renderPlatformNetwork(NETWORK);

  expect(text).toContain('addresses:\n    - address: 10.0.4.101/24\n      linkName: eth0\n');
  expect(readPlatformNetwork(text)).toEqual({ canonical: text, unknown: [] });
});

test('S2-45 a static address on a VLAN becomes a document without findings that Talos reads back', () => {
  const network = staticNetwork({
    link: 'enp1s0',
    vlan: 5,
    mtu: 9000,
    addresses: ['10.0.4.101/24', 'fd00::5/64'],
    gateways: ['10.0.4.1', 'fd00::1'],
    hostname: 'cp-1',
    domain: 'example.org',
    nameservers: ['1.1.1.1'],
    searchDomains: ['a.example'],
    timeservers: ['pool.ntp.org'],
  });
  const text = renderPlatformNetwork(network);

  expect(lintPlatformNetwork(network, { kernelArgs: [], isPublicFactory: false })).toEqual([]);
  expect(readPlatformNetwork(text)).toEqual({ canonical: text, unknown: [] });
  expect(text).toContain(
    'name: enp1s0.5\n      logical: true\n      up: true\n      mtu: 9000\n      kind: vlan\n      type: ether\n      parentName: enp1s0\n      vlan:\n        vlanID: 5\n',
  );
  expect(text).toContain('family: inet6\n      dst: ""\n      src: ""\n      gateway: fd00::1\n');
});

test('a wrong value is named with its place', () => {
  const network: PlatformNetwork = {
    addresses: [{ address: '10.0.4.101', linkName: 'eth0', family: 'inet4', layer: 'platform' }],
  };
  expect(() => renderPlatformNetwork(network)).toThrow(
    /META 0xa: addresses\[0\]\.address is "10\.0\.4\.101"; it must be an address with prefix length/,
  );
});

const BARE = { kernelArgs: ['net.ifnames=0'], isPublicFactory: false };

test('S2-49 a link name must fit the naming of the kernel, and the node when it was seen', () => {
  expect(lintPlatformNetwork(NETWORK, BARE)).toEqual([]);
  expect(lintPlatformNetwork(NETWORK, { ...BARE, kernelArgs: [] })).toMatchObject([
    { severity: 'error', rule: 'meta-link-name', hint: expect.stringContaining('net.ifnames=0') },
  ]);
  expect(lintPlatformNetwork(NETWORK, { ...BARE, links: ['eth1'] })).toMatchObject([
    { message: 'META 0xa names the link eth0, and the node has eth1' },
  ]);
});

test('S2-48 that the network can be read at a public factory, and takes one schematic a node, is said', () => {
  expect(lintPlatformNetwork(NETWORK, { ...BARE, isPublicFactory: true })).toMatchObject([
    { severity: 'notice', rule: 'meta-public' },
  ]);
});

test('a wrong layer, a gateway off every subnet and a link left to DHCP are found', () => {
  const network: PlatformNetwork = {
    addresses: [{ address: '10.0.4.101/24', linkName: 'eth0', family: 'inet4', layer: 'default' }],
    routes: [{ family: 'inet4', gateway: '10.0.5.1', layer: 'platform' }],
  };
  expect(lintPlatformNetwork(network, BARE).map(({ rule }) => rule)).toEqual([
    'meta-layer',
    'meta-link-keeps-dhcp',
    'meta-gateway-unreachable',
  ]);
});

test('S2-52 the META keys have their numbers', () => {
  expect(META_KEYS).toMatchObject({
    upgrade: 6,
    metalNetworkPlatformConfig: 10,
    downloadUrlCode: 11,
    userReserved1: 12,
    userReserved3: 14,
    uuidOverride: 15,
    uniqueMachineToken: 16,
    diskImageBootloader: 17,
  });
});

test('S2-47 short values are base64 of 0xKEY=value joined with ";"', () => {
  expect(
    Buffer.from(
      encodeMeta(
        [
          { key: 10, value: 'a' },
          { key: 12, value: 'b=c' },
        ],
        'v1.13.9',
      ),
      'base64',
    ).toString(),
  ).toBe('0xa=a;0xc=b=c');
});

test('S2-47 above 256 bytes they are zipped, before Talos 1.6.3 not', () => {
  const values = [{ key: 10, value: renderPlatformNetwork(NETWORK) }];

  expect(Buffer.from(encodeMeta(values, 'v1.13.9'), 'base64').subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  expect(Buffer.from(encodeMeta(values, 'v1.6.2'), 'base64').toString()).toMatch(/^0xa=addresses/);
  expect(metaKernelArgs(values, 'v1.13.9')).toEqual([
    expect.stringMatching(/^talos\.environment=INSTALLER_META_BASE64=H4sI/),
  ]);
  expect(metaKernelArgs([], 'v1.13.9')).toEqual([]);
});

test('a value with ";" and a key above 255 are refused', () => {
  expect(() => encodeMeta([{ key: 10, value: 'a;b' }], 'v1.13.9')).toThrow(/holds ";"/);
  expect(() => encodeMeta([{ key: 256, value: 'a' }], 'v1.13.9')).toThrow(/256 is no META key/);
});

test('S2-47 what is encoded is what the node decodes', () => {
  const value = fc.record({
    key: fc.nat({ max: 255 }),
    value: fc.string({ maxLength: 400, unit: 'grapheme' }).filter((text) => !text.includes(';')),
  });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
      expect(decodeMeta(encodeMeta(values, 'v1.13.9'))).toEqual(values);
    }),
  );
});

test.each([
  ['90s', '1m30s'],
  ['1.5h', '1h30m0s'],
  ['100ms', '100ms'],
  ['1500us', '1.5ms'],
  ['0', '0s'],
  ['-2m', '-2m0s'],
  ['5', undefined],
  ['', undefined],
])('the duration %s is written %s', (text, expected) => {
  expect(durationText(text)).toBe(expected);
});
