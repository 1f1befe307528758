import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SOUND, load, loadPath, loadSound, places, spoiled } from '../../test/support/cluster-file.ts';
import { hasErrors } from './load.ts';

const DESIGN = fileURLToPath(new URL('../../test/fixtures/spec/design.yaml', import.meta.url));

describe('the document of the design', () => {
  test('passes without an error', async () => {
    const { cluster, findings } = await loadPath(DESIGN);

    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(hasErrors(findings)).toBe(false);
    expect(cluster?.nodes.map(({ name }) => name)).toEqual(['cp-1', 'cp-2', 'cp-3', 'ryzen']);
    expect(cluster?.endpoint).toEqual({ url: 'https://10.0.4.100:6443', host: '10.0.4.100', port: 6443 });
  });

  test('is understood to the last word', async () => {
    const { cluster } = await loadPath(DESIGN);
    const ryzen = cluster?.nodes.find(({ name }) => name === 'ryzen');
    const second = cluster?.nodes.find(({ name }) => name === 'cp-2');

    expect(ryzen).toMatchObject({
      role: 'worker',
      classes: ['metal'],
      platform: 'metal',
      talos: 'v1.13.9',
      address: { kind: 'static', ip: '10.0.4.120', prefix: 24 },
      identity: { macs: ['10:7c:61:00:00:02'] },
      gateway: '10.0.4.1',
      nameservers: ['1.1.1.1', '1.0.0.1'],
      timeservers: ['time.cloudflare.com'],
      install: { disk: { type: 'nvme', serial: '2TB1' }, wipe: false },
      hardware: ['amd-strix-halo'],
    });
    expect(ryzen?.volumes).toEqual([
      {
        name: 'local-path-provisioner',
        kind: 'user',
        grow: false,
        disk: { type: 'nvme' },
        minSizeBytes: 1_405_000_000_000n,
        maxSizeBytes: 1_405_000_000_000n,
      },
      {
        name: 'blockfile-scratch',
        kind: 'user',
        grow: false,
        disk: { type: 'nvme' },
        minSizeBytes: 500_000_000_000n,
        maxSizeBytes: 500_000_000_000n,
      },
    ]);
    expect(second).toMatchObject({
      platform: 'nocloud',
      install: { disk: { type: 'virtio' } },
      identity: { macs: [], vmid: 301 },
      proxmox: { vmid: 301, node: 'atlas', memory: '8GiB' },
    });
    expect(cluster?.network).toMatchObject({
      cni: { kind: 'none' },
      pods: ['10.244.0.0/16'],
      services: ['10.96.0.0/12'],
      domain: 'cluster.local',
      kubeProxy: true,
      kubePrism: { enabled: true, port: 7445 },
    });
    expect(cluster?.features.map(({ name, nodes }) => ({ name, nodes }))).toEqual([
      { name: 'tailscale', nodes: ['cp-1', 'cp-2', 'cp-3', 'ryzen'] },
      { name: 'kata-firecracker', nodes: ['ryzen'] },
    ]);
    expect(ryzen?.patches.map(({ text }) => text.trim())).toEqual([
      'machine: { sysctls: { vm.max_map_count: "262144" } }   # cluster, then class, then node; the node wins',
    ]);
  });
});

