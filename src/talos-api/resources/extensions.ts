/** System extensions of the booted image, and the Image Factory schematic that it was made of. */
import { z } from 'zod';
import type { CallOptions, ResourceCalls } from '../port.ts';
import { defineKind, readAll, text, type ResourceKind } from './kind.ts';

export interface ExtensionStatus {
  readonly id: string;
  readonly image: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly extraInfo: string;
}

export const extensionKind: ResourceKind<ExtensionStatus> = defineKind({
  namespace: 'runtime',
  type: 'ExtensionStatuses.runtime.talos.dev',
  schema: z.object({
    image: text,
    metadata: z.object({ name: text, version: text, description: text, extraInfo: text }),
  }),
  map: ({ image, metadata }, { id }) => ({ id, image, ...metadata }),
});

export interface BootedImage {
  /** Real extensions, the virtual `schematic` and the index of modules left out. */
  readonly extensions: readonly ExtensionStatus[];
  /** undefined for an image that the Image Factory did not make. */
  readonly schematic: { readonly id: string; readonly yaml: string } | undefined;
}

/** The factory adds an extension of this name whose version is the schematic's id and whose extra info is the schematic (≥1.11). */
export async function readBootedImage(session: ResourceCalls, options?: CallOptions): Promise<BootedImage> {
  const all = await readAll(session, extensionKind, options);
  const schematic = all.find((extension) => extension.name === 'schematic');
  return {
    extensions: all.filter((extension) => extension.name !== 'schematic' && extension.name !== 'modules.dep'),
    schematic: schematic === undefined ? undefined : { id: schematic.version, yaml: schematic.extraInfo },
  };
}
