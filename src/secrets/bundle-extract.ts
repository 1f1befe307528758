/**
 * A bundle taken out of what exists: a control plane's machine config (all forms from 1.11 to 1.14, and the `get machineconfig`
 * resource around it), a Kubernetes PKI folder, a Terraform state. Source: talos-3-config.md §3.1, §4.2.
 */
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { IchorError } from '../errors.ts';
import { parsePem } from '../pki/pem.ts';
import type { Random } from '../system.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { encodePem, generateBundle, parseBundle } from './bundle.ts';
import { isRecord } from './yaml-source.ts';

export type Extraction =
  | { readonly kind: 'bundle'; readonly bundle: SecretsBundle }
  | {
      readonly kind: 'partial';
      /** As in the config; undefined when it says none. */
      readonly machineType: string | undefined;
      /** Places of the bundle, for example `certs.os.key`. */
      readonly found: readonly string[];
      readonly missing: readonly string[];
      /** For the person: why, and where the rest is to be had. */
      readonly explanation: string;
    };

/** `file` is for messages. Nothing is invented: what the config does not hold is named. */
export function bundleFromMachineConfig(text: string, file: string): Extraction {
  const documents = readDocuments(text, file);
  const legacy = documents.find((document) => !('kind' in document)) ?? {};
  const machineType = textAt(legacy, 'machine', 'type');
  const found = new Map<string, string>();
  const put = (place: string, value: string | undefined): void => {
    // Talos writes stars in place of secrets when it shows a config to those who may not see them.
    if (value !== undefined && value !== '' && !/^\*+$/.test(value)) found.set(place, value);
  };
  takeLegacy(legacy, put);
  for (const document of documents)
    if (typeof document['kind'] === 'string') takeDocument(document['kind'], document, put);
  const missing = PLACES.filter((place) => !found.has(place));
  if (!found.has('secrets.secretboxencryptionsecret') && !found.has('secrets.aescbcencryptionsecret')) {
    missing.push('secrets.secretboxencryptionsecret');
  }
  if (missing.length === 0) return { kind: 'bundle', bundle: bundleOf(found) };
  return {
    kind: 'partial',
    machineType,
    found: [...found.keys()],
    missing,
    explanation: explain(file, machineType, text),
  };
}

