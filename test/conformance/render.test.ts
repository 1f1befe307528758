import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderNode, type RenderedNode } from '../../src/render/render.ts';
import type { NodeImage } from '../../src/render/settings/hardware.ts';
import type { Finding } from '../../src/spec/finding.ts';
import type { Cluster, NodeSpec } from '../../src/spec/model.ts';
import { effectiveNetwork, type EffectiveLink } from '../../src/spec/network/effective.ts';
import { TALOS_MINORS, type TalosMinor } from '../../src/talos/documents/tables.ts';
import { generateConfig } from '../../src/talos/generate/generate.ts';
import type { GenerateOptions } from '../../src/talos/generate/input.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { load } from '../support/cluster-file.ts';
import { openOracle, type OracleMode } from './oracle.ts';
import { clusterFile, VERSIONS } from './random-cluster.ts';
import { clusterName, endpoint, generateOptions } from './random-config.ts';
import { seenNetwork, type SeenLink, type SeenNetwork } from './rendered-network.ts';
import { summaryOfIchor } from './verdicts.ts';

const RUNS = 1000;
/** Our own validation is held against Talos' at length in `validate.test.ts`; here it is asked now and then. */
const OURS_EVERY = 8;
const bundle: SecretsBundle = parse(
  readFileSync(new URL('../fixtures/secrets/b-contract-1.14.yaml', import.meta.url), 'utf8'),
);

const image: fc.Arbitrary<Omit<NodeImage, 'installer'>> = fc.record({
  modules: fc.constantFrom([], [{ name: 'nvidia' }, { name: 'zfs', parameters: ['zfs_arc_max=1', 'a=b c'] }]),
  sysctls: fc
    .constantFrom<Record<string, string>[]>([{}], [{ 'net.core.rmem_max': '1', 'vm.nr_hugepages': '512' }])
    .map(([one = {}]) => one),
});

/** Without what Talos' own generator makes a refused config of (talos-3-config.md §4.4). */
function sensible(options: GenerateOptions, minor: TalosMinor): GenerateOptions {
  const { installExtraKernelArgs, persist: _persist, registryCACerts, kubeSpan, ...rest } = options;
  const kernelArgs = minor === '1.11' && installExtraKernelArgs !== undefined ? { installExtraKernelArgs } : {};
  const certificate = Buffer.from(bundle.certs.k8s.crt, 'base64').toString();
  const certificates = Object.fromEntries(Object.keys(registryCACerts ?? {}).map((host) => [host, certificate]));
  return {
    ...rest,
    installDisk: rest.installDisk || '/dev/sda',
    ...kernelArgs,
    ...(registryCACerts !== undefined && { registryCACerts: certificates }),
    ...(kubeSpan !== undefined && rest.discovery !== false && { kubeSpan }),
  };
}

interface Drawn {
  readonly cluster: Cluster | undefined;
  readonly findings: readonly Finding[];
}

/** What stands in the way of the lint is not rendered. */
async function loaded(file: unknown): Promise<Drawn> {
  const { cluster, findings } = await load(JSON.stringify(file));
  const errors = findings.filter(({ severity }) => severity === 'error');
  return { cluster: errors.length > 0 ? undefined : cluster, findings: errors };
}

function rendered(cluster: Cluster, node: NodeSpec, parts: Omit<NodeImage, 'installer'>): RenderedNode {
  const installer = `factory.example/metal-installer/x:${node.talos}`;
  return renderNode({ cluster, node, bundle, image: { installer, ...parts }, features: [] });
}

function modeOf(node: NodeSpec): OracleMode {
  return node.platform === 'metal' ? 'metal-strict' : 'cloud';
}

function foretold(cluster: Cluster, node: NodeSpec): SeenNetwork {
  const { links, defaultDhcp } = effectiveNetwork(cluster, node);
  const seen = links.map((link): SeenLink => ({
    who: whoOf(link),
    dhcp: link.dhcp,
    addresses: link.addresses.toSorted(),
    vips: link.vips.toSorted(),
    routes: [...new Set(link.routes.map(({ network = 'default', gateway }) => `${network} via ${gateway}`))].toSorted(),
  }));
  return { links: seen, defaultDhcp };
}

