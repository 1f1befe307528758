import { describe, expect, test } from 'vitest';
import { SOUND, load, places, spoiled } from '../../../test/support/cluster-file.ts';
import type { Finding } from '../finding.ts';

type Edit = readonly [from: string, to: string];

async function lint(...edits: readonly Edit[]): Promise<readonly Finding[]> {
  return (await load(spoiled(...edits))).findings;
}

/** The sound file with lines at its end; the first of them is line 15. */
async function lintWith(lines: string): Promise<readonly Finding[]> {
  return (await load(SOUND + lines)).findings;
}

function rules(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ severity, rule }) => `${severity} ${rule}`);
}

test('a sound file has no finding', async () => {
  expect(await lint()).toEqual([]);
});

describe('addresses', () => {
  test.each<[string, Edit, string]>([
    ['outside of the subnet', ['address: 10.0.4.111', 'address: 10.0.5.111'], 'error address-outside-subnet 14:33'],
    ['that is the gateway', ['address: 10.0.4.111', 'address: 10.0.4.1'], 'error address-is-gateway 14:33'],
    ['that is the VIP', ['address: 10.0.4.111', 'address: 10.0.4.100'], 'error address-is-vip 14:33'],
    ['that another node has', ['address: 10.0.4.111', 'address: 10.0.4.102'], 'error duplicate-address 14:33'],
    ['that is the broadcast address', ['address: 10.0.4.111', 'address: 10.0.4.255'], 'error address-not-usable 14:33'],
    [
      'reserved in a DHCP server, and another node has it',
      ['address: 10.0.4.111', 'address: { reserved: 10.0.4.102 }'],
      'error duplicate-address 14:24',
    ],
    ['of the VIP outside of the subnet', ['vip: 10.0.4.100', 'vip: 10.0.5.100'], 'error vip-outside-subnet 9:8'],
    [
      'of the gateway outside of the subnet',
      ['gateway: 10.0.4.1', 'gateway: 10.0.9.1'],
      'error gateway-outside-subnet 8:12',
    ],
  ])('an address %s is an error at its place', async (_, edit, expected) => {
    expect(places(await lint(edit))).toContain(expected);
  });

  test.each<[string, Edit, string]>([
    ['MAC', ['00:23:24:00:00:11', '00-23-24-00-00-02'], 'error duplicate-mac'],
    ['VM id', ['w-1: { role: worker', 'w-1: { proxmox: { vmid: 300 }, role: worker'], 'error duplicate-vmid'],
    ['disk serial', ['serial: S11', 'serial: S1'], 'warning duplicate-disk-serial'],
  ])('the same %s twice is an error', async (_, edit, expected) => {
    const vm: Edit = ['cp-3: { role: controlplane', 'cp-3: { proxmox: { vmid: 300 }, role: controlplane'];
    const findings = await lint(edit, vm);

    expect(rules(findings)).toContain(expected);
    expect(findings.find(({ rule }) => rule.startsWith('duplicate'))?.message).toContain('`w-1`');
  });

  test('a machine that nobody can find is an error, one with a fixed address a warning', async () => {
    expect(rules(await lint(['address: 10.0.4.111, mac: "00:23:24:00:00:11"', 'address: dhcp']))).toEqual([
      'error no-identity',
    ]);
    expect(rules(await lint(['mac: "00:23:24:00:00:11", ', '']))).toEqual(['warning no-identity']);
  });
});

