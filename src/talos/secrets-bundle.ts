/**
 * The shape of a cluster's secrets bundle in memory: exactly the keys of the file that `talosctl gen secrets` writes
 * (talos-3-config.md §3.1). Reading, writing, checking and encrypting such files belongs to `src/secrets/`.
 */

/** Both are PEM texts in standard base64 on one line, as they stand in the file. */
export interface BundleCertificate {
  readonly crt: string;
  readonly key: string;
}

export interface BundleKey {
  readonly key: string;
}

export interface SecretsBundle {
  readonly cluster: { readonly id: string; readonly secret: string };
  readonly secrets: {
    readonly bootstraptoken: string;
    /** A fresh bundle holds exactly one of the two; which one depends on the contract it was made for. */
    readonly secretboxencryptionsecret?: string;
    readonly aescbcencryptionsecret?: string;
  };
  readonly trustdinfo: { readonly token: string };
  readonly certs: {
    readonly etcd: BundleCertificate;
    readonly k8s: BundleCertificate;
    readonly k8saggregator: BundleCertificate;
    readonly k8sserviceaccount: BundleKey;
    readonly os: BundleCertificate;
  };
}
