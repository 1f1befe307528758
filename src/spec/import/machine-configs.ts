/**
 * Machine configs as files hold them: `talosctl gen config` folders, one config a node, and what `talosctl get machineconfig -o yaml` prints
 * (the config as text in a resource). Every document is kept. Patch files beside them are told apart by what they hold.
 */
import { documentOf } from '../../talos/documents-text.ts';
import type { Document, PlainObject, PlainValue } from '../../talos/documents-text.ts';
import { isRecord, valueAt } from '../patch-facts.ts';
import { asText, plainDocuments } from './plain-yaml.ts';
import type { PlainMap } from './plain-yaml.ts';

export interface ConfigFile {
  /** Name without folder. */
  readonly file: string;
  readonly text: string;
}

export interface MachineConfig {
  readonly file: string;
  readonly role: 'controlplane' | 'worker';
  /** Of the config itself, else of the resource's node. */
  readonly hostname?: string;
  /** The node that a resource was read from. */
  readonly address?: string;
  readonly documents: readonly Document[];
}

export interface SortedFiles {
  readonly configs: readonly MachineConfig[];
  /** Files that hold parts of configs. */
  readonly patches: readonly ConfigFile[];
  readonly others: readonly string[];
}

export function sortFiles(files: readonly ConfigFile[]): SortedFiles {
  const configs: MachineConfig[] = [];
  const patches: ConfigFile[] = [];
  const others: string[] = [];
  for (const file of files) {
    const found = configsIn(file);
    configs.push(...found);
    if (found.length > 0) continue;
    if (isPatch(file.text)) patches.push(file);
    else others.push(file.file);
  }
  return { configs, patches, others };
}

/** A file may hold one config, or a stream of resources of several nodes. */
function configsIn({ file, text }: ConfigFile): readonly MachineConfig[] {
  const documents = recordsIn(text);
  const resources = documents.filter(isResource);
  if (resources.length === 0) return configOf(file, documents, undefined);
  const seen = new Set<string>();
  return resources.flatMap((resource) => {
    const address = asText(resource['node']);
    // `v1alpha1` is what runs; `persistent` is the same once more.
    if (seen.has(address ?? '')) return [];
    seen.add(address ?? '');
    const { spec } = resource;
    const inner = typeof spec === 'string' ? recordsIn(spec) : isRecord(spec) ? [spec] : [];
    return configOf(file, inner, address);
  });
}

function recordsIn(text: string): readonly PlainMap[] {
  return plainDocuments(text).filter(isRecord);
}

function isResource(document: PlainMap): boolean {
  return (
    String(valueAt(document, 'metadata', 'type') ?? '').startsWith('MachineConfigs.config.talos.dev') &&
    document['spec'] !== undefined
  );
}

function configOf(file: string, documents: readonly PlainMap[], address: string | undefined): readonly MachineConfig[] {
  const type = documents.map((document) => valueAt(document, 'machine', 'type')).find((value) => value !== undefined);
  if (type === undefined) return [];
  const hostname = documents
    .map((document) =>
      asText(
        document['kind'] === 'HostnameConfig'
          ? document['hostname']
          : valueAt(document, 'machine', 'network', 'hostname'),
      ),
    )
    .find((name) => name !== undefined);
  return [
    {
      file,
      role: type === 'worker' || type === 'join' ? 'worker' : 'controlplane',
      ...(hostname !== undefined && { hostname }),
      ...(address !== undefined && { address }),
      documents: documents.map((document) => documentOf(plainObject(document))),
    },
  ];
}

function isPatch(text: string): boolean {
  return plainDocuments(text).some(
    (document) =>
      (isRecord(document) && ('machine' in document || 'cluster' in document || 'kind' in document)) ||
      isOperations(document),
  );
}

function isOperations(document: unknown): boolean {
  return (
    Array.isArray(document) &&
    document.length > 0 &&
    document.every((item) => isRecord(item) && 'op' in item && 'path' in item)
  );
}

function plainObject(map: PlainMap): PlainObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue(value: unknown): PlainValue {
  if (Array.isArray(value)) return value.map(plainValue);
  if (isRecord(value)) return plainObject(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return value;
  return null;
}
