/** Random cluster files: every word that has a part in the machine config, put together so that the lint has nothing against it. */
import fc from 'fast-check';
import type { TalosMinor } from '../../src/talos/documents/tables.ts';

/** A cluster file as the value that its YAML would be. */
export type ClusterValue = Readonly<Record<string, unknown>>;

type Value = Readonly<Record<string, unknown>>;

export const VERSIONS: Readonly<Record<TalosMinor, readonly [talos: string, kubernetes: string]>> = {
  '1.11': ['v1.11.6', 'v1.34.1'],
  '1.12': ['v1.12.7', 'v1.35.4'],
  '1.13': ['v1.13.9', 'v1.36.3'],
  '1.14': ['v1.14.1', 'v1.37.0'],
};

export function clusterFile(minor: TalosMinor): fc.Arbitrary<ClusterValue> {
  return fc
    .record({
      network,
      scheduling: maybe(fc.boolean()),
      certSANs: maybe(fc.constantFrom(['api.example.org'], ['10.0.4.250', 'fd00::9', 'a.b'], [])),
      plane: node(minor, 1),
      worker: fc.option(node(minor, 2), { freq: 2, nil: undefined }),
      patches: maybe(fc.subarray([...clusterPatches(minor)], { maxLength: 2 })),
      byVip: fc.boolean(),
    })
    .map(({ network: drawn, plane, worker, byVip, ...rest }) => {
      const [talos, kubernetes] = VERSIONS[minor];
      const vip = byVip && !isV6Only(plane) ? '10.0.4.100' : undefined;
      const host = vip ?? 'api.example.org';
      const url = `https://${host}:6443`;
      return present({
        ichor: 1,
        name: 'random',
        endpoint: vip === undefined ? { url, outside: 'a balancer' } : url,
        talos,
        kubernetes,
        secrets: 'secrets.yaml',
        network: present({ subnet: '10.0.4.0/24', gateway: '10.0.4.1', ...drawn, vip }),
        ...rest,
        nodes: {
          'cp-1': { role: 'controlplane', ...plane },
          ...(worker && { 'w-1': { role: 'worker', ...worker } }),
        },
      });
    });
}

function isV6Only(plane: Value): boolean {
  return typeof plane['address'] === 'string' && plane['address'].includes(':');
}

