/** Which nodes this run has taken away and not yet seen back: a node counts until the last of its steps has an outcome. */
import type { Step } from './step.ts';

export class DisruptionLog {
  readonly #open: Map<string, number>;
  readonly #begun = new Map<string, Step>();

  constructor(steps: readonly Step[]) {
    this.#open = new Map();
    for (const step of steps) {
      if (step.node !== undefined) this.#open.set(step.node, (this.#open.get(step.node) ?? 0) + 1);
    }
  }

  begin(step: Step): void {
    if (step.node !== undefined) this.#begun.set(step.node, step);
  }

  settle(step: Step): void {
    if (step.node === undefined) return;
    const left = (this.#open.get(step.node) ?? 1) - 1;
    this.#open.set(step.node, left);
    if (left === 0) this.#begun.delete(step.node);
  }

  inProgress(): readonly Step[] {
    return [...this.#begun.values()];
  }
}