describe('endpoint and VIP', () => {
  test('S4-7 an endpoint that nothing answers is an error, and may be declared to stand outside', async () => {
    const nobody = await lint(['https://10.0.4.100:6443', 'https://10.0.4.99:6443']);
    expect(places(nobody)).toEqual(['error endpoint-host-unknown 3:11']);
    expect(nobody[0]?.hint).toContain('network.vip: 10.0.4.99');

    expect(await lint(['https://10.0.4.100:6443', '{ url: "https://10.0.4.99:6443", outside: haproxy }'])).toEqual([]);
    expect(await lint(['https://10.0.4.100:6443', 'https://10.0.4.102:6443'])).toEqual([]);
    expect(places(await lint(['https://10.0.4.100:6443', 'https://10.0.4.111:6443']))[0]).toBe(
      'error endpoint-host-unknown 3:11',
    );
  });

  test('a VIP without control planes is an error', async () => {
    const only = SOUND.replaceAll('role: controlplane', 'role: worker');

    expect(rules((await load(only)).findings)).toEqual(
      expect.arrayContaining(['error no-control-plane', 'error vip-without-control-planes']),
    );
  });

  test('F1-5 an endpoint that only a tailnet knows is warned of', async () => {
    expect(
      rules(
        await lint(['https://10.0.4.100:6443', '{ url: "https://nuc.example.ts.net:6443", outside: haproxy on nuc }']),
      ),
    ).toEqual(['warning endpoint-on-tailnet']);
  });

  test('an even number of control planes is a warning', async () => {
    expect(places(await lint(['cp-3: { role: controlplane', 'cp-3: { role: worker']))).toEqual([
      'warning even-control-planes 10:1',
    ]);
  });
});

describe('versions', () => {
  test('Kubernetes must be one that this Talos runs', async () => {
    const findings = await lint(['v1.36.3', 'v1.29.0']);

    expect(places(findings)).toEqual(['error kubernetes-outside-range 5:13']);
  });

  test('Talos below 1.11 is refused politely', async () => {
    expect(rules(await lint(['v1.13.9', 'v1.9.1'], ['v1.36.3', 'v1.32.1']))).toEqual(['error talos-too-old']);
  });

  test('F1-20 nodes of different Talos versions are no error', async () => {
    expect(await lint(['w-1: { role: worker', 'w-1: { talos: v1.13.8, role: worker'])).toEqual([]);
  });

  test('a kubelet ahead of the API servers is an error', async () => {
    expect(
      rules(await lint(['v1.36.3', 'v1.35.1'], ['w-1: { role: worker', 'w-1: { kubernetes: v1.36.0, role: worker'])),
    ).toEqual(['error kubelet-ahead']);
  });

  test('F3-3 an installer tag that differs from the Talos version is an error, in the spec and in a patch', async () => {
    expect(places(await lintWith('image: { installer: "ghcr.io/siderolabs/installer:v1.13.0" }\n'))).toEqual([
      'error installer-tag-differs 15:21',
    ]);
    expect(
      places(
        await lintWith(
          'patches:\n  - machine:\n      install:\n        image: factory.talos.dev/metal-installer/abc:v1.13.0\n',
        ),
      ),
    ).toEqual(['error installer-tag-differs 18:9']);
    expect(await lintWith('image: { installer: "ghcr.io/siderolabs/installer:v1.13.9" }\n')).toEqual([]);
  });

  test('S0-23 an installer for another platform is an error', async () => {
    expect(
      rules(
        await lint([
          'w-1: { role: worker',
          'w-1: { platform: nocloud, image: { installer: "factory.talos.dev/metal-installer/abc:v1.13.9" }, role: worker',
        ]),
      ),
    ).toEqual(['error platform-mismatch']);
  });
});

