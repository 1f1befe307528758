/** What an import has to tell: nothing of the old files is left out or changed in silence. */

export interface ImportNote {
  /**
   * `lost`: it is not in the cluster file; `changed`: it is said in another way that means something else; `secret`: a value out of an
   * encrypted file now stands in the clear; `check`: carried over, but to be looked at.
   */
  readonly kind: 'lost' | 'changed' | 'secret' | 'check';
  /** `talconfig.yaml: nodes[0].ignoreHostname` */
  readonly place: string;
  readonly what: string;
  readonly reason: string;
}
