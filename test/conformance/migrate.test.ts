import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateConfig } from '../../src/talos/generate/generate.ts';
import { migrateConfig } from '../../src/talos/migrate/migrate.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { openOracle } from './oracle.ts';

const bundle: SecretsBundle = parse(
  readFileSync(new URL('../fixtures/secrets/a-contract-1.11.yaml', import.meta.url), 'utf8'),
);

/** Nearly everything that moved since 1.11, as a person may have written it. */
const PATCH = `machine:
  network:
    hostname: cp-1
    nameservers: [1.1.1.1]
    searchDomains: [a.example]
    extraHostEntries:
      - {ip: 10.0.0.9, aliases: [nas]}
    kubespan: {enabled: true, mtu: 1420}
  time: {servers: [time.cloudflare.com]}
  sysctls: {vm.max_map_count: "262144"}
  kernel: {modules: [{name: nbd, parameters: [a=1]}, {name: zfs}]}
  env: {A: b}
  registries:
    mirrors: {docker.io: {endpoints: [https://m.example], overridePath: true}}
    config: {m.example: {auth: {username: u, password: p}, tls: {insecureSkipVerify: true}}}
  features:
    kubePrism: {enabled: true, port: 7445}
    hostDNS: {enabled: true, forwardKubeDNSToHost: true}
    kubernetesTalosAPIAccess: {enabled: true, allowedRoles: [os:reader], allowedKubernetesNamespaces: [kube-system]}
  kubelet:
    extraArgs: {rotate-server-certificates: "true"}
    extraConfig: {maxPods: 200}
    nodeIP: {validSubnets: [10.0.0.0/8]}
  nodeLabels: {rack: r1}
  install: {disk: /dev/nvme0n1, image: factory.talos.dev/metal-installer/x:v1.14.1, wipe: true}
cluster:
  allowSchedulingOnControlPlanes: true
  network: {cni: {name: none}, podSubnets: [10.200.0.0/16], serviceSubnets: [10.201.0.0/16]}
  proxy: {disabled: true}
  apiServer:
    certSANs: [10.0.0.1]
    extraArgs: {feature-gates: A=true}
    admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: privileged}}}]
    auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}
  controllerManager: {extraArgs: {bind-address: 0.0.0.0}}
  scheduler: {extraArgs: {bind-address: 0.0.0.0}}
  coreDNS: {disabled: true}
  extraManifests: [https://x.example/a.yaml]
  inlineManifests: [{name: ns, contents: "apiVersion: v1"}]
  discovery: {enabled: true, registries: {service: {endpoint: https://d.example/}}}
`;

for (const minor of ['1.12', '1.13', '1.14'] as const) {
  const oracle = openOracle(`oracle-${minor}`);
  afterAll(async () => oracle?.close());

  test.skipIf(oracle === undefined)(
    `a patch from the times of 1.11 fits the configs of ${minor} once it is migrated, and not before`,
    async () => {
      const migrated = migrateConfig(PATCH, { from: 'v1.11.6', to: `v${minor}.0` }).text;
      const verdict = async (patch: string): Promise<readonly string[]> => {
        const input = {
          clusterName: 'demo',
          endpoint: 'https://10.0.0.1:6443',
          bundle,
          talos: `v${minor}.0`,
          options: { installDisk: '/dev/sda' },
        };
        const config = generateConfig({ ...input, patches: { controlplane: [patch] } }).controlplane;
        const answer = await oracle?.ask({ op: 'validate', config, modes: ['metal'] });
        return answer?.verdicts?.['metal']?.errors ?? [answer?.error ?? 'no verdict'];
      };

      expect(await verdict(migrated)).toEqual([]);
      expect(await verdict(PATCH)).not.toEqual([]);
    },
  );
}
