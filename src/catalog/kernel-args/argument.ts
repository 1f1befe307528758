/** What the catalogue says of one kernel argument. */

export interface KernelArgument {
  /** Without value: `talos.config`. */
  readonly key: string;
  readonly meaning: string;
  /** What holds without it. */
  readonly default?: string;
  readonly since?: string;
  readonly until?: string;
  /** Machined does not boot without it, or with another value. */
  readonly isEnforced?: boolean;
  readonly note?: string;
  readonly source: string;
}
