/** Everything that a command needs to work on a cluster, put together once: the one place that picks the implementations of the ports. */
import { hostname } from 'node:os';
import { createSocketKubernetesConnector } from '../../kubernetes/sockets.ts';
import { createDigest } from '../../lifecycle/digest.ts';
import type { EventSink } from '../../lifecycle/event.ts';
import { createLifecycle, type Lifecycle } from '../../lifecycle/lifecycle.ts';
import { createTcpProbe } from '../../lifecycle/probe.ts';
import { createFileJournal } from '../../store/file-journal.ts';
import { createFileLocks } from '../../store/file-lock.ts';
import { stateDirectory } from '../../store/paths.ts';
import type { Cluster } from '../../spec/model.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import { createTalosConnector } from '../../talos-api/sockets.ts';
import { selectNodes } from '../cluster-file.ts';
import type { IchorContext } from '../context.ts';
import type { At } from '../flags.ts';
import { say } from '../output.ts';
import { simulatedState, type Surroundings } from '../world.ts';
import { openFeatures, sampleFeatures } from './features.ts';
import { renderAll } from './render.ts';
import { issueCredentials } from './secrets.ts';

/** Nodes that are talked to at once. */
const PARALLEL = 32;

export interface SessionRequest {
  readonly cluster: Cluster;
  readonly bundle: SecretsBundle;
  readonly surroundings: Surroundings;
  /** As the user would repeat it: `ichor apply`. */
  readonly command: string;
  readonly at?: readonly At[] | undefined;
  readonly confirmed?: readonly string[] | undefined;
  readonly sink: EventSink;
}

export async function openLifecycle(context: IchorContext, request: SessionRequest): Promise<Lifecycle> {
  const { cluster, bundle, surroundings } = request;
  const { clock, dialer } = surroundings;
  const credentials = await issueCredentials(bundle, context);
  // Nothing real goes to simulated machines.
  const { features } =
    surroundings.simulated === undefined ? await openFeatures(context, cluster) : sampleFeatures(context, cluster);
  // A simulated run leaves nothing behind in the user's state directory.
  const state =
    surroundings.simulated === undefined
      ? stateDirectory({ env: context.env, homeDir: context.homeDir })
      : simulatedState(surroundings.simulated);
  return createLifecycle({
    cluster,
    rendered: renderAll(cluster, { bundle, features }),
    connector: createTalosConnector({ clock, dialer }),
    credentials: credentials.talos,
    kubernetes: createSocketKubernetesConnector({ clock, dialer }),
    kubernetesCredentials: credentials.kubernetes,
    clock,
    probe: createTcpProbe(dialer, clock),
    at: placesOf(cluster, request.at),
    digest: createDigest(bundle.cluster.secret),
    parallel: PARALLEL,
    runId: Buffer.from(context.random.bytes(8)).toString('hex'),
    sink: request.sink,
    journal: createFileJournal(state),
    locks: createFileLocks({ directory: state, host: hostname() }),
    owner: { pid: process.pid, host: hostname(), since: Date.now(), command: request.command },
    confirmed: new Set(request.confirmed ?? []),
    onJournalFailure: (why) =>
      say(context, `warning: the journal could not be written (${why}); the run goes on without it`),
  });
}

function placesOf(cluster: Cluster, at: readonly At[] = []): ReadonlyMap<string, string> {
  // Also says which names there are when one is not.
  selectNodes(
    cluster,
    at.map(({ node }) => node),
  );
  return new Map(at.map(({ node, host }) => [node, host]));
}