/** DHCP on the physical link goes without saying while nothing ends default DHCP. */
function unsaid(told: SeenNetwork, seen: SeenNetwork): SeenNetwork {
  if (!told.defaultDhcp || seen.links.some(({ who }) => who === 'physical')) return told;
  const isDefault = ({ who, dhcp, addresses, vips }: SeenLink): boolean =>
    who === 'physical' && dhcp && addresses.length + vips.length === 0;
  return { ...told, links: told.links.filter((link) => !isDefault(link)) };
}

function whoOf({ selector, isVirtual }: EffectiveLink): string {
  switch (selector.kind) {
    case 'mac':
      return `mac ${selector.mac}`;
    case 'physical':
      return 'physical';
    case 'name': {
      const vlan = isVirtual ? /\.(\d+)$/.exec(selector.name)?.[1] : undefined;
      return vlan === undefined ? `name ${selector.name}` : `vlan ${vlan}`;
    }
    case 'selector':
      return 'selector';
  }
}

function isGuess(cluster: Cluster, node: NodeSpec): boolean {
  return (
    node.patches.length > 0 &&
    effectiveNetwork(cluster, node).links.some(({ selector }) => selector.kind === 'physical')
  );
}

/** Selectors in two languages are compared by there being one; entries that bring nothing (ports, bare links) do not count. */
function comparable({ links }: SeenNetwork): readonly SeenLink[] {
  return links
    .filter(({ dhcp, addresses, vips, routes }) => dhcp || addresses.length + vips.length + routes.length > 0)
    .map((link) => ({ ...link, who: link.who.replace(/^(expression|selector|physical).*/, 'found') }))
    .toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}

describe.each(TALOS_MINORS)('Talos %s', (minor) => {
  const oracle = openOracle(`oracle-${minor}`);
  afterAll(async () => oracle?.close());

  test(`S3-20 S4-8 S4-11 F2-1 F3-11 ${RUNS} random cluster files render to what Talos takes, and to the network that was foretold`, async () => {
    let [files, configs] = [0, 0];
    const refused: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(clusterFile(minor), image, async (file, parts) => {
        const { cluster, findings } = await loaded(file);
        for (const { rule } of findings) refused[rule] = (refused[rule] ?? 0) + 1;
        if (cluster === undefined) return;
        files += 1;
        for (const node of cluster.nodes) {
          const made = rendered(cluster, node, parts);
          const mode = modeOf(node);
          configs += 1;

          if (configs % OURS_EVERY === 0) {
            const ours = summaryOfIchor(made.config, node.talos, mode);
            expect(ours.outcome, ours.said.join('\n')).toBe('taken');
          }
          const [told, seen] = [foretold(cluster, node), seenNetwork(made.documents)];
          expect(told.defaultDhcp).toBe(seen.defaultDhcp);
          // On a machine of which no link is known, a name in a patch may well be that of its only one.
          if (!isGuess(cluster, node)) expect(comparable(unsaid(told, seen))).toEqual(comparable(seen));
          if (oracle === undefined) continue;
          const answer = await oracle.ask({ op: 'validate', config: made.config, modes: [mode] });
          expect(answer.error).toBeUndefined();
          expect(answer.verdicts?.[mode]?.panic).toBeUndefined();
          expect(answer.verdicts?.[mode]?.errors).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );

    // What the lint refuses was not looked at: that must stay the exception.
    expect(files, JSON.stringify(refused)).toBeGreaterThan(RUNS * 0.7);
    expect(configs).toBeGreaterThan(RUNS);
  });

  test.skipIf(oracle === undefined)(`${RUNS} random generated configs pass Talos’ strict validation`, async () => {
    const [talos, kubernetes] = VERSIONS[minor];
    const input = fc.record({
      clusterName,
      endpoint,
      options: generateOptions.map((options) => sensible(options, minor)),
    });

    await fc.assert(
      fc.asyncProperty(input, fc.boolean(), async (drawn, isAskedHere) => {
        const made = generateConfig({ ...drawn, bundle, talos, kubernetes });
        for (const config of [made.controlplane, made.worker]) {
          const answer = await oracle?.ask({ op: 'validate', config, modes: ['metal-strict'] });

          expect(answer?.error).toBeUndefined();
          expect(answer?.verdicts?.['metal-strict']?.errors).toEqual([]);
        }
        if (!isAskedHere) return;
        const ours = summaryOfIchor(made.worker, talos, 'metal-strict');
        expect(ours.outcome, ours.said.join('\n')).toBe('taken');
      }),
      { numRuns: RUNS },
    );
  });
});
