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
import { composePatch, joinPatches, loadPatch } from './load-patch.ts';
import type { LoadedPatch } from './load-patch.ts';
import type { MergeContext } from './merge-place.ts';
import { QuietTypes } from './quiet-types.ts';
import { atStage, PatchRefused } from './refusal.ts';
import { assembled, mergeDocuments, mergeParts } from './strategic.ts';
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

export interface PatchedConfig {
  readonly documents: readonly ConfigDocument[];
  readonly warnings: readonly PatchWarning[];
}

/**
 * Reads patches once and applies them to many configs of one Talos version, documents in and out as they are held, without a text in
 * between. What a patch does not touch stays the same object.
 */
export interface Patcher {
  readonly context: ReadContext;
  load(text: string): LoadedPatch;
  /** A patch of plain documents and of fragments of the one without kind. */
  compose(fragments: readonly unknown[]): LoadedPatch;
  apply(documents: readonly ConfigDocument[], patch: LoadedPatch): PatchedConfig;
  /** Composed patches one after another, as `apply` does; nothing is said of them. */
  lay(documents: readonly ConfigDocument[], patches: readonly LoadedPatch[]): readonly ConfigDocument[];
}

/** `talos` is a version or minor; a refusal, of any of the three, is a `PatchRefused`. */
export function createPatcher(talos: string, options: PatchOptions = {}): Patcher {
  const context = contextFor(talos);
  const merging = mergingFor(context, options);
  return {
    context,
    load: (text) => loadNamed('the patch', text, context),
    compose: (fragments) => atStage('load-patch', 'the patch', () => composePatch(fragments, context)),
    apply(documents, patch) {
      const run = new PatchRun(context, merging);
      return { documents: run.finish(run.apply({ kind: 'documents', documents }, patch)), warnings: run.warnings };
    },
    lay(documents, patches) {
      const run = new PatchRun(context, merging);
      return run.finish({ kind: 'documents', documents: run.lay(documents, patches) });
    },
  };
}

/** `talos` is a version or minor. Patches are texts; a refusal is a `PatchRefused`. */
export function patchConfig(
  text: string,
  patches: readonly string[],
  talos: string,
  options: PatchOptions = {},
): PatchedText {
  const context = contextFor(talos);
  const run = new PatchRun(context, mergingFor(context, options));
  const loaded = loadAll(patches, context);
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
  const run = new PatchRun(context, mergingFor(context, options));
  let state: State = { kind: 'documents', documents: typedDocuments(documents, context) };
  for (const patch of loadAll(patches, context)) state = run.apply(state, patch);
  return { documents: plainDocuments(run.finish(state), context), warnings: run.warnings };
}

function loadAll(patches: readonly string[], context: ReadContext): readonly LoadedPatch[] {
  const named = (index: number): string => (patches.length === 1 ? 'the patch' : `patch ${index + 1}`);
  return joinPatches(patches.map((text, index) => loadNamed(named(index), text, context)));
}

function loadNamed(name: string, text: string, context: ReadContext): LoadedPatch {
  return atStage('load-patch', name, () => loadPatch(text, context));
}

type Merging = Omit<MergeContext, 'lost'>;

function mergingFor({ minor, table }: ReadContext, options: PatchOptions): Merging {
  return { minor, table, keepsSelectors: options.keepSelectors === true, quiet: new QuietTypes(minor, table) };
}

type State =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'documents'; readonly documents: readonly PatchedDocument[] };

class PatchRun {
  readonly warnings: PatchWarning[] = [];
  readonly #context: StrategicContext;

  constructor(context: ReadContext, merging: Merging) {
    this.#context = { ...context, merging: { ...merging, lost: (path) => this.#warnLost(path.join('.')) } };
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

  lay(documents: readonly ConfigDocument[], patches: readonly LoadedPatch[]): readonly PatchedDocument[] {
    let merged: readonly PatchedDocument[] = documents;
    for (const patch of patches) {
      if (patch.kind === 'json') throw new IchorError('internal', 'operations cannot be laid over documents');
      merged = mergeParts(merged, patch.parts, this.#context);
    }
    return assembled(merged, this.#context);
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
  finish(state: State): readonly ConfigDocument[] {
    const documents = state.kind === 'documents' ? state.documents : this.read(state.text);
    return documents.map((document) => {
      if (document.kind !== 'selector') return document;
      throw this.#unfoundDelete(document.documentKind);
    });
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
