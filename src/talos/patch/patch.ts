/**
 * Patches configs as `talosctl machineconfig patch` does, byte for byte and with the same refusals, and says what such a patch
 * does that nobody meant.
 */
import { IchorError, messageOf } from '../../errors.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { plainDocuments, typedDocuments } from '../documents-text.ts';
import type { Document } from '../documents-text.ts';
import { contextFor, emittable, readDocuments } from '../values/document.ts';
import type { ConfigDocument } from '../values/document.ts';
import type { ReadContext } from '../values/read.ts';
import { dialectOf } from '../yaml/dialect.ts';
import { emit } from '../yaml/emit.ts';
import { parseDocuments } from '../yaml/parse.ts';
import { repeatedElements } from './duplicates.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { JsonOperation } from './json-patch.ts';
import { jsonOfYaml11 } from './json-value.ts';
import { yamlOfJson } from './json-yaml.ts';
import { joinPatches, loadPatch } from './load-patch.ts';
import type { LoadedPatch } from './load-patch.ts';
import { atStage, PatchRefused } from './refusal.ts';
import { mergeDocuments } from './strategic.ts';
import type { PatchedDocument, StrategicContext } from './strategic.ts';

export interface PatchWarning {
  /**
   * `lost`: Talos' rules dropped a value that the patch does not mention; `repeated`: a list now holds the same element twice;
   * `unloadable`: the result is printed, but Talos cannot load it.
   */
  readonly kind: 'lost' | 'repeated' | 'unloadable';
  /** Where in the config: `UserVolumeConfig data.provisioning.minSize`. */
  readonly path: string;
  readonly message: string;
}

export interface PatchOptions {
  /** Keeps disk selectors and sizes that a patch does not mention, instead of losing them as Talos does. */
  readonly keepSelectors?: boolean;
}

export interface PatchedText {
  readonly text: string;
  readonly warnings: readonly PatchWarning[];
}

export interface PatchedDocuments {
  readonly documents: readonly Document[];
  readonly warnings: readonly PatchWarning[];
}

/** `talos` is a version or minor. Patches are texts; a refusal is a `PatchRefused`. */
export function patchConfig(
  text: string,
  patches: readonly string[],
  talos: string,
  options: PatchOptions = {},
): PatchedText {
  const run = new PatchRun(contextFor(talos), options);
  const loaded = run.load(patches);
  let state: State = { kind: 'text', text };
  for (const patch of loaded) state = run.apply(state, patch);
  const result = state.kind === 'text' ? state.text : run.encode(state.documents);
  if (state.kind === 'text' && loaded.length > 0) run.checkLoads(result);
  return { text: result, warnings: run.warnings };
}

/** As `patchConfig`, on structures. */
export function applyPatches(
  documents: readonly Document[],
  patches: readonly string[],
  talos: string | TalosMinor,
  options: PatchOptions = {},
): PatchedDocuments {
  const context = contextFor(talos);
  const run = new PatchRun(context, options);
  let state: State = { kind: 'documents', documents: typedDocuments(documents, context) };
  for (const patch of run.load(patches)) state = run.apply(state, patch);
  const typed = state.kind === 'documents' ? state.documents : run.read(state.text);
  const patched = typed.map((document) => run.leftover(document));
  return { documents: plainDocuments(patched, context), warnings: run.warnings };
}

type State =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'documents'; readonly documents: readonly PatchedDocument[] };

class PatchRun {
  readonly warnings: PatchWarning[] = [];
  readonly #context: StrategicContext;

  constructor(context: ReadContext, options: PatchOptions) {
    const merging = {
      minor: context.minor,
      table: context.table,
      keepsSelectors: options.keepSelectors === true,
      lost: (path: readonly string[]) => this.#warnLost(path.join('.')),
    };
    this.#context = { ...context, merging };
  }

  load(patches: readonly string[]): readonly LoadedPatch[] {
    const named = (index: number): string => (patches.length === 1 ? 'the patch' : `patch ${index + 1}`);
    return joinPatches(
      patches.map((text, index) => atStage('load-patch', named(index), () => loadPatch(text, this.#context))),
    );
  }

  apply(state: State, patch: LoadedPatch): State {
    if (patch.kind === 'json')
      return {
        kind: 'text',
        text: this.#applyJson(state.kind === 'text' ? state.text : this.encode(state.documents), patch.operations),
      };
    const before = state.kind === 'text' ? this.read(state.text) : state.documents;
    const documents = mergeDocuments(before, patch.parts, this.#context);
    this.#warnRepeated(before, documents);
    return { kind: 'documents', documents };
  }

  read(text: string): readonly ConfigDocument[] {
    return atStage('apply', 'the config', () => readDocuments(text, this.#context));
  }

  encode(documents: readonly PatchedDocument[]): string {
    const dialect = dialectOf(this.#context.minor);
    const texts = documents.map((document) => {
      if (document.kind !== 'selector') return emit(emittable(document, this.#context), dialect);
      if (document.name !== '') throw this.#unfoundDelete(document.documentKind);
      this.warnings.push({
        kind: 'unloadable',
        path: document.documentKind,
        message: `the delete of ${document.documentKind} found nothing and leaves an empty document, which Talos cannot load`,
      });
      return '{}\n';
    });
    return texts.join('---\n');
  }

  /** Structures cannot hold the empty document that Talos would leave. */
  leftover(document: PatchedDocument): ConfigDocument {
    if (document.kind !== 'selector') return document;
    throw this.#unfoundDelete(document.documentKind);
  }

  /** JSON patches are not held against the schema by Talos: the result may be one that it cannot load. */
  checkLoads(text: string): void {
    try {
      readDocuments(text, this.#context);
    } catch (error) {
      this.warnings.push({
        kind: 'unloadable',
        path: '',
        message: `Talos cannot load the result: ${messageOf(error)}`,
      });
    }
  }

  #applyJson(text: string, operations: readonly JsonOperation[]): string {
    return atStage('apply', 'the patch', () => {
      const roots = parseDocuments(text, this.#context.minor);
      const [root] = roots;
      if (root === undefined || roots.length !== 1) {
        throw new IchorError('invalid-input', 'a JSON patch cannot be applied to a config of several documents', {
          hint: 'Write the patch as a strategic merge: the part of the config that is to change.',
        });
      }
      return yamlOfJson(applyJsonPatch(jsonOfYaml11(root), operations));
    });
  }

  #unfoundDelete(kind: string): PatchRefused {
    return new PatchRefused(
      'panic',
      `the delete of ${kind} found no such document, which crashes the patcher of Talos ${this.#context.minor}`,
      {
        hint: 'Leave the delete out, or name a document that the config holds.',
      },
    );
  }

  #warnLost(path: string): void {
    this.warnings.push({
      kind: 'lost',
      path,
      message: `Talos' merge rules drop ${path}, because the patch does not repeat it`,
    });
  }

  #warnRepeated(before: readonly PatchedDocument[], after: readonly PatchedDocument[]): void {
    for (const path of repeatedElements(before, after)) {
      this.warnings.push({
        kind: 'repeated',
        path,
        message: `${path} now holds the same element more than once; was the patch applied before?`,
      });
    }
  }
}
