import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { documentValue } from '../../../test/conformance/random-config.ts';
import { documentTable } from '../documents/tables.ts';
import { patchConfig } from '../patch/patch.ts';
import { migrateConfig } from './migrate.ts';

const PATCH = `# rack 4
machine:
  certSANs: [10.0.0.1]   # stays as it is
  network:
    # who am I
    hostname: node-1 # on the label
    nameservers:
      - 1.1.1.1 # cloudflare
  # kernel
  sysctls:
    # many maps
    vm.max_map_count: "262144"
cluster:
  # our own network
  network:
    cni: {name: none}
---
apiVersion: v1alpha1
kind: UserVolumeConfig
name:   data   # odd spacing
`;

test('S4-12 a hostname moves into a document with auto off, with its comments, and nothing else is touched', () => {
  const { changes, text } = migrateConfig(PATCH, { from: 'v1.11.6', to: 'v1.12.11' });

  expect(text).toBe(`# rack 4
machine:
  certSANs: [10.0.0.1]   # stays as it is
  # kernel
  sysctls:
    # many maps
    vm.max_map_count: "262144"
cluster:
  # our own network
  network:
    cni: {name: none}
---
apiVersion: v1alpha1
kind: UserVolumeConfig
name:   data   # odd spacing
---
# who am I
apiVersion: v1alpha1
kind: HostnameConfig
auto: "off"
hostname: node-1 # on the label
---
apiVersion: v1alpha1
kind: ResolverConfig
nameservers:
  - address: 1.1.1.1 # cloudflare
`);
  expect(changes).toEqual([
    { path: 'machine.network.hostname', line: 6, documents: ['HostnameConfig'] },
    { path: 'machine.network.nameservers', line: 7, documents: ['ResolverConfig'] },
  ]);
});

