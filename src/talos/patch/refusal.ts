/**
 * Why a patch was refused, and at which stage: the stages of Talos' own patcher.
 */
import { IchorError, messageOf } from '../../errors.ts';

/**
 * `load-patch`: the patch cannot be read; `apply`: it does not fit the config; `encode`: the result cannot be written;
 * `panic`: Talos' own patcher crashes here.
 */
export type PatchStage = 'load-patch' | 'apply' | 'encode' | 'panic';

export class PatchRefused extends IchorError {
  readonly stage: PatchStage;

  constructor(stage: PatchStage, message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super('invalid-input', message, options);
    this.stage = stage;
  }
}

/** Runs a step; what it throws becomes a refusal at the stage, unless it already is one. */
export function atStage<Result>(stage: PatchStage, what: string, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (error instanceof PatchRefused) throw error;
    const hint = error instanceof IchorError ? error.hint : undefined;
    throw new PatchRefused(stage, `${what}: ${messageOf(error)}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
