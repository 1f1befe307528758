/** The cluster file as a whole. The JSON Schema for editors is made out of this same source (`json-schema.ts`). */
import { z } from 'zod';
import { classSchema, machineShape, nodeSchema } from './node.ts';
import { cidr, dnsLabel, hostname, ip, names, oneOrMore, version } from './scalars.ts';

const endpoint = z
  .union(
    [
      z.string(),
      z.strictObject({
        url: z.string().meta({ description: 'https://HOST:6443' }),
        outside: z
          .string()
          .optional()
          .meta({ description: 'What stands there when it is no node and no VIP of this cluster: "haproxy on nuc".' }),
      }),
    ],
    'expected https://HOST:6443, or {url: …, outside: "what stands there"}',
  )
  .meta({ description: 'The Kubernetes API as clients see it, with its port.' });

const cni = z
  .union(
    [z.enum(['flannel', 'none']), z.strictObject({ urls: z.array(z.string()).min(1) })],
    'expected flannel, none (and then Cilium or another by your own hand), or {urls: [https://…]}',
  )
  .meta({ description: 'flannel (default), none (you install one), or manifests by URL.' });

const network = z
  .strictObject({
    subnet: cidr.optional().meta({ description: 'The network that the nodes’ addresses lie in.' }),
    gateway: ip.optional(),
    nameservers: z.array(ip).optional(),
    timeservers: names.optional(),
    searchDomains: names.optional(),
    vip: ip.optional().meta({
      description: 'Shared address of the control planes (layer 2: one owner at a time, fails over, does not balance).',
    }),
    pods: oneOrMore(cidr, 'expected a network such as 10.244.0.0/16, or two of them').optional(),
    services: oneOrMore(cidr, 'expected a network such as 10.96.0.0/12, or two of them').optional(),
    domain: z.string().optional().meta({ description: 'DNS domain of the cluster. Default cluster.local.' }),
    cni: cni.optional(),
    kubeProxy: z
      .boolean('expected true or false')
      .optional()
      .meta({ description: 'Default true. false when the CNI replaces it.' }),
    discovery: z
      .boolean('expected true or false')
      .optional()
      .meta({ description: 'Talos’ discovery service. Default true.' }),
    kubePrism: z
      .union(
        [z.boolean(), z.strictObject({ enabled: z.boolean().optional(), port: z.int().min(1).max(65535).optional() })],
        'expected true, false or {port: 7445}',
      )
      .optional(),
    kubeSpan: z.boolean('expected true or false').optional(),
  })
  .meta({ id: 'network' });

const feature = z
  .union(
    [
      z.boolean(),
      z.looseObject({
        nodes: z.array(hostname).optional().meta({ description: 'The nodes that get it; all when absent.' }),
        after: z.string().optional().meta({ description: 'A volume or feature that must be there first.' }),
      }),
    ],
    'expected true, or a map of options',
  )
  .meta({ id: 'feature' });

const argocd = z.looseObject({
  version: z.string('expected text: put the version in quotes').optional(),
  repo: z.string().optional(),
  path: z.string().optional(),
  revision: z.string().optional(),
});

export const documentSchema = z
  .strictObject({
    ichor: z
      .literal(1, 'expected 1: the only format that this version of Ichor reads')
      .meta({ description: 'Format of this file.' }),
    extends: oneOrMore(z.string(), 'expected the path of a base file, or a list of them')
      .optional()
      .meta({ description: 'Base files below this one, relative to it.' }),
    name: dnsLabel.meta({ description: 'Name of the cluster.' }),
    endpoint,
    talos: version.meta({ description: 'Talos version, such as v1.13.9. A node may carry its own.' }),
    kubernetes: version.meta({ description: 'Kubernetes version, such as v1.36.3.' }),
    secrets: z
      .string()
      .optional()
      .meta({ description: 'The secrets bundle of the cluster. Default secrets.sops.yaml.' }),
    network: network.optional(),
    scheduling: z
      .boolean('expected true or false')
      .optional()
      .meta({ description: 'Workloads on control planes. Default false.' }),
    limits: z
      .strictObject({
        maxUnavailable: z
          .int('expected a whole number')
          .min(1, 'at least 1')
          .optional()
          .meta({ description: 'Workers that may be in disruption at once. Default 1.' }),
      })
      .optional(),
    ...machineShape,
    classes: z.record(z.string(), classSchema).optional().meta({ description: 'What machines have in common.' }),
    nodes: z
      .record(hostname, nodeSchema)
      .meta({ description: 'The machines, by host name. The first control plane is the one that is bootstrapped.' }),
    features: z
      .record(z.string(), feature)
      .optional()
      .meta({ description: 'Extension, service configuration, in-cluster part and checks as one thing.' }),
    gitops: z.strictObject({ argocd: argocd.optional(), flux: z.looseObject({}).optional() }).optional(),
  })
  .meta({ title: 'Ichor cluster file', description: 'One Talos Linux cluster: the only file that a person edits.' });

export type DocumentInput = z.output<typeof documentSchema>;
export type FeatureInput = z.output<typeof feature>;
