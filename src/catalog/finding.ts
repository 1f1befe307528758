/** A remark of the catalogue on what was asked for. Same shape as the spec's findings, plus where the fact comes from. */

export interface CatalogFinding {
  readonly severity: 'error' | 'warning' | 'notice';
  /** Stable, kebab-case: `extension-renamed`. */
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
  /** A page or file where the fact can be read. */
  readonly source?: string;
}
