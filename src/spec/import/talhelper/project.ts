/**
 * A talhelper project as talhelper itself reads it: variables put in, files looked up, each node with what its group says for it
 * (`pkg/config/loader.go`, `nodeconfigs.go`). What talhelper would ignore or refuse is noted.
 */
import { IchorError } from '../../../errors.ts';
import { isRecord } from '../../patch-facts.ts';
import type { ImportNote } from '../note.ts';
import { asText, plainDocuments, recordList, textList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import { FORMER_KEYS, KEYS } from './keys.ts';
import { parseVariables, substitute, withoutComments } from './substitute.ts';
import type { Variables } from './substitute.ts';

export interface ProjectFile {
  readonly text: string;
  /** It was decrypted: its values must not be written out unnoticed. */
  readonly isSecret: boolean;
}

export interface ProjectSource {
  /** The name of `talconfig.yaml`, for messages. */
  readonly file: string;
  /** The text of a file beside it, decrypted; undefined when there is none. */
  readonly read: (path: string) => Promise<ProjectFile | undefined>;
  /** Whether there is such a file, without opening it. */
  readonly has: (path: string) => Promise<boolean>;
  /** The process' environment, which talhelper reads too; `talenv` files win. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Its text with variables put in, and what it was made of. */
export interface PatchSource {
  readonly text: string;
  /** `@path` as it was written, when the file can be used as it stands. */
  readonly reference?: string;
  readonly place: string;
}

export interface ProjectNode {
  readonly index: number;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly isControlPlane: boolean;
  /** The node's own keys over those of its group. */
  readonly values: PlainMap;
  readonly groupPatches: readonly PatchSource[];
  readonly patches: readonly PatchSource[];
  readonly extraManifests: readonly PatchSource[];
}

export interface Project {
  readonly file: string;
  readonly values: PlainMap;
  readonly talos: string;
  readonly kubernetes: string;
  readonly nodes: readonly ProjectNode[];
  readonly patches: readonly PatchSource[];
  /** The secrets file that talhelper would take. */
  readonly secrets: string | undefined;
  readonly notes: readonly ImportNote[];
}

/** What talhelper 3.1.16 takes when no version is written. */
const DEFAULT_TALOS = 'v1.13.8';
const ENV_FILES = ['talenv.yaml', 'talenv.sops.yaml', 'talenv.yml', 'talenv.sops.yml'];
const SECRET_FILES = ['talsecret.yaml', 'talsecret.sops.yaml', 'talsecret.yml', 'talsecret.sops.yml'];

export async function readProject(source: ProjectSource): Promise<Project> {
  const reading = await ProjectReading.open(source);
  const root = await reading.root();
  reading.unknownKeys(root, '', KEYS.cluster);
  const groups = { controlPlane: recordOf(root['controlPlane']), worker: recordOf(root['worker']) };
  for (const [name, group] of Object.entries(groups)) reading.unknownKeys(group, name, KEYS.group);
  const nodes: ProjectNode[] = [];
  for (const [index, node] of recordList(root['nodes']).entries()) {
    const isControlPlane = node['controlPlane'] === true;
    const name = isControlPlane ? 'controlPlane' : 'worker';
    nodes.push(await reading.node({ node, index, group: groups[name], groupName: name }));
  }
  if (nodes.length === 0)
    throw new IchorError('invalid-input', `${source.file} has no nodes`, { hint: 'talhelper needs `nodes:` too.' });
  const patches = await reading.patches(root['patches'], 'patches');
  const manifests = await reading.contents(root['inlineManifests'], 'inlineManifests', 'contents');
  const secrets = await reading.secretsFile();
  reading.finish();
  const kubernetes = requiredText(root, 'kubernetesVersion', source.file);
  return {
    file: source.file,
    values: { ...root, inlineManifests: manifests },
    talos: withV(asText(root['talosVersion']) ?? DEFAULT_TALOS),
    kubernetes: withV(kubernetes),
    nodes,
    patches,
    secrets,
    notes: reading.notes,
  };
}

export function requiredText(map: PlainMap, key: string, file: string): string {
  const text = asText(map[key]);
  if (text !== undefined && text !== '') return text;
  throw new IchorError('invalid-input', `${file} has no \`${key}\``, {
    hint: 'talhelper refuses such a file as well.',
  });
}

function recordOf(value: unknown): PlainMap {
  return isRecord(value) ? value : {};
}

function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}

interface NodeInGroup {
  readonly node: PlainMap;
  readonly index: number;
  readonly group: PlainMap;
  readonly groupName: string;
}

class ProjectReading {
  readonly notes: ImportNote[] = [];
  readonly #source: ProjectSource;
  readonly #variables: Variables;
  readonly #secretNames: ReadonlySet<string>;
  readonly #missing = new Map<string, string>();

  constructor(source: ProjectSource, variables: Variables, secretNames: ReadonlySet<string>) {
    this.#source = source;
    this.#variables = variables;
    this.#secretNames = secretNames;
  }

  static async open(source: ProjectSource): Promise<ProjectReading> {
    const variables = new Map<string, string>();
    const secretNames = new Set<string>();
    for (const [name, value] of Object.entries(source.env)) if (value !== undefined) variables.set(name, value);
    for (const file of ENV_FILES) {
      const found = await source.read(file);
      for (const [name, value] of parseVariables(found?.text ?? '')) {
        variables.set(name, value);
        if (found?.isSecret === true) secretNames.add(name);
      }
    }
    return new ProjectReading(source, variables, secretNames);
  }

  async root(): Promise<PlainMap> {
    const { file } = this.#source;
    const found = await this.#source.read(baseName(file));
    if (found === undefined) throw new IchorError('not-found', `there is no ${file}`);
    const text = this.substituted(withoutComments(found.text, file), file);
    const [root] = plainDocuments(text);
    if (!isRecord(root)) throw new IchorError('invalid-input', `${file} is no talhelper file: expected a map of keys`);
    return root;
  }

  async node({ node, index, group, groupName }: NodeInGroup): Promise<ProjectNode> {
    const place = `nodes[${index}]`;
    this.unknownKeys(node, place, KEYS.node);
    // A node that overrides by nothing at all still takes what its group says (`mergeNodeConfigs`).
    const inherits = (flag: string, key: string): boolean =>
      node[flag] !== true || node[key] === undefined || node[key] === null;
    const own = Object.fromEntries(Object.entries(node).filter(([, value]) => !isZero(value)));
    const certSANs = [
      ...textList(node['certSANs']),
      ...(inherits('overrideMachineCertSANs', 'certSANs') ? textList(group['certSANs']) : []),
    ];
    const manifests = [
      ...textList(node['extraManifests']),
      ...(inherits('overrideExtraManifests', 'extraManifests') ? textList(group['extraManifests']) : []),
    ];
    const machineFiles = await this.contents(
      own['machineFiles'] ?? group['machineFiles'],
      `${place}.machineFiles`,
      'content',
    );
    return {
      index,
      hostname: requiredText(node, 'hostname', `${this.#source.file}, ${place},`),
      addresses: (asText(node['ipAddress']) ?? '').split(',').map((text) => text.trim()),
      isControlPlane: node['controlPlane'] === true,
      values: { ...group, ...own, certSANs, machineFiles },
      groupPatches: inherits('overridePatches', 'patches')
        ? await this.patches(group['patches'], `${groupName}.patches`)
        : [],
      patches: await this.patches(node['patches'], `${place}.patches`),
      extraManifests: await this.patches(manifests.map(asReference), `${place}.extraManifests`),
    };
  }

  async patches(list: unknown, place: string): Promise<readonly PatchSource[]> {
    const found: PatchSource[] = [];
    for (const [index, written] of textList(list).entries()) {
      const here = `${place}[${index}]`;
      const patch = written.startsWith('@')
        ? await this.#patchFile(written.slice(1).trim(), here)
        : await this.#inlinePatch(written, here);
      if (this.#isPatch(patch, here)) found.push(patch);
    }
    return found;
  }

  /** Entries of which one field may be `@file`. */
  async contents(list: unknown, place: string, field: string): Promise<readonly PlainMap[]> {
    const entries: PlainMap[] = [];
    for (const [index, entry] of recordList(list).entries()) {
      const { skipEnvsubst, ...rest } = entry;
      const written = asText(entry[field]);
      if (written?.startsWith('@') !== true) {
        entries.push(rest);
        continue;
      }
      const path = written.slice(1).trim();
      const here = `${place}[${index}].${field}`;
      const file = await this.#need(path, here);
      const text = skipEnvsubst === true ? file.text : this.substituted(withoutComments(file.text, path), here);
      if (file.isSecret) this.#noteSecret(here, path);
      entries.push({ ...rest, [field]: text });
    }
    return entries;
  }

  /** talhelper looks through the whole list and keeps the last that exists. */
  async secretsFile(): Promise<string | undefined> {
    let last: string | undefined;
    for (const file of SECRET_FILES) if (await this.#source.has(file)) last = file;
    return last;
  }

  unknownKeys(map: PlainMap, place: string, known: readonly string[]): void {
    for (const key of Object.keys(map)) {
      if (known.includes(key)) continue;
      const path = place === '' ? key : `${place}.${key}`;
      this.notes.push({
        kind: 'lost',
        place: `${this.#source.file}: ${path}`,
        what: `\`${key}\``,
        reason: `talhelper does not know this key and ignores it${FORMER_KEYS[key] === undefined ? '' : `: ${FORMER_KEYS[key]}`}`,
      });
    }
  }

  substituted(text: string, place: string): string {
    const result = substitute(text, this.#variables);
    for (const name of result.missing) this.#missing.set(name, place);
    for (const name of result.used) if (this.#secretNames.has(name)) this.#noteSecret(place, `variable ${name}`);
    return result.text;
  }

  /** All variables without a value at once. */
  finish(): void {
    if (this.#missing.size === 0) return;
    const names = [...this.#missing].map(([name, place]) => `${name} (${place})`).join(', ');
    throw new IchorError('invalid-input', `these variables have no value: ${names}`, {
      hint: 'talhelper takes them from talenv.yaml or the environment; set them there, then import again.',
    });
  }

  /** A patch that holds nothing, or only words, changes nothing. */
  #isPatch({ text }: PatchSource, place: string): boolean {
    if (text.includes('{{')) return true;
    const documents = plainDocuments(text);
    if (documents.length === 0) return false;
    if (documents.some((value) => typeof value === 'object')) return true;
    this.notes.push({
      kind: 'lost',
      place: `${this.#source.file}: ${place}`,
      what: JSON.stringify(text.slice(0, 60)),
      reason: 'it is neither a patch nor the name of a file that exists',
    });
    return false;
  }

  /** Talos' own loader takes a path without @ as well; then nothing is put into the file's text. */
  async #inlinePatch(written: string, place: string): Promise<PatchSource> {
    const isPath = /^[^\s:{}[\]]+$/.test(written.trim());
    const file = isPath ? await this.#source.read(written.trim()) : undefined;
    if (file === undefined) return { text: closedBlock(written), place: `${this.#source.file}: ${place}` };
    if (file.isSecret) this.#noteSecret(place, written.trim());
    return { text: file.text, place: written.trim(), ...(!file.isSecret && { reference: `@${written.trim()}` }) };
  }

  async #patchFile(path: string, place: string): Promise<PatchSource> {
    const file = await this.#need(path, place);
    const text = file.text.includes('$') ? this.substituted(withoutComments(file.text, path), path) : file.text;
    if (file.isSecret) this.#noteSecret(place, path);
    const closed = closedBlock(text);
    const asItStands =
      !text.includes('{{') && !file.isSecret && (closed === file.text || sameValues(closed, file.text));
    return { text: asItStands ? file.text : closed, place: path, ...(asItStands && { reference: `@${path}` }) };
  }

  async #need(path: string, place: string): Promise<ProjectFile> {
    const file = await this.#source.read(path);
    if (file !== undefined) return file;
    throw new IchorError(
      'not-found',
      `${path}, which ${place} of ${this.#source.file} names, cannot be read: there is no such file`,
    );
  }

  #noteSecret(place: string, what: string): void {
    const note: ImportNote = {
      kind: 'secret',
      place,
      what,
      reason: 'it comes from an encrypted file and would stand in the cluster file in the clear',
    };
    if (!this.notes.some((other) => other.place === place && other.what === what)) this.notes.push(note);
  }
}

/**
 * A block scalar that ends with the text, without a line break, has none in its value (YAML 1.2 §8.1.1.2); said explicitly, since more
 * text may come to stand behind it.
 */
function closedBlock(text: string): string {
  if (text === '' || text.endsWith('\n')) return text;
  const lines = text.split('\n');
  const indent = (line: string): number =>
    line.trim() === '' ? Number.POSITIVE_INFINITY : line.length - line.trimStart().length;
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    const column = line.length - line.replace(/^[\s-]*/, '').length;
    if (/:\s+[|>]\d?\s*$/.test(line) && column < lowest) lines[index] = line.replace(/([|>]\d?)\s*$/, '$1-');
    lowest = Math.min(lowest, indent(line));
    if (lines[index] !== line || lowest === 0) break;
  }
  return `${lines.join('\n')}\n`;
}

/** Go's zero values: a node that says nothing takes what its group says. */
function isZero(value: unknown): boolean {
  return value === null || value === undefined || value === '' || value === false || value === 0;
}

function asReference(path: string): string {
  return path.startsWith('@') ? path : `@${path}`;
}

function sameValues(left: string, right: string): boolean {
  return JSON.stringify(plainDocuments(left), bigAsText) === JSON.stringify(plainDocuments(right), bigAsText);
}

function bigAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