describe('wrong input', () => {
  test('is reported all at once, each at its line and column with the nearest right word', async () => {
    const { cluster, findings } = await load(
      spoiled(
        ['name: homelab', 'nmae: homelab'],
        ['subnet: 10.0.4.0/24', 'subnet: 10.0.4.0'],
        ['role: controlplane, address: 10.0.4.102', 'role: controlplan, address: 10.0.4.102'],
        ['w-1: { role: worker, address', 'w-1: { role: worker, adress'],
      ),
    );

    expect(cluster).toBeUndefined();
    expect(findings.map(({ message, hint, where }) => [where?.line, where?.column, message, hint])).toEqual([
      [2, 1, 'unknown key `nmae`', 'Did you mean `name`?'],
      [7, 11, '`network.subnet`: expected a network with its prefix, such as 10.0.4.0/24, found "10.0.4.0"', undefined],
      [
        12,
        17,
        '`nodes.cp-2.role`: expected controlplane or worker, found "controlplan"',
        'Did you mean `controlplane`?',
      ],
      [14, 24, 'unknown key `adress` in `nodes.w-1`', 'Did you mean `address`?'],
    ]);
  });

  test('does not repeat a value that may be a secret', async () => {
    const { findings } = await load(`${SOUND}features:\n  tailscale: tskey-auth-abc\n`);

    expect(findings.map(({ message }) => message)).toContain(
      '`features.tailscale`: expected true, or a map of options',
    );
    expect(JSON.stringify(findings)).not.toContain('tskey-auth-abc');
  });

  test('shows the lines around it with a caret', async () => {
    const { findings } = await load(spoiled(['gateway: 10.0.4.1\n', 'gatway: 10.0.4.1\n']));

    expect(findings[0]?.frame).toBe(
      [
        '  6 | network:',
        '  7 |   subnet: 10.0.4.0/24',
        '> 8 |   gatway: 10.0.4.1',
        '    |   ^',
        '  9 |   vip: 10.0.4.100',
      ].join('\n'),
    );
  });

  test('does not hide what the lint finds elsewhere', async () => {
    const { findings } = await load(
      spoiled(['gateway: 10.0.4.1\n', 'gatway: 10.0.4.1\n'], ['address: 10.0.4.111', 'address: 10.0.4.101']),
    );

    expect(places(findings)).toEqual(['error unknown-key 8:3', 'error duplicate-address 14:33']);
  });

  test('that is no YAML, or a key twice, has its place', async () => {
    expect(places((await load('ichor: 1\nnodes: [a: b: c\n')).findings)[0]).toMatch(/^error yaml-syntax 2:/);
    expect(places((await load(`${SOUND}name: again\n`)).findings)).toEqual(['error duplicate-key 15:1']);
    expect((await load({ 'cluster.yaml': '- a\n' })).findings[0]?.message).toContain('is not a cluster file');
  });

  test.each([
    ['scheduling: yes\n', 'Write `true`: YAML 1.2 reads `yes` as text.'],
    ['labels: { gpu: true }\n', undefined],
    ['limits: { maxUnavailable: 0 }\n', undefined],
  ])('%s is refused', async (line, hint) => {
    const { findings } = await load(SOUND + line);

    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity: 'error', rule: 'invalid-value', where: { line: 15 } });
    expect(findings[0]?.hint).toBe(hint);
  });

  test('a missing file says what to do', async () => {
    const { findings } = await load({ 'a.yaml': 'ichor: 1\nextends: base/b.yaml\n' });

    expect(findings[0]).toMatchObject({
      rule: 'file-not-found',
      message: 'base/b.yaml cannot be read: there is no such file',
      where: { file: 'a.yaml', line: 2, column: 10 },
    });
  });

  test('a node without a role and an unknown class are found together', async () => {
    const { findings } = await load(
      spoiled(['w-1: { role: worker', 'w-1: { class: wroker']).replace(
        'nodes:',
        'classes: { worker: { role: worker } }\nnodes:',
      ),
    );

    expect(places(findings)).toEqual(['error missing-role 15:3', 'error unknown-class 15:17']);
    expect(findings[1]?.hint).toBe('Did you mean `worker`?');
  });

  test('S4-5 an endpoint without a port is an error that shows the port', async () => {
    const { findings } = await load(spoiled(['https://10.0.4.100:6443', 'https://10.0.4.100']));

    expect(findings).toMatchObject([
      {
        severity: 'error',
        rule: 'endpoint-without-port',
        hint: 'Write https://10.0.4.100:6443',
        where: { line: 3, column: 11 },
      },
    ]);
  });

  test('an endpoint of another form is refused', async () => {
    expect(places((await load(spoiled(['https://10.0.4.100:6443', 'http://10.0.4.100:6443']))).findings)[0]).toBe(
      'error endpoint-form 3:11',
    );
    expect(places((await load(spoiled(['https://10.0.4.100:6443', 'https://10.0.4.100:6443/api']))).findings)[0]).toBe(
      'error endpoint-form 3:11',
    );
  });
});