function present(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const cniAndProxy: fc.Arbitrary<Value> = fc.constantFrom(
  {},
  { cni: 'flannel' },
  { cni: 'none' },
  { cni: 'none', kubeProxy: false },
  { cni: { urls: ['https://cni.example/a.yaml', 'https://cni.example/b.yaml'] } },
  { cni: { urls: ['https://cni.example/a.yaml'] }, kubeProxy: false, kubePrism: { port: 6445 } },
  { kubePrism: false },
  { kubePrism: { enabled: true, port: 7446 } },
);

const network: fc.Arbitrary<Value> = fc
  .record({
    nameservers: maybe(fc.constantFrom(['1.1.1.1'], ['1.1.1.1', 'fd00::53'], [])),
    timeservers: maybe(fc.constantFrom(['time.example.org'], ['10.0.4.1', 'time.example.org'])),
    searchDomains: maybe(fc.constantFrom(['example.org'], ['a.example', 'b.example'])),
    domain: maybe(fc.constantFrom('cluster.local', 'k8s.example')),
    ranges: fc.constantFrom(
      {},
      { pods: '10.244.0.0/16', services: '10.96.0.0/12' },
      { pods: ['10.42.0.0/16', 'fd42::/56'], services: ['10.43.0.0/16', 'fd43::/112'] },
      { pods: 'fd42::/56', services: 'fd43::/112' },
    ),
    cniAndProxy,
    span: fc.constantFrom({}, { kubeSpan: true }, { discovery: false }, { discovery: true, kubeSpan: false }),
  })
  .map(({ ranges, cniAndProxy: cni, span, ...rest }) => present({ ...rest, ...ranges, ...cni, ...span }));

function node(minor: TalosMinor, number: number): fc.Arbitrary<Value> {
  return fc
    .record({
      wire: wire(minor, number),
      place: place(minor),
      volumes: maybe(volumes()),
      labels: maybe(
        fc.constantFrom({ zone: 'attic' }, { 'example.org/a': '', b: '1' }, { 'topology.kubernetes.io/zone': 'a' }),
      ),
      annotations: maybe(fc.constantFrom({ 'example.org/note': 'a: b # c' }, { 'example.org/empty': '' })),
      taints: maybe(
        fc.constantFrom<Value>(
          { gpu: 'NoSchedule' },
          {
            'example.org/x': 'yes:NoExecute',
            y: { effect: 'PreferNoSchedule' },
            z: { value: 'v', effect: 'NoSchedule' },
          },
        ),
      ),
      certSANs: maybe(fc.constantFrom(['n.example.org'], ['10.0.4.251'])),
      nameservers: maybe(fc.constantFrom(['9.9.9.9'])),
      timeservers: maybe(fc.constantFrom(['10.0.4.1'])),
      patches: maybe(fc.subarray([...nodePatches(minor)], { maxLength: 2 })),
    })
    .map(({ wire: drawn, place: where, ...rest }) => present({ ...rest, ...drawn, ...where }));
}

function place(minor: TalosMinor): fc.Arbitrary<Value> {
  const selectors: Value[] = [
    { serial: 'S6Z1' },
    { serial: 'S6*"\\' },
    { type: 'nvme' },
    { type: 'sd', size: '>= 10GB' },
    { type: 'hdd', size: '<= 2 TB' },
    { type: 'ssd', model: 'Samsung*' },
    { wwid: 'naa.5000*', modalias: 'scsi:*' },
    { uuid: 'ab-1', size: '== 1000' },
    { busPath: '/pci0000:00/*' },
    { type: 'virtio' },
    { type: 'virtio', size: '> 5GiB', busPath: '/pci*/virtio1' },
    ...(minor === '1.14' ? [{ match: 'disk.transport == "sata" && disk.size > 1u * TB' }] : []),
  ];
  const disk: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom(...selectors),
    fc.constantFrom('nvme', 'ssd', 'virtio', '/dev/vda', '/dev/disk/by-id/x"y'),
  );
  const metal = fc
    .record({ disk, wipe: maybe(fc.boolean()), name: fc.boolean() })
    .map(({ disk: drawn, wipe, name }) => ({
      platform: 'metal',
      install: present(name ? { disk: { name: '/dev/nvme0n1' }, wipe } : { disk: drawn, wipe }),
    }));
  return fc.oneof(
    { weight: 4, arbitrary: metal },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Value>(
        { platform: 'nocloud' },
        { platform: 'nocloud', install: { device: '/dev/vda' } },
        { platform: 'vmware', install: { wipe: true } },
      ),
    },
  );
}

function volumes(): fc.Arbitrary<Value> {
  const disk = fc.constantFrom<unknown>(
    'nvme',
    'system',
    '/dev/sdb',
    { type: 'ssd', size: '>= 100GB' },
    { serial: 'A*' },
    { match: 'disk.transport == "sata" && !system_disk' },
  );
  const size = fc.constantFrom<Value>(
    { size: '500GB' },
    { minSize: '10GiB' },
    { minSize: '1GB', maxSize: '1.5TB', grow: true },
    { maxSize: 123456789, minSize: '100MB', grow: false },
    { maxSize: '50GiB', grow: true },
  );
  const encryption = maybe(
    fc.constantFrom<Value>(
      { provider: 'luks2', keys: [{ nodeID: {}, slot: 0 }] },
      {
        provider: 'luks2',
        keys: [
          { static: { passphrase: 'sample' }, slot: 1 },
          { nodeID: {}, slot: 0 },
        ],
      },
    ),
  );
  const part = (kind: string) =>
    fc.record({ disk, size, encryption }).map(({ size: drawn, ...rest }) => present({ kind, ...drawn, ...rest }));
  return fc
    .record({
      data: maybe(
        fc.tuple(part('user'), maybe(fc.constantFrom('xfs', 'ext4'))).map(([body, filesystem]) => {
          const { kind: _kind, ...unsaid } = body;
          return present({ ...unsaid, filesystem });
        }),
      ),
      raw1: maybe(part('raw')),
      swap1: maybe(part('swap')),
      old: maybe(
        fc.constantFrom<Value>({ kind: 'existing' }, { kind: 'existing', disk: { match: 'volume.name == "x"' } }),
      ),
      EPHEMERAL: maybe(
        fc.oneof(
          part('system').map(({ kind: _kind, ...body }) => body),
          fc.constantFrom<Value>({ maxSize: '50GiB' }, { grow: true }),
        ),
      ),
      STATE: maybe(fc.constant<Value>({ encryption: { provider: 'luks2', keys: [{ nodeID: {}, slot: 0 }] } })),
    })
    .map(present);
}

