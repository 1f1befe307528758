/**
 * What a node runs against the image that it is to run, out of the facts of one observation. It takes an upgrade to change it: applying
 * a config does not (requirements S0-64, S1-6).
 */
import { imageDrift, type ImageDrift, type WantedImage } from '../images/drift.ts';
import { parseInstallerImage } from '../images/urls.ts';
import type { NodeDifference } from './plan.ts';
import { valueOf, type NodeObservation } from './observation.ts';

export type NodeImageDrift =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly drift: ImageDrift }
  /** The node runs nothing of ours yet, or did not say what it runs. */
  | { readonly kind: 'unknown'; readonly why: string };

export function nodeImageDrift(observed: NodeObservation, wanted: WantedImage): NodeImageDrift {
  const { reached, facts } = observed;
  if (reached.kind !== 'secure') return { kind: 'unknown', why: `${observed.node} is ${reached.kind}` };
  if (facts.talos.kind === 'unread') return { kind: 'unknown', why: facts.talos.why };
  if (facts.extensions.kind === 'unread') return { kind: 'unknown', why: facts.extensions.why };
  // A node that runs from memory has not installed anything.
  if (valueOf(facts.systemDisk) === null) return { kind: 'unknown', why: `${observed.node} runs from memory` };
  const schematic = valueOf(facts.schematic);
  const hasSchematic = parseInstallerImage(wanted.installer).kind === 'factory';
  const drift = imageDrift(
    {
      talos: facts.talos.value,
      extensions: facts.extensions.value,
      ...(schematic === undefined ? {} : { schematic }),
      ...(namesInstaller(observed) ? { configuredInstaller: wanted.installer } : {}),
    },
    wanted,
  );
  // An installer of one's own is no factory's: only its version can be held against what runs.
  const reasons = drift.reasons.filter(({ kind }) => hasSchematic || kind === 'version');
  return reasons.length === 0
    ? { kind: 'same' }
    : { kind: 'differs', drift: hasSchematic ? drift : { ...drift, reasons } };
}

/** For the plan: shown, not done. */
export function imageDifference(observed: NodeObservation, wanted: WantedImage): NodeDifference | undefined {
  const found = nodeImageDrift(observed, wanted);
  if (found.kind !== 'differs') return undefined;
  return {
    node: observed.node,
    differences: found.drift.reasons.flatMap((reason) =>
      reason.kind === 'config-only'
        ? []
        : [{ document: 'image', path: reason.kind, change: 'changed', from: reason.from, to: reason.to } as const],
    ),
    why: 'it takes an upgrade, which is not part of bring-up; applying the config does not change what runs',
  };
}

/** Whether the running config already asks for the wanted installer. */
function namesInstaller({ facts }: NodeObservation): boolean {
  const config = valueOf(facts.config);
  return (
    config !== undefined && !config.differences.some(({ path }) => /(^|\.)(install|installer)\.?(image)?$/.test(path))
  );
}
