/** All rules of documents with a kind; the document without kind has `rules/legacy.ts`. A kind that is missing here has no rules. */
import type { DocumentRules } from './rule.ts';
import { bgpRules } from './rules/bgp.ts';
import { containerRules } from './rules/containers.ts';
import { kubernetesRules } from './rules/kubernetes.ts';
import { linkRules } from './rules/links.ts';
import { networkRules } from './rules/network.ts';
import { registryRules } from './rules/registries.ts';
import { runtimeRules } from './rules/runtime.ts';
import { storageRules } from './rules/storage.ts';
import { volumeRules } from './rules/volumes.ts';

export const documentRules: DocumentRules = {
  ...bgpRules,
  ...containerRules,
  ...kubernetesRules,
  ...linkRules,
  ...networkRules,
  ...registryRules,
  ...runtimeRules,
  ...storageRules,
  ...volumeRules,
};