/** Identity, address and links of the machine with this number. */
function wire(minor: TalosMinor, number: number): fc.Arbitrary<Value> {
  const mac = macOf(number, 0);
  const ip = `10.0.4.${100 + number}`;
  const address = fc.constantFrom<unknown>(
    ip,
    ip,
    `${ip}/24`,
    'dhcp',
    { reserved: ip },
    `fd00::${number}/64`,
    undefined,
  );
  const identity = fc.constantFrom<Value>(
    { mac },
    { mac },
    { mac: [mac.toUpperCase(), macOf(number, 1)] },
    { proxmox: { vmid: 300 + number } },
    { serial: `SN${number}` },
    { uuid: `4c4c4544-0042-3510-8052-b4c04f4a373${number}`, mac },
  );
  return fc
    .record({ address, identity, carrier: carrier(number), extra: extraLinks(minor, number) })
    .map(({ address: drawn, identity: who, carrier: how, extra }) => {
      const links = [...how.links, ...extra];
      return present({
        address: drawn,
        ...who,
        ...(how.link !== undefined && { link: how.link }),
        ...(links.length > 0 && { links }),
      });
    });
}

function macOf(number: number, port: number): string {
  return `00:23:24:00:0${port}:0${number}`;
}

interface Carrier {
  readonly link?: string;
  readonly links: readonly Value[];
}

/** Ways to say which link carries the address. */
function carrier(number: number): fc.Arbitrary<Carrier> {
  const [mac, second] = [macOf(number, 0), macOf(number, 1)];
  const bond = (parts: Value): Value => ({ name: 'bond0', bond: { mode: 'active-backup', miimon: 100, ...parts } });
  const selectors: Value[] = [
    { physical: true },
    { driver: 'virtio*' },
    { busPath: '0*' },
    { pciID: '8086:*', physical: true },
  ];
  const fixed: Carrier[] = [
    { links: [] },
    { links: [] },
    { link: 'enp1s0', links: [] },
    { links: [{ mac, mtu: 9000 }] },
    {
      link: 'lan',
      links: [{ name: 'lan', mac, routes: [{ network: '10.9.0.0/16', gateway: '10.0.4.9', metric: 100 }] }],
    },
    { link: 'enp1s0', links: [{ name: 'enp1s0', vlans: [{ vlanId: 20, addresses: ['10.20.0.5/24'] }] }] },
    { link: 'enp1s0.20', links: [{ name: 'enp1s0', vlans: [{ vlanId: 20, mtu: 1400 }] }] },
    { link: 'lan.30', links: [{ name: 'lan', mac, vlans: [{ vlanId: 30 }, { vlanId: 31, dhcp: true }] }] },
    { link: 'bond0', links: [bond({ interfaces: ['enp1s0', 'enp2s0'] })] },
    {
      links: [
        bond({ deviceSelectors: [{ hardwareAddr: mac }, { permanentAddr: second }], resendIgmp: 1, useCarrier: true }),
      ],
    },
    {
      link: 'bond0',
      links: [bond({ interfaces: [mac, second], mode: '802.3ad', lacpRate: 'fast', updelay: 200, downdelay: 200 })],
    },
    {
      link: 'bond0',
      links: [
        {
          ...bond({ links: ['a', 'b'], mode: '802.3ad' }),
          vlans: [{ vlanID: 7, dhcp: true, ...(number === 1 && { vip: { ip: '10.7.0.1' } }) }],
        },
        { name: 'a', mac },
        { name: 'b', mac: second },
      ],
    },
    { link: 'bond0.9', links: [{ ...bond({ interfaces: ['enp1s0'] }), vlans: [{ vlanId: 9 }] }] },
    {
      link: 'br0',
      links: [
        { name: 'br0', bridge: { interfaces: ['enp1s0'], stp: { enabled: true }, vlan: { vlanFiltering: true } } },
      ],
    },
    {
      links: [
        { name: 'br0', bridge: { interfaces: ['lan'] } },
        { name: 'lan', mac },
      ],
    },
    { link: 'br0', links: [{ name: 'br0', bridge: { links: [mac] } }] },
    {
      link: 'br0',
      links: [
        { name: 'br0', bridge: {} },
        { name: 'enp1s0', bridgePort: { master: 'br0' } },
      ],
    },
    ...selectors.map((selector): Carrier => ({ links: [{ selector }] })),
  ];
  return fc.constantFrom(...fixed);
}

