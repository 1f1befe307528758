/** What is wrong or remarkable in a config text: in which document, where, and why. */

export interface ConfigFinding {
  readonly severity: 'error' | 'warning' | 'notice';
  /** Undefined when it is about the whole text. */
  readonly document: DocumentIdentity | undefined;
  /** Keys and indexes from the document's root; empty when it is about the document. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
  /** Of the value, or of the nearest thing above it that is there. Both count from 1. */
  readonly position: TextPosition | undefined;
}

export interface DocumentIdentity {
  /** `v1alpha1` for the document without kind. */
  readonly kind: string;
  /** Empty for kinds without names. */
  readonly name: string;
}

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** `machine.network.interfaces[0].mtu` */
export function pathText(path: readonly (string | number)[]): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(step)) out += out === '' ? step : `.${step}`;
    else out += `[${JSON.stringify(step)}]`;
  }
  return out;
}
