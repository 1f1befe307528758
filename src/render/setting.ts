/**
 * A setting: what one part of the spec asks of the machine config, as the Talos documents or v1alpha1 fragments that say it for the
 * node's version. Settings are merged into the generated config like patches, before the person's own.
 */

/** A plain Talos document (`apiVersion`, `kind`, …) or a fragment of the legacy one (`machine`, `cluster`). Key order is kept. */
export type Fragment = Readonly<Record<string, unknown>>;

export interface Setting {
  /** Where in the spec it comes from, keys from the root: `['nodes', 'cp-1', 'address']`. */
  readonly from: readonly string[];
  readonly fragments: readonly Fragment[];
  /** Of this node alone (its name, its address): not worth looking up among those of other nodes. */
  readonly isOwn?: true;
}

export function talosDocument(kind: string, body: Fragment): Fragment {
  return { apiVersion: 'v1alpha1', kind, ...body };
}

/** Leaves out keys without a value, so that optional parts can be written inline. */
export function compact(fragment: Fragment): Fragment {
  return Object.fromEntries(Object.entries(fragment).filter(([, value]) => value !== undefined));
}