describe('install', () => {
  test('metal without an install disk has nowhere to install to', async () => {
    expect(places(await lint([', install: { disk: { serial: S11 } }', '']))).toEqual(['error nowhere-to-install 14:3']);
    expect(rules(await lint([', install: { disk: { serial: S11 } }', ', platform: nocloud']))).toEqual([]);
  });

  test('a disk by its /dev name is warned of, one by label is an error', async () => {
    expect(rules(await lint(['disk: { serial: S11 }', 'disk: /dev/sda']))).toEqual(['warning install-disk-by-name']);
    expect(rules(await lint(['disk: { serial: S11 }', 'disk: /dev/disk/by-label/TALOS_INSTALL']))).toEqual([
      'error install-disk-by-label',
    ]);
  });

  test('S4-78 kernel arguments in machine.install are an error where Talos ignores them', async () => {
    const patch = 'patches:\n  - machine: { install: { extraKernelArgs: [quiet] } }\n';

    expect(places(await lintWith(patch))).toEqual(['error kernel-args-ignored 16:27']);
    expect((await load(spoiled(['v1.13.9', 'v1.11.6'], ['v1.36.3', 'v1.34.1']) + patch)).findings).toEqual([]);
  });

  test('S1-8 F3-4 extensions by machine.install or by a file are told where they belong', async () => {
    const findings = await lintWith(
      'patches:\n  - machine:\n      install: { extensions: [{ image: ghcr.io/siderolabs/tailscale:1.94.1 }] }\n      files: [{ path: /var/lib/extensions/enabled_extensions, content: x }]\n',
    );

    expect(places(findings)).toEqual(['error install-extensions-ignored 17:18', 'warning file-without-effect 18:15']);
  });
});

describe('image', () => {
  test('S0-9 S0-10 an extension that is no more is renamed, one that never was gets near matches', async () => {
    const findings = await lint([
      'w-1: { role: worker',
      'w-1: { image: { extensions: [siderolabs/amdgpu-firmware, siderolabs/nvidia] }, role: worker',
    ]);

    expect(rules(findings)).toEqual(expect.arrayContaining(['notice extension-renamed', 'error extension-unknown']));
    expect(findings[0]?.where).toMatchObject({ line: 14 });
  });

  test('a profile that this Talos does not have yet is an error', async () => {
    const old: readonly Edit[] = [
      ['v1.13.9', 'v1.11.6'],
      ['v1.36.3', 'v1.34.1'],
    ];

    expect(rules(await lint(...old, ['w-1: { role: worker', 'w-1: { hardware: [intel-xe], role: worker']))).toContain(
      'error hardware-needs-newer-talos',
    );
  });

  test('a kernel argument that keeps Talos from booting is an error', async () => {
    expect(places(await lintWith('image: { kernelArgs: [pti=off] }\n'))).toEqual(['error kernel-arg-enforced 15:10']);
  });

  test('an install disk by expression needs Talos 1.14', async () => {
    expect(rules(await lint(['disk: { serial: S11 }', 'disk: { match: "disk.size > 1u * TB" }']))).toEqual([
      'error install-disk-expression',
    ]);
  });
});

describe('ranges', () => {
  test('a pod range without room for all nodes is an error, unless the slices are narrower', async () => {
    const small: Edit = ['  vip:', '  pods: 10.244.0.0/23\n  vip:'];

    expect(places(await lint(small))).toEqual(['error pod-range-too-small 9:9']);
    expect(
      (
        await load(
          `${spoiled(small)}patches:\n  - cluster: { controllerManager: { extraArgs: { node-cidr-mask-size: "26" } } }\n`,
        )
      ).findings,
    ).toEqual([]);
  });

  test('two families need two of each', async () => {
    expect(rules(await lint(['  vip:', '  pods: [10.244.0.0/16, fd00:10:244::/56]\n  vip:']))).toEqual([
      'error ranges-unequal',
    ]);
    expect(
      rules(
        await lint([
          '  vip:',
          '  pods: [10.244.0.0/16, 10.245.0.0/16]\n  services: [10.96.0.0/12, fd00::/108]\n  vip:',
        ]),
      ),
    ).toEqual(['error ranges-of-one-family']);
    expect(
      await lint([
        '  vip:',
        '  pods: [10.244.0.0/16, fd00:10:244::/56]\n  services: [10.96.0.0/12, fd00::/108]\n  vip:',
      ]),
    ).toEqual([]);
  });

  test('an address outside of any subnet must not lie in the service range', async () => {
    const text = spoiled(
      ['  subnet: 10.0.4.0/24\n  gateway: 10.0.4.1\n', ''],
      ['address: 10.0.4.111', 'address: { reserved: 10.97.0.5 }'],
    ).replaceAll(/address: (10\.0\.4\.\d+)/g, 'address: $1/24');

    expect(rules((await load(text)).findings)).toEqual(['error ranges-overlap']);
  });
});

