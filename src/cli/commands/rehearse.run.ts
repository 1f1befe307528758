import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateBundle } from '../../secrets/bundle.ts';
import type { Lifecycle } from '../../lifecycle/lifecycle.ts';
import { machinesFor } from '../../sim/from-cluster.ts';
import { runSimulator } from '../../sim/run.ts';
import type { Cluster } from '../../spec/model.ts';
import { createSystemClock, sleep, type Clock } from '../../system.ts';
import { createWorldDialer } from '../../world.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster } from '../cluster-file.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { imageOf } from '../cluster/render.ts';
import { openLifecycle } from '../cluster/session.ts';
import { Exit } from '../failure.ts';
import { dataColours, jsonValue, print, say, talkColours } from '../output.ts';
import { renderStatus } from '../terminal/status.ts';
import { createRunView } from '../terminal/run-view.ts';
import type { RehearseFlags } from './rehearse.ts';

export async function runRehearse(
  this: IchorContext,
  flags: RehearseFlags,
  file: string = DEFAULT_FILE,
): Promise<void> {
  const cluster = await requireCluster(this, file);
  const folder = await mkdtemp(join(tmpdir(), 'ichor-rehearse-'));
  const worldFile = join(folder, 'world.json');
  sayWhatIsSimulated(this, cluster, flags);
  const simulator = await runSimulator({
    machines: machinesFor(cluster, { seed: flags.seed, schematicOf: (node) => imageOf(cluster, node).schematicId }),
    speed: flags.speed,
    seed: flags.seed,
    worldFile,
    onProblem: (message) => say(this, `simulator: ${message}`),
  });
  try {
    const installCni = (): void => simulator.simulation.installCni();
    const exit = await bringUp(this, flags, { cluster, worldFile, installCni });
    sayWhatWasNot(this, cluster);
    if (exit !== 0) throw new Exit(exit);
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly cluster: Cluster;
  readonly worldFile: string;
  /** What the owner or GitOps does on a real cluster whose spec says `cni: none`. */
  installCni(): void;
}

/** For pods to come up after the CNI was installed. */
const CNI_PATIENCE_MS = 5 * 60_000;

async function bringUp(context: IchorContext, flags: RehearseFlags, stage: Stage): Promise<number> {
  const { cluster, worldFile } = stage;
  const clock = createSystemClock(flags.speed);
  const surroundings = { clock, dialer: createWorldDialer(worldFile), simulated: worldFile };
  // Throwaway secrets: a rehearsal must never need or touch the real ones.
  // Their service account key is an elliptic one: an RSA key takes seconds to make, and nobody verifies its tokens here.
  const bundle = await generateBundle({
    talos: cluster.talos,
    now: new Date(),
    random: context.random,
    serviceAccountKey: 'ecdsa-p256',
  });
  const view = createRunView(context, clock, flags.output);
  const lifecycle = await openLifecycle(context, {
    cluster,
    bundle,
    surroundings,
    command: 'ichor rehearse',
    sink: view.sink,
  });
  try {
    const result = await lifecycle.apply({ command: 'ichor rehearse' }, context.signal);
    view.close();
    const colours = talkColours(context);
    if (flags.output === 'text') {
      say(
        context,
        `${result.exit === 0 ? colours.green('done') : colours.red('not done')}: ${result.message}${result.hint === undefined ? '' : `\n  hint: ${result.hint}`}\n`,
      );
    }
    if (result.exit === 130) return result.exit;
    if (result.exit === 0) await waitForCni(context, lifecycle, { ...stage, clock });
    const { observation, conditions } = await lifecycle.status(context.signal);
    // One line, as the events before it are.
    if (flags.output === 'json')
      context.process.stdout.write(`${JSON.stringify({ v: 1, kind: 'status', observation, conditions }, jsonValue)}\n`);
    else print(context, renderStatus({ observation, conditions, colours: dataColours(context) }));
    return result.exit;
  } finally {
    view.close();
    await lifecycle.close();
  }
}

/** With `cni: none` the run ends with nodes that wait for one. It is put in from outside, and said to be. */
async function waitForCni(
  context: IchorContext,
  lifecycle: Lifecycle,
  stage: Stage & { readonly clock: Clock },
): Promise<void> {
  const { clock, installCni } = stage;
  const isWaiting = async (): Promise<boolean> =>
    (await lifecycle.status(context.signal)).conditions.some(
      ({ state }) => state === 'waiting' || state === 'running' || state === 'failed',
    );
  if (!(await isWaiting())) return;
  say(
    context,
    'The spec says `cni: none`: a CNI is now put on the simulated machines from outside, as you or GitOps would.\n',
  );
  installCni();
  const deadline = clock.now() + CNI_PATIENCE_MS;
  while (clock.now() < deadline && (await isWaiting())) await sleep(clock, 2_000, context.signal);
}

function sayWhatIsSimulated(context: IchorContext, cluster: Cluster, flags: RehearseFlags): void {
  const names = cluster.nodes.map((node) => node.name);
  const shown = names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  say(
    context,
    `SIMULATED: ${names.length} machines (${shown}), time ×${flags.speed}. Nothing on your network is touched; the secrets are made for this run and thrown away.\n`,
  );
}

function sayWhatWasNot(context: IchorContext, cluster: Cluster): void {
  const left = ['firmware and boot media', 'image downloads', 'real disks and drivers'];
  if (cluster.network.cni.kind !== 'flannel') left.push('the CNI itself');
  if (cluster.features.length > 0)
    left.push(
      `what ${cluster.features.map((feature) => feature.name).join(', ')} do (their services, their parts in the cluster)`,
    );
  if (cluster.gitops !== undefined) left.push('GitOps');
  say(
    context,
    `\nThat was SIMULATED: no machine and nothing on your network was touched. Not rehearsed: ${left.join(', ')}.`,
  );
  say(
    context,
    `Next: ichor check ${cluster.file}, ichor plan --file ${cluster.file}, ichor sim ${cluster.file} (the same machines, to play with), docs/guide/first-cluster.md`,
  );
}
