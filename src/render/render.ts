/**
 * From the wanted cluster to the machine config of one node: pure, the same text for the same input. Everything that Talos would lose or
 * double on the way is said.
 */
import type { Document } from '../talos/documents-text.ts';
import { applyPatches } from '../talos/patch/patch.ts';
import type { PatchLayer, RenderInput } from './layers.ts';
import { atPatch, createRenderer, placed, type RenderedNode } from './renderer.ts';

export type { RenderedNode } from './renderer.ts';

/** One node for itself; `createRenderer` shares between nodes what they have in common, with the same result. */
export function renderNode({ node, image, ...shared }: RenderInput): RenderedNode {
  return createRenderer(shared).render(node, image);
}

/** One of the person's patches. A refusal names the patch's place and the node. */
export function applyPatch(
  documents: readonly Document[],
  patch: PatchLayer,
  { node }: RenderInput,
): { readonly documents: readonly Document[]; readonly warnings: readonly string[] } {
  const patched = atPatch(patch, node, () =>
    applyPatches(documents, [patch.text], node.talos, { keepSelectors: true }),
  );
  return { documents: patched.documents, warnings: patched.warnings.map(({ message }) => placed(patch, message)) };
}