export interface KubernetesPkiOptions {
  /** Undefined when there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  readonly talos: string;
  readonly now: Date;
  readonly random: Random;
  readonly bootstrapToken?: string;
}

/** The authorities and the service-account key of a folder like `/etc/kubernetes/pki`; what Talos needs besides is made new. */
export async function bundleFromKubernetesPki(folder: string, options: KubernetesPkiOptions): Promise<SecretsBundle> {
  const read = async (name: string): Promise<string> => {
    const text = await options.readFile(join(folder, name));
    if (text !== undefined && parsePem(text).length > 0) return encodePem(text);
    const why = text === undefined ? 'does not exist' : 'holds no PEM text';
    throw new IchorError('invalid-input', `${join(folder, name)} ${why}`, {
      hint: 'The folder must hold ca, etcd/ca and front-proxy-ca as .crt and .key, and sa.key, as kubeadm writes them.',
    });
  };
  const pair = async (name: string) => ({ crt: await read(`${name}.crt`), key: await read(`${name}.key`) });
  const certs = {
    k8s: await pair('ca'),
    etcd: await pair('etcd/ca'),
    k8saggregator: await pair('front-proxy-ca'),
    k8sserviceaccount: { key: await read('sa.key') },
  };
  return generateBundle({ ...options, certs });
}

/**
 * The `machine_secrets` of the Talos provider's `talos_machine_secrets` resource, as JSON or YAML: the same values under other
 * names (`bootstrap_token`, `k8s_aggregator`, `cert` for `crt`).
 */
export function bundleFromTerraform(text: string, file: string): SecretsBundle {
  const [document] = parseAllDocuments(text);
  const value: unknown = document !== undefined && 'toJS' in document ? document.toJS() : undefined;
  const secrets = findMachineSecrets(value);
  if (secrets === undefined) {
    throw new IchorError('invalid-input', `${file} holds no machine_secrets of the Talos provider`, {
      hint: 'Give the output of: terraform show -json, or terraform output -json of machine_secrets.',
    });
  }
  const renamed = (from: unknown, names: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(isRecord(from) ? from : {}).flatMap(([key, child]) =>
        child === null ? [] : [[names[key] ?? key, child]],
      ),
    );
  const certs = Object.entries(
    renamed(secrets['certs'], { k8s_aggregator: 'k8saggregator', k8s_serviceaccount: 'k8sserviceaccount' }),
  );
  const bundle = {
    cluster: secrets['cluster'],
    secrets: renamed(secrets['secrets'], {
      bootstrap_token: 'bootstraptoken',
      secretbox_encryption_secret: 'secretboxencryptionsecret',
      aescbc_encryption_secret: 'aescbcencryptionsecret',
    }),
    trustdinfo: secrets['trustdinfo'],
    certs: Object.fromEntries(certs.map(([name, pair]) => [name, renamed(pair, { cert: 'crt' })])),
  };
  // JSON is YAML: the one reader of bundles checks shape and keys.
  return parseBundle(JSON.stringify(bundle), file);
}

const PLACES = [
  'cluster.id',
  'cluster.secret',
  'secrets.bootstraptoken',
  'trustdinfo.token',
  'certs.etcd.crt',
  'certs.etcd.key',
  'certs.k8s.crt',
  'certs.k8s.key',
  'certs.k8saggregator.crt',
  'certs.k8saggregator.key',
  'certs.k8sserviceaccount.key',
  'certs.os.crt',
  'certs.os.key',
];

type Put = (place: string, value: string | undefined) => void;
type Document = Readonly<Record<string, unknown>>;

function readDocuments(text: string, file: string): readonly Document[] {
  const documents: Document[] = [];
  for (const document of parseAllDocuments(text)) {
    if (!('toJS' in document)) continue;
    if (document.errors.length > 0) throw new IchorError('invalid-input', `${file} is not YAML that can be read here`);
    const value: unknown = document.toJS();
    if (!isRecord(value)) continue;
    // `talosctl get machineconfig -o yaml` wraps the config as text in a resource.
    const { spec } = value;
    if (isRecord(value['metadata']) && typeof spec === 'string') documents.push(...readDocuments(spec, file));
    else documents.push(value);
  }
  if (documents.length === 0) throw new IchorError('invalid-input', `${file} holds no machine config`);
  return documents;
}

function takeLegacy(config: Document, put: Put): void {
  put('trustdinfo.token', textAt(config, 'machine', 'token'));
  put('certs.os.crt', textAt(config, 'machine', 'ca', 'crt'));
  put('certs.os.key', textAt(config, 'machine', 'ca', 'key'));
  put('cluster.id', textAt(config, 'cluster', 'id'));
  put('cluster.secret', textAt(config, 'cluster', 'secret'));
  put('secrets.bootstraptoken', textAt(config, 'cluster', 'token'));
  put('secrets.secretboxencryptionsecret', textAt(config, 'cluster', 'secretboxEncryptionSecret'));
  put('secrets.aescbcencryptionsecret', textAt(config, 'cluster', 'aescbcEncryptionSecret'));
  put('certs.k8s.crt', textAt(config, 'cluster', 'ca', 'crt'));
  put('certs.k8s.key', textAt(config, 'cluster', 'ca', 'key'));
  put('certs.k8saggregator.crt', textAt(config, 'cluster', 'aggregatorCA', 'crt'));
  put('certs.k8saggregator.key', textAt(config, 'cluster', 'aggregatorCA', 'key'));
  put('certs.k8sserviceaccount.key', textAt(config, 'cluster', 'serviceAccount', 'key'));
  put('certs.etcd.crt', textAt(config, 'cluster', 'etcd', 'ca', 'crt'));
  put('certs.etcd.key', textAt(config, 'cluster', 'etcd', 'ca', 'key'));
}

/** The documents of 1.14 hold PEM as text where the old form holds base64. */
function takeDocument(kind: string, document: Document, put: Put): void {
  const pem = (...path: string[]): string | undefined => {
    const text = textAt(document, ...path);
    return text === undefined || !text.includes('-----BEGIN') ? undefined : encodePem(text);
  };
  switch (kind) {
    case 'DiscoveryIdentityConfig':
      put('cluster.id', textAt(document, 'clusterID'));
      put('cluster.secret', textAt(document, 'clusterSecret'));
      break;
    case 'KubeAPIServerCAConfig':
      put('certs.k8s.crt', pem('issuingCA', 'cert') ?? firstAccepted(document));
      put('certs.k8s.key', pem('issuingCA', 'key'));
      break;
    case 'KubeAggregatorCAConfig':
      put('certs.k8saggregator.crt', pem('issuingCA', 'cert'));
      put('certs.k8saggregator.key', pem('issuingCA', 'key'));
      break;
    case 'KubeServiceAccountConfig':
      put('certs.k8sserviceaccount.key', pem('issuer', 'privateKey'));
      break;
    case 'KubeEtcdEncryptionConfig':
      takeEncryption(document, put);
      break;
  }
}

function firstAccepted(document: Document): string | undefined {
  const [first]: readonly unknown[] = Array.isArray(document['acceptedCAs']) ? document['acceptedCAs'] : [];
  return typeof first === 'string' ? encodePem(first) : undefined;
}

/** The first key of the first provider of the first resource that covers Secrets, as talosctl 1.14 takes it. */
function takeEncryption(document: Document, put: Put): void {
  const config = document['config'];
  const resources = listAt(isRecord(config) ? config['resources'] : undefined);
  const covering = resources.find(
    (resource) => Array.isArray(resource['resources']) && resource['resources'].includes('secrets'),
  );
  const provider = listAt(covering?.['providers'])[0] ?? {};
  for (const kind of ['secretbox', 'aescbc'] as const) {
    const keys = provider[kind];
    const [key] = listAt(isRecord(keys) ? keys['keys'] : undefined);
    if (key !== undefined) put(`secrets.${kind}encryptionsecret`, textAt(key, 'secret'));
  }
}

function bundleOf(found: ReadonlyMap<string, string>): SecretsBundle {
  const at = (place: string): string => found.get(place) ?? '';
  const pair = (name: string) => ({ crt: at(`certs.${name}.crt`), key: at(`certs.${name}.key`) });
  const secretbox = found.get('secrets.secretboxencryptionsecret');
  const aescbc = found.get('secrets.aescbcencryptionsecret');
  return {
    cluster: { id: at('cluster.id'), secret: at('cluster.secret') },
    secrets: {
      bootstraptoken: at('secrets.bootstraptoken'),
      ...(secretbox === undefined ? {} : { secretboxencryptionsecret: secretbox }),
      ...(aescbc === undefined ? {} : { aescbcencryptionsecret: aescbc }),
    },
    trustdinfo: { token: at('trustdinfo.token') },
    certs: {
      etcd: pair('etcd'),
      k8s: pair('k8s'),
      k8saggregator: pair('k8saggregator'),
      k8sserviceaccount: { key: at('certs.k8sserviceaccount.key') },
      os: pair('os'),
    },
  };
}

function explain(file: string, machineType: string | undefined, text: string): string {
  if (machineType === 'worker') {
    return `${file} is a worker's config. A worker knows the tokens and the certificates of the authorities, but no private key of any: those are on control planes only. Take a control plane's config, or a backup of the bundle.`;
  }
  if (/\*{6}/.test(text)) {
    return `${file} was written with its secrets starred out. Read the config with a certificate of the role os:admin.`;
  }
  if (machineType === undefined) return `${file} has no machine.type: it is a part of a config, not a whole one.`;
  return `${file} is the config of a ${machineType} machine, but parts of the bundle are not in it. Take them from another control plane or a backup.`;
}

function findMachineSecrets(value: unknown): Document | undefined {
  if (Array.isArray(value)) return value.map(findMachineSecrets).find((found) => found !== undefined);
  if (!isRecord(value)) return undefined;
  if (isRecord(value['certs']) && isRecord(value['trustdinfo'])) return value;
  return Object.values(value)
    .map(findMachineSecrets)
    .find((found) => found !== undefined);
}

function textAt(value: unknown, ...path: string[]): string | undefined {
  let current = value;
  for (const key of path) current = isRecord(current) ? current[key] : undefined;
  return typeof current === 'string' ? current : undefined;
}

function listAt(value: unknown): readonly Document[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