test('for 1.14 the Kubernetes settings move as well, and what was none becomes a delete', () => {
  const { notices, text } = migrateConfig(PATCH, { from: '1.11', to: '1.14' });

  expect(text).toContain(
    '---\n# kernel\napiVersion: v1alpha1\nkind: SysctlConfig\nparams:\n  # many maps\n  vm.max_map_count: "262144"\n',
  );
  expect(text).toContain('---\n# our own network\napiVersion: v1alpha1\nkind: KubeFlannelCNIConfig\n$patch: delete\n');
  expect(text).toMatch(/^# rack 4\nmachine:\n {2}certSANs: \[10\.0\.0\.1\] {3}# stays as it is\n---\n/);
  expect(notices).toEqual([]);
});

test('comments inside what is turned into something else are kept above what it became', () => {
  const text =
    'machine:\n  network:\n    extraHostEntries:\n      - ip: 10.0.0.9 # the NAS\n        aliases: [nas] # short\n';

  expect(migrateConfig(text, { from: '1.11', to: '1.12' }).text).toBe(
    '# the NAS\n# short\napiVersion: v1alpha1\nkind: StaticHostConfig\nname: 10.0.0.9\nhostnames:\n  - nas\n',
  );
});

test('a value that is bound to its document by an anchor stays, and the reason is said', () => {
  const text = 'machine:\n  env: &e {A: b}\n  sysctls: *e\n';

  const { notices, ...rest } = migrateConfig(text, { from: '1.12', to: '1.14' });

  expect(rest).toEqual({ text, changes: [] });
  expect(notices.map(({ path }) => path)).toEqual(['machine.env', 'machine.sysctls']);
});

const INTERFACES = `machine:
  network:
    interfaces:
      - deviceSelector: {permanentAddr: "00:23:24:AA:BB:01"}
        addresses: [10.0.4.101/24]
        routes: [{network: 0.0.0.0/0, gateway: 10.0.4.1}]
        vip: {ip: 10.0.4.100}
      - interface: bond0
        bond: {interfaces: [enp1s0, enp2s0], mode: 802.3ad}
        vlans: [{vlanId: 20, dhcp: true, mtu: 1400}]
`;

test('network interfaces stay unless link documents are asked for, and the loss of default DHCP is said', () => {
  const kept = migrateConfig(INTERFACES, { from: '1.11', to: '1.12' });
  const linked = migrateConfig(INTERFACES, { from: '1.11', to: '1.12', links: true });

  expect(kept.text).toBe(INTERFACES);
  expect(kept.notices[0]?.message).toContain('default DHCP');
  expect(parseAllDocuments(linked.text).map((document): unknown => document.toJS())).toEqual([
    {
      apiVersion: 'v1alpha1',
      kind: 'LinkAliasConfig',
      name: 'net0',
      selector: { match: 'mac(link.permanent_addr) == "00:23:24:aa:bb:01"' },
    },
    {
      apiVersion: 'v1alpha1',
      kind: 'LinkConfig',
      name: 'net0',
      up: true,
      addresses: [{ address: '10.0.4.101/24' }],
      routes: [{ gateway: '10.0.4.1' }],
    },
    { apiVersion: 'v1alpha1', kind: 'Layer2VIPConfig', name: '10.0.4.100', link: 'net0' },
    {
      apiVersion: 'v1alpha1',
      kind: 'BondConfig',
      name: 'bond0',
      links: ['enp1s0', 'enp2s0'],
      bondMode: '802.3ad',
      up: true,
    },
    { apiVersion: 'v1alpha1', kind: 'VLANConfig', name: 'bond0.20', vlanID: 20, parent: 'bond0', up: true, mtu: 1400 },
    { apiVersion: 'v1alpha1', kind: 'DHCPv4Config', name: 'bond0.20' },
  ]);
  expect(linked.notices.map(({ message }) => message)).toEqual([
    expect.stringContaining('only links with a DHCPv4Config'),
  ]);
});

test('interfaces of which one part has no document stay whole', () => {
  const { notices, text } = migrateConfig(`${INTERFACES}      - {interface: wg0, wireguard: {privateKey: x}}\n`, {
    from: '1.11',
    to: '1.12',
    links: true,
  });

  expect(text).toContain('interface: bond0');
  expect(notices.map(({ message }) => message)).toEqual(['stays: wireguard has to be carried over by hand']);
});

test('migrating a second time changes nothing', () => {
  const once = migrateConfig(PATCH, { from: '1.11', to: '1.14' });

  expect(migrateConfig(once.text, { from: '1.14', to: '1.14' })).toEqual({ text: once.text, changes: [], notices: [] });
});

test('a document that the file already holds takes the moved field in, and what it says itself wins', () => {
  const text =
    'machine: {sysctls: {a: "1"}, network: {hostname: old}}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: new\n';

  const migrated = migrateConfig(text, { from: '1.11', to: '1.12' });

  expect(migrated.text).toBe(
    'machine: {sysctls: {a: "1"}}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: new\nauto: "off"\n',
  );
  expect(migrated.notices.map(({ path }) => path)).toEqual(['hostname']);
});

test('what has no successor stays and is said, and a JSON patch is left alone with a reason', () => {
  const kubelet = migrateConfig('machine:\n  kubelet:\n    extraMounts: []\n    extraArgs: {v: "2"}\n', {
    from: '1.13',
    to: '1.14',
  });
  const json = migrateConfig('[{"op": "remove", "path": "/cluster/proxy"}]', { from: '1.11', to: '1.12' });

  expect(kubelet.text).toBe(
    'machine:\n  kubelet:\n    extraMounts: []\n---\napiVersion: v1alpha1\nkind: KubeletConfig\nextraArgs: {v: "2"}\n',
  );
  expect(kubelet.notices.map(({ line, path }) => `${line} ${path}`)).toEqual(['3 machine.kubelet.extraMounts']);
  expect(json).toMatchObject({ changes: [], notices: [{ path: '' }] });
});

test('the migrated patch does on a 1.14 config what the old one did on an older one', () => {
  const base =
    'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n---\napiVersion: v1alpha1\nkind: KubeFlannelCNIConfig\n';

  const { text } = patchConfig(base, [migrateConfig(PATCH, { from: '1.11', to: '1.14' }).text], '1.14');

  expect(parseAllDocuments(text).map((document) => document.get('kind'))).toEqual([
    undefined,
    'HostnameConfig',
    'UserVolumeConfig',
    'ResolverConfig',
    'SysctlConfig',
  ]);
  expect(text).toContain("auto: 'off'\nhostname: node-1\n");
});

test('whatever the document without kind says, what comes of it has only keys and structures that the new Talos knows', () => {
  const legacy = documentValue(documentTable('1.13'), 'v1alpha1');

  fc.assert(
    fc.property(legacy, fc.boolean(), fc.constantFrom('1.13', '1.14'), (value, isFlow, to) => {
      const text = isFlow ? JSON.stringify(value) : stringify(value, { version: '1.1', lineWidth: 0 });

      const { notices } = migrateConfig(text, { from: '1.13', to });

      // Nonsense in a field ("yes" as a subnet) may well be refused by its successor.
      expect(
        notices.filter(({ message }) => /unknown here|stands where a (?:map|list)|does not know/.test(message)),
      ).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
