/**
 * The written forms of values that many configs of one run hold (the whole cluster section, certificates, a shared patch's documents).
 * Values never change, so a form once made holds for every config that the same object stands in.
 */
import type { TypeShape } from '../documents/tables.ts';
import type { Emittable, EmittableMap } from '../yaml/emit.ts';
import type { GoStruct } from './value.ts';

export class WrittenForms {
  readonly #forms = new Map<GoStruct, { readonly shape: TypeShape; readonly form: Emittable }>();
  #isLearning = false;

  /** Keeps the form of everything that `write` writes: values of one node alone would only fill the memory. */
  learn(write: () => void): void {
    this.#isLearning = true;
    try {
      write();
    } finally {
      this.#isLearning = false;
    }
  }

  formOf(shape: TypeShape, value: GoStruct, write: () => EmittableMap): Emittable {
    const known = this.#forms.get(value);
    // An empty struct may be the same object for several types.
    if (known !== undefined && known.shape === shape) return known.form;
    const form = write();
    if (!this.#isLearning) return form;
    const kept: EmittableMap = { ...form, texts: new Map() };
    this.#forms.set(value, { shape, form: kept });
    return kept;
  }
}
