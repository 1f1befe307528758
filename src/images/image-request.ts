/** What is asked of a node's image, and of what parts the answer is made. */
import type { ExtensionUse } from '../catalog/extensions/lint.ts';
import type { MetaValue } from '../talos/meta/transport.ts';
import type { SchematicCustomization, SchematicOverlay } from '../talos/schematic/schematic.ts';
import type { Arch } from './urls.ts';

export interface ImageRequest {
  readonly talos: string;
  readonly platform: string;
  readonly arch: Arch;
  readonly secureboot?: boolean;
  /** Names of the catalogue. */
  readonly hardware?: readonly string[];
  /** With or without `siderolabs/`. */
  readonly extensions?: readonly string[];
  /** `-key` and `-key=value` take an argument away: one of a profile, else one of the imager's. */
  readonly kernelArgs?: readonly string[];
  readonly meta?: readonly MetaValue[];
  readonly overlay?: SchematicOverlay;
  readonly bootloader?: SchematicCustomization['bootloader'];
  readonly embeddedMachineConfiguration?: string;
  /** The id of a schematic that exists already: everything above that would go into one is then not used. */
  readonly schematic?: string;
  /** An own installer image instead of the factory's. */
  readonly installer?: string;
  readonly factory?: string;
  readonly pxeFactory?: string;
  readonly registry?: string;
  /** What the lint of extensions may know besides. */
  readonly use?: Pick<ExtensionUse, 'serviceConfigs' | 'modules' | 'addons' | 'isVirtual'>;
}

export interface ImagePart {
  readonly kind: 'extension' | 'kernel-argument' | 'kernel-module' | 'sysctl' | 'meta' | 'overlay';
  readonly text: string;
  /** `hardware amd-gpu`, `feature tailscale`, `image.extensions` … */
  readonly because: string;
  readonly purpose: string;
  readonly source?: string;
}