describe('registration', () => {
  test('a label or taint that Kubernetes would not take is an error', async () => {
    const findings = await lint([
      'w-1: { role: worker',
      'w-1: { labels: { a: "x y", "-b": c }, taints: { t: "v v:NoSchedule" }, role: worker',
    ]);

    expect(rules(findings)).toEqual(['error label-form', 'error label-form', 'error label-form']);
  });

  test('a label that a kubelet may not set is an error on a worker, in the spec and in a patch', async () => {
    expect(
      places(
        await lint(['w-1: { role: worker', 'w-1: { labels: { node-role.kubernetes.io/worker: "" }, role: worker']),
      ),
    ).toEqual(['error label-refused 14:52']);
    expect(
      rules(await lintWith('patches:\n  - machine: { nodeLabels: { node-role.kubernetes.io/worker: "" } }\n')),
    ).toEqual(['error label-refused']);
    expect(
      await lintWith(
        'patches:\n  - machine: { nodeLabels: { node.kubernetes.io/exclude-from-external-load-balancers: { $patch: delete }, topology.kubernetes.io/zone: a } }\n',
      ),
    ).toEqual([]);
  });

  test('taints of a worker in a patch are an error, in the spec they are fine', async () => {
    expect(
      rules(
        await lint([
          'w-1: { role: worker',
          'w-1: { patches: [{ machine: { nodeTaints: { a: NoSchedule } } }], role: worker',
        ]),
      ),
    ).toEqual(['error taint-refused']);
    expect(await lint(['w-1: { role: worker', 'w-1: { taints: { a: NoSchedule }, role: worker'])).toEqual([]);
  });
});