function extraLinks(minor: TalosMinor, number: number): fc.Arbitrary<readonly Value[]> {
  const reach = fc.constantFrom<Value>(
    { addresses: [`10.8.0.${number}/24`] },
    { addresses: [`10.8.0.${number}`], mtu: 1500 },
    {
      addresses: [`10.8.0.${number}/24`, `fd08::${number}/64`],
      routes: [{ destination: 'fd09::/32', gateway: 'fd08::ff' }],
    },
    { dhcp: true },
    { dhcp: true, dhcpOptions: { routeMetric: 2048 } },
    { dhcp: true, dhcpOptions: { ipv4: true, ipv6: true, routeMetric: 512 }, mtu: 9000 },
    { dhcp: true, dhcpOptions: { ipv4: false, ipv6: true } },
  );
  const who = fc.constantFrom<Value>(
    { mac: macOf(number, 5) },
    { name: 'storage', mac: macOf(number, 5).toUpperCase().replaceAll(':', '-') },
    { name: 'enp9s0', mac: macOf(number, 5) },
    { name: 'enp9s0f1np1', vlans: [{ vlanId: 4094, dhcp: true, dhcpOptions: { routeMetric: 9 } }] },
    { selector: { hardwareAddr: macOf(number, 5) } },
    { selector: { busPath: '0000:05:*', driver: 'ixgbe' } },
    ...(minor === '1.11' ? [] : [{ selector: { match: 'link.bus_path == "0000:05:00.0"' } }]),
  );
  const nic = fc.tuple(who, reach).map(([one, other]) => ({ ...one, ...other }));
  const made = fc.constantFrom<Value>(
    { name: 'dummy0', dummy: true, addresses: ['169.254.1.1/32'] },
    {
      name: 'wg0',
      wireguard: {
        privateKey: 'ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=',
        listenPort: 51821,
        peers: [
          {
            publicKey: '2Zx0cGEl5YFrW7kIYO2OhSyQ0Hq6OY2kuE2pZp0xk1g=',
            endpoint: '192.0.2.1:51820',
            allowedIPs: ['10.66.0.0/24'],
          },
        ],
      },
      addresses: ['10.66.0.2/24'],
    },
    { name: 'enp8s0', ignore: true },
    { name: 'primary', addresses: ['10.55.0.2/24'] },
  );
  return fc.tuple(maybe(nic), maybe(made)).map((both) => both.filter((one) => one !== undefined));
}

function clusterPatches(minor: TalosMinor): readonly unknown[] {
  return [
    { machine: { sysctls: { 'vm.max_map_count': '262144' } } },
    { apiVersion: 'v1alpha1', kind: 'NetworkDefaultActionConfig', ingress: 'accept' },
    { apiVersion: 'v1alpha1', kind: 'KmsgLogConfig', name: 'remote', url: 'tcp://10.0.4.5:514' },
    ...(minor === '1.14'
      ? [{ apiVersion: 'v1alpha1', kind: 'KubeletConfig', extraArgs: { 'rotate-server-certificates': 'true' } }]
      : [{ machine: { kubelet: { extraArgs: { 'rotate-server-certificates': 'true' } } } }]),
  ];
}

function nodePatches(minor: TalosMinor): readonly unknown[] {
  const entry = { interface: 'enp30s0', dhcp: true, vlans: [{ vlanId: 5, addresses: ['10.50.0.1/24'] }] };
  return [
    { machine: { network: { interfaces: [entry] } } },
    { machine: { udev: { rules: ['SUBSYSTEM=="x"'] } } },
    ...(minor === '1.11'
      ? []
      : [
          { apiVersion: 'v1alpha1', kind: 'DHCPv4Config', name: 'enp31s0' },
          { apiVersion: 'v1alpha1', kind: 'LinkConfig', name: 'enp32s0', addresses: [{ address: '10.32.0.1/24' }] },
        ]),
  ];
}
