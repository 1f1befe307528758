/** The form of one COSI resource as a simulated node shows it, before it gets a version and times. */
import type { MachineView } from '../view.ts';
import type { Run } from '../state.ts';

export interface ResourceDraft {
  readonly id: string;
  /** A string is written as it is: MachineTypes, and MachineConfigs of 1.11. */
  readonly spec: unknown;
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How the spec reads in YAML where that is not its plain form. */
  readonly yaml?: string;
  readonly proto?: Uint8Array;
}

/** All resources of one type. Undefined fields of a spec are left out. */
export type Projection = (view: RunningView) => readonly ResourceDraft[];

/** A view of a machine that runs. */
export interface RunningView extends MachineView {
  readonly run: Run;
}

export function isRunningView(view: MachineView): view is RunningView {
  return view.run !== undefined;
}

export function one(id: string, owner: string, spec: unknown): readonly ResourceDraft[] {
  return [{ id, owner, spec }];
}
