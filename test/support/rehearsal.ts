/**
 * A cluster file brought up in one process: loaded, rendered and run as the commands do it, on simulated machines behind the in-process
 * door and a virtual clock. The sockets are all that differs from `ichor rehearse`.
 */
import { readFileSync } from 'node:fs';
import { imageOf, renderAll } from '../../src/cli/cluster/render.ts';
import { createInProcessKubernetesConnector } from '../../src/kubernetes/in-process.ts';
import { createDigest } from '../../src/lifecycle/digest.ts';
import { createLifecycle, type Lifecycle } from '../../src/lifecycle/lifecycle.ts';
import type { RunResult } from '../../src/lifecycle/run.ts';
import { issueKubernetesClientCertificate, issueTalosClientCertificate } from '../../src/pki/issue.ts';
import { decodePair, decodePem, generateBundle } from '../../src/secrets/bundle.ts';
import { createInProcessNetwork } from '../../src/sim/doors/in-process.ts';
import { machineAt } from '../../src/sim/doors/reach.ts';
import { machinesFor } from '../../src/sim/from-cluster.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { findFeature } from '../../src/catalog/features/features.ts';
import { loadCluster } from '../../src/spec/load.ts';
import type { Cluster } from '../../src/spec/model.ts';
import { withSecrets, type FeatureSecret } from '../../src/spec/node-features.ts';
import { createMemoryJournal, createMemoryLocks } from '../../src/store/memory.ts';
import { systemRandom } from '../../src/system.ts';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';

export interface Rehearsal {
  readonly cluster: Cluster;
  readonly simulation: Simulation;
  readonly clock: VirtualClock;
  apply(): Promise<RunResult>;
  /** How many etcd clusters were ever born. */
  births(): number;
}

/** `text` is the cluster file; what it extends is read from beside `path`. */
export async function rehearseFile(text: string, path = 'cluster.yaml'): Promise<Rehearsal> {
  const { cluster, findings } = await loadCluster({
    path,
    readFile: (name) => (name === path ? text : readFileSync(name, 'utf8')),
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (cluster === undefined || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  const clock = createVirtualClock();
  const now = new Date(clock.now());
  const bundle = await generateBundle({ talos: cluster.talos, now, random: systemRandom });
  const machines = machinesFor(cluster, { schematicOf: (node) => imageOf(cluster, node).schematicId });
  const simulation = createSimulation({ clock, seed: cluster.name, machines });
  for (const name of simulation.names) simulation.power(name, 'on');
  const network = createInProcessNetwork(simulation);
  const options = { now, random: systemRandom, ttlMs: 24 * 3_600_000 };
  const talos = await issueTalosClientCertificate(decodePair(bundle.certs.os), { ...options, roles: ['os:admin'] });
  const kubernetes = await issueKubernetesClientCertificate(decodePair(bundle.certs.k8s), options);
  const rendered = renderAll(cluster, { bundle, features: withSecrets(cluster, sampleOf) });
  const lifecycle = (): Lifecycle =>
    createLifecycle({
      cluster,
      rendered,
      clock,
      connector: createInProcessConnector({ clock, network }),
      credentials: { caPem: decodePem(bundle.certs.os.crt), certPem: talos.crt, keyPem: talos.key },
      kubernetes: createInProcessKubernetesConnector(clock, network),
      kubernetesCredentials: {
        caPem: decodePem(bundle.certs.k8s.crt),
        certPem: kubernetes.crt,
        keyPem: kubernetes.key,
      },
      probe: { isOpen: async (host) => isListening(simulation, host) },
      digest: createDigest('rehearsal'),
      parallel: 32,
      runId: 'rehearsal',
      sink: () => undefined,
      journal: createMemoryJournal(),
      locks: createMemoryLocks(),
      owner: { pid: 1, host: 'here', since: 0, command: 'ichor apply' },
    });
  return {
    cluster,
    simulation,
    clock,
    async apply() {
      const opened = lifecycle();
      try {
        return await clock.run(opened.apply({ command: 'ichor apply' }, new AbortController().signal));
      } finally {
        await opened.close();
      }
    },
    births: () => Object.values(simulation.world().clusters).reduce((sum, { etcd }) => sum + etcd.generation, 0),
  };
}

/** Stands for what a reference would give; only its form matters here. */
function sampleOf({ feature, path: [option = ''] }: FeatureSecret): string {
  const lookup = findFeature(feature);
  return (lookup.kind === 'exact' ? lookup.definition.options[option]?.sample : undefined) ?? 'sample-of-a-rehearsal';
}

function isListening(simulation: Simulation, host: string): boolean {
  const view = machineAt(simulation, host);
  return view !== undefined && !view.machine.isSilent && view.run.api.kind !== 'down';
}