describe('the effective network', () => {
  const W1 = 'w-1: { role: worker, address: 10.0.4.111, mac: "00:23:24:00:00:11"';

  test('S4-11 F2-1 a static address beside a DHCP lease is an error, wherever each is written', async () => {
    const bySelector =
      'patches:\n  - machine: { network: { interfaces: [{ deviceSelector: { physical: true }, dhcp: true }] } }\n';
    expect(rules(await lintWith(bySelector))).toEqual(['error static-beside-dhcp']);

    const byMac =
      'w-1: { role: worker, address: 10.0.4.111, links: [{ mac: "00:23:24:00:00:11", dhcp: true }], mac: "00:23:24:00:00:11"';
    expect(rules(await lint([W1, byMac]))).toEqual(['error static-beside-dhcp']);

    const byKernel =
      'w-1: { role: worker, address: dhcp, image: { kernelArgs: ["ip=10.0.4.111::10.0.4.1:255.255.255.0"] }, mac: "00:23:24:00:00:11"';
    expect(rules(await lint([W1, byKernel]))).toEqual(['error static-beside-dhcp']);
  });

  test('F0-8 F1-40 a VIP or MTU on a link with neither address nor DHCP is an error', async () => {
    const vip = 'patches:\n  - machine: { network: { interfaces: [{ interface: enp9s0, vip: { ip: 10.0.4.99 } }] } }\n';
    expect(rules(await lintWith(vip))).toEqual(['error link-without-address', 'warning link-pinned-by-name']);

    const mtu = 'patches:\n  - { apiVersion: v1alpha1, kind: LinkConfig, name: enp9s0, mtu: 1400 }\n';
    expect(rules(await lintWith(mtu))).toContain('error link-without-address');

    const onPrimary =
      'w-1: { role: worker, address: 10.0.4.111, links: [{ mac: "00:23:24:00:00:11", mtu: 1400 }], mac: "00:23:24:00:00:11"';
    expect(await lint([W1, onPrimary])).toEqual([]);
  });

  test('S4-8 eth0 is an error unless net.ifnames=0 makes it so; F3-11 other names are warned of', async () => {
    const named = (link: string): Edit => [
      W1,
      `w-1: { role: worker, address: 10.0.4.111, link: ${link}, mac: "00:23:24:00:00:11"`,
    ];

    expect(rules(await lint(named('eth0')))).toEqual(['error link-name-unlikely']);
    expect(rules(await lint(named('ens18')))).toEqual(['warning link-pinned-by-name']);
    expect(rules((await load(`${spoiled(named('eth0'))}image: { kernelArgs: [net.ifnames=0] }\n`)).findings)).toEqual([
      'warning link-pinned-by-name',
    ]);
  });

  test('F4-6 node, pod and service ranges must not overlap', async () => {
    expect(places(await lint(['subnet: 10.0.4.0/24', 'subnet: 10.0.0.0/9']))).toEqual(['error ranges-overlap 7:11']);
    expect(rules(await lint(['address: 10.0.4.111', 'address: 10.0.4.111/9']))).toEqual(['error ranges-overlap']);
    expect(rules(await lint(['  vip:', '  pods: 10.96.0.0/16\n  vip:']))).toEqual(['error ranges-overlap']);
  });

  test('F2-6 a network with host bits is an error, in ranges and in advertised routes', async () => {
    expect(places(await lint(['subnet: 10.0.4.0/24', 'subnet: 10.0.4.7/24']))).toEqual(['error host-bits 7:11']);

    const route =
      'patches:\n  - apiVersion: v1alpha1\n    kind: ExtensionServiceConfig\n    name: tailscale\n    environment:\n      - TS_ROUTES=10.0.3.4/28\nimage: { extensions: [tailscale] }\n';
    const findings = await lintWith(route);
    expect(places(findings)).toEqual(['error host-bits 20:9']);
    expect(findings[0]?.message).toBe('10.0.3.4/28 has host bits set: the network is 10.0.3.0/28');
  });

  test('F1-1 etcd or the kubelet on the tailnet is an error on a control plane', async () => {
    const etcd = 'patches:\n  - cluster: { etcd: { advertisedSubnets: [100.64.0.0/10] } }\n';
    expect(places(await lintWith(etcd))).toEqual(['error depends-on-extension 16:24']);

    const kubelet = 'patches:\n  - machine: { kubelet: { nodeIP: { validSubnets: [100.64.0.0/10] } } }\n';
    expect(rules(await lintWith(kubelet))).toEqual(['error depends-on-extension']);

    const lan = 'patches:\n  - cluster: { etcd: { advertisedSubnets: [10.0.4.0/24] } }\n';
    expect(await lintWith(lan)).toEqual([]);
  });

  test('F1-7 a LAN inside 100.64.0.0/10 must be declared to etcd and kubelet when there is Tailscale', async () => {
    const text = SOUND.replaceAll('10.0.4.', '100.64.4.');
    expect(rules((await load(text)).findings)).toEqual(['warning lan-in-cgnat']);

    const tailscale = `${text}features: { tailscale: { authKey: { env: TS } } }\n`;
    expect(rules((await load(tailscale)).findings)).toContain('error lan-in-cgnat');

    const declared = `${tailscale}patches:\n  - cluster: { etcd: { advertisedSubnets: [100.64.4.0/24] } }\n    machine: { kubelet: { nodeIP: { validSubnets: [100.64.4.0/24] } } }\n`;
    expect(rules((await load(declared)).findings)).toContain('warning lan-in-cgnat');
  });

  test('F1-6 MagicDNS first on a control plane is an error, last it is not', async () => {
    const dns = (list: string): string => `patches:\n  - machine: { network: { nameservers: ${list} } }\n`;

    expect(places(await lintWith(dns('[100.100.100.100, 1.1.1.1]')))).toEqual(['error magic-dns-first 16:27']);
    expect(await lintWith(dns('[1.1.1.1, 100.100.100.100]'))).toEqual([]);
    expect(rules(await lint(['  vip:', '  nameservers: [100.100.100.100]\n  vip:']))).toEqual([
      'error magic-dns-first',
    ]);
  });

  test('F2-17 KubeSpan needs discovery', async () => {
    expect(places(await lint(['  vip:', '  kubeSpan: true\n  discovery: false\n  vip:']))).toEqual([
      'error kubespan-without-discovery 9:13',
    ]);
    expect(await lint(['  vip:', '  kubeSpan: true\n  vip:'])).toEqual([]);
  });

  test('F2-7 a CNI instead of kube-proxy needs KubePrism, and flannel needs kube-proxy', async () => {
    expect(rules(await lint(['  vip:', '  cni: none\n  kubeProxy: false\n  kubePrism: false\n  vip:']))).toEqual([
      'error kubeprism-off',
    ]);
    expect(rules(await lint(['  vip:', '  kubeProxy: false\n  vip:']))).toEqual(['error no-kube-proxy']);
    expect(await lint(['  vip:', '  cni: none\n  kubeProxy: false\n  vip:'])).toEqual([]);
  });
});

