/**
 * Generates the configs of a cluster as `talosctl gen config` does: the same text, byte for byte, for the same secrets and options.
 */
import { honoursPersist } from '../contract.ts';
import { documentOf, encodeDocuments } from '../documents-text.ts';
import type { Document } from '../documents-text.ts';
import { patchConfig } from '../patch/patch.ts';
import type { PatchedText, PatchWarning } from '../patch/patch.ts';
import { minorOf } from '../yaml/dialect.ts';
import { completeInput } from './input.ts';
import type { GenerateInput, MachineType } from './input.ts';
import { kubernetesDocuments } from './kubernetes-documents.ts';
import { legacyCluster } from './legacy-cluster.ts';
import { legacyMachine } from './legacy-machine.ts';
import { machineDocuments } from './machine-documents.ts';
import { renderTalosconfig } from './talosconfig.ts';
import type { ClientCertificate } from './talosconfig.ts';

export interface GeneratedDocuments {
  readonly controlplane: readonly Document[];
  readonly worker: readonly Document[];
}

export interface GeneratedConfig {
  readonly controlplane: string;
  readonly worker: string;
  /** What the patches do that nobody may have meant. */
  readonly warnings: readonly PatchWarning[];
  /** The client configuration, once a certificate has been issued for it. */
  talosconfig(certificate: ClientCertificate, endpoints?: readonly string[]): string;
}

/** As structures and without the input's patches, so that more documents and patches can be put in before they are written. */
export function generateDocuments(input: GenerateInput): GeneratedDocuments {
  return { controlplane: documentsFor(input, 'controlplane'), worker: documentsFor(input, 'worker') };
}

/** The documents of one machine type. */
export function documentsFor(input: GenerateInput, type: MachineType): readonly Document[] {
  const generation = completeInput(input, type);
  const { minor, options } = generation;
  const legacy = {
    version: 'v1alpha1',
    debug: options.debug === true,
    persist: honoursPersist(minor) ? (options.persist ?? true) : true,
    machine: legacyMachine(generation),
    cluster: legacyCluster(generation),
  };
  return [legacy, ...machineDocuments(generation), ...kubernetesDocuments(generation)].map(documentOf);
}

export function generateConfig(input: GenerateInput): GeneratedConfig {
  const minor = minorOf(input.talos);
  const controlplane = patchedText(input, 'controlplane');
  const worker = patchedText(input, 'worker');
  return {
    controlplane: controlplane.text,
    worker: worker.text,
    warnings: [...controlplane.warnings, ...worker.warnings],
    talosconfig: (certificate, endpoints = []) =>
      renderTalosconfig({ context: input.clusterName, endpoints, ca: input.bundle.certs.os.crt, certificate }, minor),
  };
}

function patchedText(input: GenerateInput, type: MachineType): PatchedText {
  const text = encodeDocuments(documentsFor(input, type), minorOf(input.talos));
  const patches = [...(input.patches?.all ?? []), ...(input.patches?.[type] ?? [])];
  return patches.length === 0 ? { text, warnings: [] } : patchConfig(text, patches, input.talos);
}