describe('layers', () => {
  const BASE = `talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, nameservers: [1.1.1.1] }
labels: { site: home }
image: { kernelArgs: [console=tty0] }
classes:
  metal: { platform: metal, hardware: [intel], labels: { kind: metal }, install: { disk: nvme } }
  gpu: { extends: metal, hardware+: [nvidia-production], labels: { gpu: "true", kind: null } }
patches:
  - machine: { sysctls: { a: "1" } }
`;
  const CLUSTER = `ichor: 1
extends: base/common.yaml
name: homelab
endpoint: https://10.0.4.101:6443
network: { nameservers+: [9.9.9.9] }
classes:
  gpu: { hardware+: [realtek-nic] }
nodes:
  cp-1: { role: controlplane, class: metal, address: 10.0.4.101, mac: "00:23:24:00:00:01", labels: { site: null } }
  w-1:
    role: worker
    class: gpu
    talos: v1.13.8
    address: 10.0.4.111
    mac: "00-23-24-00-00-AB"
    image: { kernelArgs: [quiet] }
    patches: ["@patches/w-1.yaml"]
`;
  const FILES = {
    'here/cluster.yaml': CLUSTER,
    'here/base/common.yaml': BASE,
    'here/patches/w-1.yaml': 'machine:\n  sysctls:\n    b: "2"\n',
  };

  test('maps merge, lists replace, + appends and null removes, over base files and classes', async () => {
    const cluster = await loadSound(FILES);
    const [first, second] = cluster.nodes;

    expect(first).toMatchObject({
      hardware: ['intel'],
      labels: { kind: 'metal' },
      nameservers: ['1.1.1.1', '9.9.9.9'],
    });
    expect(first?.labels).toEqual({ kind: 'metal' });
    expect(second).toMatchObject({
      classes: ['metal', 'gpu'],
      talos: 'v1.13.8',
      hardware: ['intel', 'nvidia-production', 'realtek-nic'],
      image: { kernelArgs: ['quiet'] },
    });
    expect(second?.labels).toEqual({ site: 'home', gpu: 'true' });
    expect(second?.identity.macs).toEqual(['00:23:24:00:00:ab']);
    expect(cluster.secrets).toBe('here/secrets.sops.yaml');
  });

  test('patches line up: cluster, class, node', async () => {
    const cluster = await loadSound(FILES);

    expect(
      cluster.nodes[1]?.patches.map(({ origin, text }) => [origin.layer.kind, origin.where?.file, text.trim()]),
    ).toEqual([
      ['base', 'here/base/common.yaml', 'machine: { sysctls: { a: "1" } }'],
      ['node', 'here/patches/w-1.yaml', 'machine:\n  sysctls:\n    b: "2"'],
    ]);
  });

  test('every value knows the layer and the line that set it', async () => {
    const cluster = await loadSound(FILES);

    expect(cluster.originOf(['nodes', 'w-1', 'labels', 'site'])).toEqual({
      layer: { kind: 'base', file: 'here/base/common.yaml' },
      where: { file: 'here/base/common.yaml', line: 4, column: 17 },
    });
    expect(cluster.originOf(['nodes', 'w-1', 'platform'])).toMatchObject({
      layer: { kind: 'class', name: 'metal' },
      where: { line: 7, column: 22 },
    });
    expect(cluster.originOf(['nodes', 'w-1', 'hardware', 2])).toMatchObject({
      layer: { kind: 'class', name: 'gpu' },
      where: { file: 'here/cluster.yaml', line: 7, column: 22 },
    });
    expect(cluster.originOf(['nodes', 'w-1', 'talos'])).toMatchObject({
      layer: { kind: 'node', name: 'w-1' },
      where: { line: 13, column: 12 },
    });
    expect(cluster.originOf(['name'])).toMatchObject({ layer: { kind: 'cluster' }, where: { line: 3, column: 7 } });
    expect(cluster.originOf(['network', 'vip'])).toBeUndefined();
  });

  test('an empty key that removes nothing is warned of, so that no node or feature goes without a word', async () => {
    const { cluster, findings } = await load(
      `${SOUND.replace('w-1: {', 'w-2:\n  w-1: { labels: null, taints:,')}features:\n  tailscale:\n`,
    );

    expect(places(findings)).toEqual([
      'warning null-removes-nothing 14:3',
      'warning null-removes-nothing 15:10',
      'warning null-removes-nothing 15:24',
      'warning null-removes-nothing 17:3',
    ]);
    expect(cluster?.nodes).toHaveLength(4);
    expect((await load(FILES)).findings).toEqual([]);
  });

  test('circles and contradictions are errors', async () => {
    const circle = await load({ 'a.yaml': 'extends: b.yaml\n', 'b.yaml': 'extends: a.yaml\n' });
    expect(circle.findings.map(({ rule }) => rule)).toContain('extends-circle');

    const classes = await load(`${SOUND}classes:\n  a: { extends: b }\n  b: { extends: a }\n`);
    expect(places(classes.findings)).toEqual(['error class-circle 16:17', 'error class-circle 17:17']);

    const both = await load(`${SOUND}classes:\n  a: { hardware: [intel], hardware+: [amd] }\n`);
    expect(places(both.findings)).toEqual(['error set-and-appended 16:27']);
  });

  test('anchors and merge keys of YAML work', async () => {
    const cluster = await loadSound(
      SOUND.replace(
        'nodes:',
        'classes:\n  a: &a { labels: { x: "1" } }\n  b: { <<: *a, platform: metal }\nnodes:',
      ).replace('w-1: { role: worker', 'w-1: { role: worker, class: b'),
    );

    expect(cluster.nodes[3]?.labels).toEqual({ x: '1' });
  });
});