describe('references', () => {
  test('hardware is looked up in the catalogue', async () => {
    const unknown = await lint(['w-1: { role: worker', 'w-1: { hardware: [nvidia-prodution], role: worker']);
    expect(places(unknown)).toEqual(['error unknown-hardware 14:21']);
    expect(unknown[0]?.hint).toBe('Did you mean `nvidia-production`?');

    expect(rules(await lint(['w-1: { role: worker', 'w-1: { hardware: [qemu], role: worker']))).toEqual([
      'warning extension-wrong-platform',
    ]);
    expect(
      rules(await lint(['w-1: { role: worker', 'w-1: { hardware: [intel], proxmox: { vmid: 300 }, role: worker'])),
    ).toContain('warning hardware-on-vm');
  });

  test('features name nodes that exist', async () => {
    const findings = await lintWith('features: { gvisor: { nodes: [w-2] } }\n');

    expect(rules(findings)).toEqual(['warning not-acted-on', 'error unknown-node']);
    expect(findings[1]?.hint).toBe('Did you mean `w-1`?');
  });

  test('settings of the control plane on a worker are warned of', async () => {
    expect(
      rules(
        await lint([
          'w-1: { role: worker',
          'w-1: { patches: [{ cluster: { etcd: { extraArgs: { a: b } } } }], role: worker',
        ]),
      ),
    ).toEqual(['warning control-plane-setting-on-worker']);
  });
});

describe('patches', () => {
  test('F1-18 the same path twice in machine.files is an error that names both places', async () => {
    const findings = await lintWith(`patches:
  - machine: { files: [{ path: /etc/cri/conf.d/20-customization.part, content: a, op: create }] }
  - machine: { files: [{ path: /etc/cri/conf.d/20-customization.part, content: b, op: create }] }
`);

    expect(places(findings)).toEqual(['error duplicate-file 17:24']);
    expect(findings[0]?.message).toContain('cluster.yaml:16');
  });

  test('F1-19 etcd arguments that differ between members are a warning', async () => {
    const findings = await lint([
      'cp-2: { role: controlplane',
      'cp-2: { patches: [{ cluster: { etcd: { extraArgs: { quota-backend-bytes: "8589934592" } } } }], role: controlplane',
    ]);

    expect(rules(findings)).toEqual(['warning etcd-args-differ']);
    expect(findings[0]?.message).toBe(
      'etcd argument `quota-backend-bytes` differs between members: not set on cp-1, cp-3; "8589934592" on cp-2',
    );
  });

  test('S4-12 a host name in a patch contradicts the name of the node', async () => {
    expect(rules(await lintWith('patches:\n  - machine: { network: { hostname: other } }\n'))).toContain(
      'error hostname-in-patch',
    );
    expect(
      rules(
        await lintWith('patches:\n  - { apiVersion: v1alpha1, kind: HostnameConfig, hostname: other, auto: off }\n'),
      ),
    ).toContain('error hostname-in-patch');
  });

  test('S1-13 a placeholder that nobody filled in is an error; a script may hold its own', async () => {
    const named =
      'patches:\n  - { apiVersion: v1alpha1, kind: ExtensionServiceConfig, name: tailscale, environment: ["TS_AUTHKEY=${TAILSCALE_AUTHKEY}"] }\nimage: { extensions: [tailscale] }\n';
    expect(rules(await lintWith(named))).toEqual(['error unresolved-placeholder']);

    const script =
      'patches:\n  - machine:\n      files:\n        - path: /var/a\n          content: |\n            echo ${HOME}\n            true\n';
    expect(await lintWith(script)).toEqual([]);
  });

  test('F0-18 a partial evictionHard is a warning', async () => {
    expect(
      rules(
        await lintWith(
          'patches:\n  - machine: { kubelet: { extraConfig: { evictionHard: { memory.available: 512Mi } } } }\n',
        ),
      ),
    ).toEqual(['warning eviction-incomplete']);
  });

  test('a patch that is no YAML is an error at its line', async () => {
    expect(places(await lintWith('patches:\n  - |\n    machine:\n      a: [b\n'))[0]).toMatch(
      /^error patch-unreadable 1[89]:/,
    );
  });

  test('a mistake in a patch of a class is reported once, however many nodes have it', async () => {
    const findings = await lintWith('patches:\n  - machine: { install: { extraKernelArgs: [quiet] } }\n');

    expect(findings).toHaveLength(1);
  });
});

