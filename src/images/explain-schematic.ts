/** What a schematic contains, in words: for an id that somebody found in a config. */
import { extensionSource } from '../catalog/extensions/extension.ts';
import { describeLookup, findExtension } from '../catalog/extensions/extensions.ts';
import { findKernelArgument, isRemoval } from '../catalog/kernel-args/kernel-args.ts';
import { VANILLA_SCHEMATIC_ID } from '../talos/schematic/schematic.ts';
import type { Schematic } from '../talos/schematic/schematic.ts';
import type { ImagePart } from './image-request.ts';

/** Known without asking a factory: ids that stand in many runbooks. */
const FAMILIAR: Readonly<Record<string, readonly string[]>> = {
  [VANILLA_SCHEMATIC_ID]: [],
  ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515: ['siderolabs/qemu-guest-agent'],
  '613e1592b2da41ae5e265e8789429f22e121aab91cb4deb6bc3c0b6262961245': [
    'siderolabs/iscsi-tools',
    'siderolabs/util-linux-tools',
  ],
};

/** The schematic of a familiar id; undefined for all others, which a factory has to be asked for. */
export function familiarSchematic(id: string): Schematic | undefined {
  const extensions = FAMILIAR[id];
  if (extensions === undefined) return undefined;
  return extensions.length === 0
    ? { customization: {} }
    : { customization: { systemExtensions: { officialExtensions: extensions } } };
}

export function explainSchematic(schematic: Schematic, talos: string): readonly ImagePart[] {
  const { customization = {}, overlay } = schematic;
  const because = 'schematic';
  return [
    ...(overlay === undefined
      ? []
      : [
          {
            kind: 'overlay',
            text: `${overlay.image} ${overlay.name}`,
            because,
            purpose: 'boot files of a single-board computer',
          } as const,
        ]),
    ...(customization.systemExtensions?.officialExtensions ?? []).map((name) => extensionPart(name, talos)),
    ...(customization.extraKernelArgs ?? []).map((text): ImagePart => {
      const known = findKernelArgument(text);
      const meaning = known?.meaning ?? 'unknown to the catalogue';
      return {
        kind: 'kernel-argument',
        text,
        because,
        purpose: isRemoval(text) ? `taken away: ${meaning}` : meaning,
        ...(known === undefined ? {} : { source: known.source }),
      };
    }),
    ...(customization.meta ?? []).map(({ key }): ImagePart => ({
      kind: 'meta',
      text: `0x${key.toString(16)}`,
      because,
      purpose: key === 10 ? 'static network of the machine before it has a configuration' : 'META value',
    })),
  ];
}

function extensionPart(name: string, talos: string): ImagePart {
  const lookup = findExtension(name, talos);
  const purpose = lookup.kind === 'unknown' ? '' : lookup.extension.purpose;
  const remark = describeLookup(lookup, talos);
  const text = [purpose, remark].filter((part) => part !== undefined && part !== '').join('; ');
  return {
    kind: 'extension',
    text: name,
    because: 'schematic',
    purpose: text,
    ...(lookup.kind === 'unknown' ? {} : { source: extensionSource(lookup.extension) }),
  };
}
