/** Which machine answers at an address of the simulated network at this moment. */
import { isApiUp } from '../cluster/kubernetes.ts';
import { isRunningView, type RunningView } from '../machine/resources/resource.ts';
import type { PemPair } from '../../pki/pem.ts';
import type { Simulation } from '../simulation.ts';

export const TALOS_PORT = 50_000;
export const KUBERNETES_PORT = 6_443;

/** The running machine that has the address. With `changed after install` two machines never share one. */
export function machineAt(simulation: Simulation, host: string): RunningView | undefined {
  return simulation
    .views()
    .filter(isRunningView)
    .find((view) => view.network.addresses.some((address) => address.ip === host));
}

/** Machines whose kube-apiserver listens. */
export function apiServerAt(simulation: Simulation, host: string, port: number): RunningView | undefined {
  const direct = port === KUBERNETES_PORT ? machineAt(simulation, host) : undefined;
  if (direct !== undefined) return isApiServer(direct) ? direct : undefined;
  return endpointViews(simulation, host, port)[0];
}

export function isApiServer(view: RunningView): boolean {
  return (
    view.cluster?.kubernetes.apiServers[view.name] !== undefined && view.run.staticPods['kube-apiserver'] === 'running'
  );
}

/** The API servers behind an endpoint that is no machine's address: a name, or a load balancer outside. */
function endpointViews(simulation: Simulation, host: string, port: number): readonly RunningView[] {
  return simulation
    .views()
    .filter(isRunningView)
    .filter(
      (view) => isApiServer(view) && view.cluster !== undefined && isApiUp(view.cluster.kubernetes, view.cluster.etcd),
    )
    .filter((view) => {
      const endpoint = endpointOf(view);
      return endpoint?.host === host && endpoint.port === port && host !== view.run.config?.facts.network.vip?.ip;
    });
}

export function endpointOf(view: RunningView): { readonly host: string; readonly port: number } | undefined {
  const match = /^https:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?/.exec(view.run.config?.facts.endpoint ?? '');
  return match === null ? undefined : { host: (match[1] ?? '').replace(/[[\]]/g, ''), port: Number(match[2] ?? 443) };
}

/** The Talos authority with its key: the machine's own config, or for a worker that of a control plane, whose trustd signs. */
export function talosAuthority(simulation: Simulation, view: RunningView): PemPair | undefined {
  const candidates = [view, ...simulation.views().filter(isRunningView)].filter(
    (other) => other.run.config?.facts.clusterKey === view.run.config?.facts.clusterKey,
  );
  for (const candidate of candidates) {
    const ca = candidate.run.config?.facts.talosCa;
    if (ca?.key !== undefined) return { crt: ca.crt, key: ca.key };
  }
  return undefined;
}