describe('patches', () => {
  test('are kept as they were written, octal numbers and comments included', async () => {
    const cluster = await loadSound(`${SOUND}patches:
  - machine:
      files: # one
        - path: /etc/a
          permissions: 0644
          content: |
            a
              b
  - - op: add
      path: /machine/sysctls
      value: { a: "1" }
  - |
    apiVersion: v1alpha1
    kind: WatchdogTimerConfig
    device: /dev/watchdog0
`);

    expect(cluster.nodes[0]?.patches.map(({ text }) => text)).toEqual([
      'machine:\n  files: # one\n    - path: /etc/a\n      permissions: 0644\n      content: |\n        a\n          b\n',
      '- op: add\n  path: /machine/sysctls\n  value: { a: "1" }\n',
      'apiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\n',
    ]);
    expect(cluster.nodes[0]?.patches.map(({ origin }) => [origin.where?.line, origin.where?.column])).toEqual([
      [16, 5],
      [23, 5],
      [27, 5],
    ]);
  });

  test('with an alias to the outside are written anew', async () => {
    const cluster = await loadSound(`${SOUND}labels: &l { a: "yes" }\npatches:\n  - machine: { nodeLabels: *l }\n`);

    expect(cluster.nodes[0]?.patches[0]?.text).toBe('machine:\n  nodeLabels:\n    a: "yes"\n');
  });
});

describe('short forms', () => {
  test('addresses, disks, taints and sizes are written out', async () => {
    const cluster = await loadSound(
      spoiled([
        'w-1: { role: worker, address: 10.0.4.111, mac: "00:23:24:00:00:11", install: { disk: { serial: S11 } } }',
        `w-1:
    role: worker
    address: { reserved: 10.0.4.111 }
    mac: ["00:23:24:00:00:11", "00:23:24:00:00:12"]
    install: { disk: /dev/disk/by-id/nvme-1 }
    taints: { a: NoSchedule, b: "x:NoExecute", c: { value: y, effect: PreferNoSchedule } }
    volumes:
      EPHEMERAL: { minSize: 100GiB, maxSize: 1.5TB, grow: true, disk: system }
      scratch: { kind: raw, size: 10GB, disk: /dev/sdb }`,
      ]),
    );
    const node = cluster.nodes[3];

    expect(node).toMatchObject({
      address: { kind: 'reserved', ip: '10.0.4.111' },
      install: { device: '/dev/disk/by-id/nvme-1', wipe: false },
      taints: {
        a: { effect: 'NoSchedule' },
        b: { value: 'x', effect: 'NoExecute' },
        c: { value: 'y', effect: 'PreferNoSchedule' },
      },
    });
    expect(node?.volumes).toEqual([
      {
        name: 'EPHEMERAL',
        kind: 'system',
        grow: true,
        disk: { match: 'system_disk' },
        minSizeBytes: 107_374_182_400n,
        maxSizeBytes: 1_500_000_000_000n,
      },
      {
        name: 'scratch',
        kind: 'raw',
        grow: false,
        disk: { match: 'disk.dev_path == "/dev/sdb"' },
        minSizeBytes: 10_000_000_000n,
        maxSizeBytes: 10_000_000_000n,
      },
    ]);
  });

  test.each([
    ['taints: { a: NoShedule }', 'invalid-value'],
    ['volumes: { a: { size: 1GB, maxSize: 2GB, disk: nvme } }', 'volume-size-twice'],
    ['volumes: { a: { minSize: 2GB, maxSize: 1GB, disk: nvme } }', 'volume-sizes-crossed'],
    ['volumes: { a: { size: 1GB, disk: floppy } }', 'invalid-value'],
  ])('%s is refused', async (line, rule) => {
    const { findings } = await load(SOUND.replace('w-1: { role: worker', `w-1: { ${line}, role: worker`));

    expect(findings).toMatchObject([{ severity: 'error', rule, where: { line: 14 }, node: 'w-1' }]);
  });
});
