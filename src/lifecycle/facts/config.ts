/** The machine config that a node runs, held against the rendered one. The text itself never leaves this file. */
import type { CallOptions, TalosNodeSession } from '../../talos-api/port.ts';
import type { Resource } from '../../talos-api/resource.ts';
import { canonicalConfig, diffConfigs } from '../config-diff.ts';
import type { Digest } from '../digest.ts';
import type { ConfigObservation } from '../observation.ts';
import { MACHINE_CONFIG } from './talos-types.ts';

/** Undefined when the node has no active config. Needs os:admin. */
export async function readConfig(
  session: TalosNodeSession,
  wanted: string,
  digest: Digest,
  options: CallOptions,
): Promise<ConfigObservation | undefined> {
  const resource = await session.getResource(MACHINE_CONFIG, options);
  if (resource === undefined) return undefined;
  const running = textOf(resource);
  const wantedDigest = digest(canonicalConfig(wanted));
  // The usual case, and parsing is most of the work of looking at a hundred nodes.
  if (running === wanted) return { digest: wantedDigest, wantedDigest, differences: [] };
  return {
    digest: digest(canonicalConfig(running)),
    wantedDigest,
    differences: diffConfigs(running, wanted),
  };
}

/** From 1.12 on the spec is a YAML string that holds the config; before, it is the config (talos-2 §2.2). */
function textOf(resource: Resource): string {
  return typeof resource.spec === 'string' ? resource.spec : resource.specYaml;
}
