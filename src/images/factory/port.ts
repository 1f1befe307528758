/** What Ichor asks of an Image Factory besides its files. */
import type { Schematic } from '../../talos/schematic/schematic.ts';

export interface ImageFactory {
  /** Without slash at the end. */
  readonly base: string;
  /** Makes sure that the factory knows the schematic; posts it only when it does not. Refusals are `invalid-input`. */
  submit(schematic: Schematic | string, signal?: AbortSignal): Promise<SubmittedSchematic>;
  /** Canonical text; undefined when the factory does not know the id. */
  read(id: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Talos versions with `v`, pre-releases among them, in the factory's order. */
  versions(signal?: AbortSignal): Promise<readonly string[]>;
  extensions(talos: string, signal?: AbortSignal): Promise<readonly OfficialExtension[]>;
  overlays(talos: string, signal?: AbortSignal): Promise<readonly OfficialOverlay[]>;
}

export interface SubmittedSchematic {
  /** By which this factory calls it; one of the two that were computed. */
  readonly id: string;
  readonly wasKnown: boolean;
}

export interface OfficialExtension {
  /** `siderolabs/amdgpu`. */
  readonly name: string;
  readonly ref: string;
  readonly digest: string;
  readonly author?: string | undefined;
  readonly description?: string | undefined;
}

export interface OfficialOverlay {
  readonly name: string;
  readonly image: string;
  readonly ref: string;
  readonly digest: string;
}