describe('secrets', () => {
  test('text where a reference belongs is an error that does not show it', async () => {
    const findings = await lintWith('features: { tailscale: { authKey: tskey-auth-abc } }\n');

    expect(rules(findings)).toContain('error secret-as-text');
    expect(JSON.stringify(findings)).not.toContain('tskey-auth-abc');
  });

  test('text in a patch, where no reference can stand, is a warning that does not show it', async () => {
    const findings = await lintWith(`patches:
  - { apiVersion: v1alpha1, kind: ExtensionServiceConfig, name: tailscale, environment: [TS_AUTHKEY=tskey-auth-abc] }
  - { apiVersion: v1alpha1, kind: RegistryAuthConfig, name: docker.io, username: me, password: hunter2 }
image: { extensions: [tailscale] }
`);

    expect(places(findings)).toEqual(['warning secret-in-patch 16:90', 'warning secret-in-patch 17:86']);
    expect(JSON.stringify(findings)).not.toMatch(/tskey|hunter2/);
  });

  test('a mistake beside a secret does not show it either, also when it is a block of text', async () => {
    const { findings } = await load(`${SOUND}features:
  tailscale:
    authKey: |
      tskey-auth-abc
      second-line
    nodes: [w-9]
`);

    expect(rules(findings)).toEqual(['error secret-as-text', 'error unknown-node']);
    expect(JSON.stringify(findings)).not.toMatch(/tskey|second-line/);
    expect(findings[1]?.frame).toContain('nodes: [w-9]');
  });

  test('an encrypted patch file is an error, for Talos would get the ciphertext', async () => {
    const { findings } = await load({
      'cluster.yaml': `${SOUND}patches: ["@p.yaml"]\n`,
      'p.yaml': 'machine:\n  token: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[x]\n',
    });

    expect(findings).toContainEqual(
      expect.objectContaining({ rule: 'patch-encrypted', where: { file: 'p.yaml', line: 3, column: 1 } }),
    );
  });

  test('a reference is fine', async () => {
    expect(rules(await lintWith('features: { tailscale: { authKey: { sops: keys.sops.yaml#tailscale } } }\n'))).toEqual(
      [],
    );
  });
});

test('a key that nothing acts on yet is a warning, once', async () => {
  const findings = await lint(
    ['cp-2: {', 'cp-2: { boot: { primary: usb },'],
    ['cp-3: {', 'cp-3: { boot: { primary: usb },'],
  );

  expect(places(findings)).toEqual(['warning not-acted-on 12:11']);
});
