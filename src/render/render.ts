/**
 * From the wanted cluster to the machine config of one node: pure, the same text for the same input. Everything that Talos would lose or
 * double on the way is said.
 */
import { IchorError, messageOf } from '../errors.ts';
import { encodeDocumentsFor, type Document } from '../talos/documents-text.ts';
import { applyPatches } from '../talos/patch/patch.ts';
import { renderFragments } from './fragments.ts';
import { layersOf, type PatchLayer, type RenderInput } from './layers.ts';

export interface RenderedNode {
  readonly node: string;
  readonly talos: string;
  /** All documents in Talos' own canonical form. Holds the cluster's secrets. */
  readonly config: string;
  readonly documents: readonly Document[];
  readonly warnings: readonly string[];
}

export function renderNode(input: RenderInput): RenderedNode {
  const { node } = input;
  const layers = layersOf(input);
  const settings = layers.settings.map((setting) => renderFragments(setting.fragments));
  // The spec's own layers must not lose what they do not repeat (talos-3-config.md §5.2): `keepSelectors`.
  const own = applyPatches(layers.base, settings, node.talos, { keepSelectors: true });
  let documents = own.documents;
  const warnings: string[] = [];
  for (const patch of layers.patches) {
    const patched = applyPatch(documents, patch, input);
    documents = patched.documents;
    warnings.push(...patched.warnings);
  }
  return { node: node.name, talos: node.talos, config: encodeDocumentsFor(documents, node.talos), documents, warnings };
}

/** One of the person's patches. A refusal names the patch's place and the node. */
export function applyPatch(
  documents: readonly Document[],
  patch: PatchLayer,
  input: RenderInput,
): { readonly documents: readonly Document[]; readonly warnings: readonly string[] } {
  const { where } = patch.origin;
  try {
    const patched = applyPatches(documents, [patch.text], input.node.talos, { keepSelectors: true });
    const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
    return { documents: patched.documents, warnings: patched.warnings.map((warning) => `${place}${warning.message}`) };
  } catch (reason) {
    const hint = reason instanceof IchorError ? reason.hint : undefined;
    throw new IchorError(
      'invalid-input',
      `this patch does not fit the config of ${input.node.name} (Talos ${input.node.talos}): ${messageOf(reason)}`,
      {
        ...(where === undefined ? {} : { where }),
        ...(hint === undefined ? {} : { hint }),
        cause: reason,
      },
    );
  }
}
