/**
 * Generates the configs of a cluster as `talosctl gen config` does: the same text, byte for byte, for the same secrets and options.
 */
import { honoursPersist } from '../contract.ts';
import { documentOf, encodeDocuments } from '../documents-text.ts';
import type { Document } from '../documents-text.ts';
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
  /** The client configuration, once a certificate has been issued for it. */
  talosconfig(certificate: ClientCertificate, endpoints?: readonly string[]): string;
}

/** As structures, so that more documents and patches can be put in before they are written. */
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
  const { controlplane, worker } = generateDocuments(input);
  return {
    controlplane: encodeDocuments(controlplane, minor),
    worker: encodeDocuments(worker, minor),
    talosconfig: (certificate, endpoints = []) =>
      renderTalosconfig({ context: input.clusterName, endpoints, ca: input.bundle.certs.os.crt, certificate }, minor),
  };
}
