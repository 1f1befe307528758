/**
 * Renders the nodes of one cluster one after another: what several of them have in common (Talos' generated config, patches, written
 * parts) is made once and kept for the life of the renderer. Each node's config is the same as if it were rendered alone.
 */
import { IchorError, messageOf } from '../errors.ts';
import type { Cluster, NodeSpec } from '../spec/model.ts';
import type { ResolvedFeature } from '../spec/node-features.ts';
import { plainDocuments, typedDocuments, type Document } from '../talos/documents-text.ts';
import { documentsFor } from '../talos/generate/generate.ts';
import type { LoadedPatch } from '../talos/patch/load-patch.ts';
import { createPatcher, type Patcher } from '../talos/patch/patch.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { encodeTyped, type ConfigDocument } from '../talos/values/document.ts';
import { WrittenForms } from '../talos/values/written-forms.ts';
import { generateInput, settingsOf, type PatchLayer } from './layers.ts';
import type { Setting } from './setting.ts';
import type { NodeImage } from './settings/hardware.ts';

export interface RenderedNode {
  readonly node: string;
  readonly talos: string;
  /** All documents in Talos' own canonical form. Holds the cluster's secrets. */
  readonly config: string;
  readonly documents: readonly Document[];
  readonly warnings: readonly string[];
}

export interface RendererInput {
  readonly cluster: Cluster;
  readonly bundle: SecretsBundle;
  /** All of the cluster's features, with secrets or samples in place of references. */
  readonly features: readonly ResolvedFeature[];
}

export interface Renderer {
  render(node: NodeSpec, image: NodeImage): RenderedNode;
}

export function createRenderer(input: RendererInput): Renderer {
  const perTalos = new Map<string, TalosRenderer>();
  return {
    render(node, image) {
      let renderer = perTalos.get(node.talos);
      if (renderer === undefined) {
        renderer = new TalosRenderer(input, node.talos);
        perTalos.set(node.talos, renderer);
      }
      return renderer.render(node, image);
    },
  };
}

/** Fragments that only one node has would pile up: beyond this many the memory starts anew. */
const MOST_FRAGMENTS = 512;

/** The nodes of one Talos version. */
class TalosRenderer {
  readonly #input: RendererInput;
  readonly #patcher: Patcher;
  readonly #forms = new WrittenForms();
  readonly #bases = new Map<string, readonly ConfigDocument[]>();
  readonly #patches = new Map<string, LoadedPatch>();
  readonly #fragments = new Map<string, LoadedPatch>();

  constructor(input: RendererInput, talos: string) {
    this.#input = input;
    // The spec's own layers must not lose what they do not repeat (talos-3-config.md §5.2): `keepSelectors`.
    this.#patcher = createPatcher(talos, { keepSelectors: true });
  }

  render(node: NodeSpec, image: NodeImage): RenderedNode {
    const patcher = this.#patcher;
    const { context } = patcher;
    const settings = settingsOf({ ...this.#input, node, image }, context.minor);
    let typed = patcher.lay(
      this.#base(node),
      settings.map((setting) => this.#composed(setting)),
    );
    const warnings: string[] = [];
    for (const patch of node.patches) {
      const patched = atPatch(patch, node, () => patcher.apply(typed, this.#loaded(patch.text)));
      typed = patched.documents;
      warnings.push(...patched.warnings.map(({ message }) => placed(patch, message)));
    }
    const all = typed;
    return {
      node: node.name,
      talos: node.talos,
      config: encodeTyped(all, { ...context, forms: this.#forms }),
      // Most callers want the text alone.
      get documents() {
        return plainDocuments(all, context);
      },
      warnings,
    };
  }

  #base(node: NodeSpec): readonly ConfigDocument[] {
    const { cluster, bundle } = this.#input;
    const request = generateInput(cluster, node, bundle);
    const key = JSON.stringify([node.role, request.kubernetes, request.options]);
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    const { context } = this.#patcher;
    const base = typedDocuments(documentsFor(request, node.role), context);
    this.#learn(base);
    this.#bases.set(key, base);
    return base;
  }

  /** One of the person's patches: the same text reaches many nodes. */
  #loaded(text: string): LoadedPatch {
    const known = this.#patches.get(text);
    if (known !== undefined) return known;
    const patch = this.#patcher.load(text);
    this.#patches.set(text, patch);
    return patch;
  }

  #composed({ fragments, isOwn }: Setting): LoadedPatch {
    if (isOwn === true) return this.#patcher.compose(fragments);
    const key = JSON.stringify(fragments, numbersApart);
    const known = this.#fragments.get(key);
    if (known !== undefined) return known;
    const patch = this.#patcher.compose(fragments);
    if (this.#fragments.size >= MOST_FRAGMENTS) this.#fragments.clear();
    this.#fragments.set(key, patch);
    return patch;
  }

  #learn(documents: readonly ConfigDocument[]): void {
    this.#forms.learn(() => encodeTyped(documents, { ...this.#patcher.context, forms: this.#forms }));
  }
}

function numbersApart(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: String(value) } : value;
}

/** Runs a step of one of the person's patches. A refusal names the patch's place and the node. */
export function atPatch<Result>(patch: PatchLayer, node: NodeSpec, step: () => Result): Result {
  const { where } = patch.origin;
  try {
    return step();
  } catch (reason) {
    const hint = reason instanceof IchorError ? reason.hint : undefined;
    throw new IchorError(
      'invalid-input',
      `this patch does not fit the config of ${node.name} (Talos ${node.talos}): ${messageOf(reason)}`,
      {
        ...(where === undefined ? {} : { where }),
        ...(hint === undefined ? {} : { hint }),
        cause: reason,
      },
    );
  }
}

export function placed({ origin: { where } }: PatchLayer, message: string): string {
  return where === undefined ? message : `${where.file}:${where.line}:${where.column}: ${message}`;
}
