/** Tunnels and overlay networks other than Tailscale, each an extension with one configuration document. */
import { isAtLeastMinor } from '../version.ts';
import { lanAddresses, serviceConfig } from './documents.ts';
import type { FeatureDefinition, FeatureUse } from './feature.ts';
import { ENVIRONMENT_OPTION, environmentLines, secretOption, textOption, textsOption } from './options.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions/tree/main/network';
const REMOVAL = ['The document goes, then the extension with an upgrade.'];

export const CLOUDFLARED: FeatureDefinition = {
  name: 'cloudflared',
  title: 'Cloudflare Tunnel on the node',
  options: {
    token: { kind: 'secret', brief: 'token of the tunnel', isRequired: true, sample: 'sample-of-a-rehearsal' },
    metrics: { kind: 'text', brief: 'where metrics are served: 127.0.0.1:2000' },
    edgeIpVersion: { kind: 'text', brief: 'IP version towards Cloudflare', values: ['auto', '4', '6'] },
    environment: ENVIRONMENT_OPTION,
  },
  image: () => ({ extensions: ['cloudflared'] }),
  serviceConfigs: ['cloudflared'],
  config: (use) => ({
    documents: [
      service(use, 'cloudflared', {
        TUNNEL_TOKEN: secretOption(use, 'token'),
        TUNNEL_METRICS: textOption(use.options, 'metrics'),
        TUNNEL_EDGE_IP_VERSION: textOption(use.options, 'edgeIpVersion'),
      }),
    ],
  }),
  checks: ['ext-cloudflared is Running', 'the tunnel is healthy at Cloudflare'],
  removal: ['Delete the tunnel at Cloudflare.', ...REMOVAL],
  source: `${EXTENSIONS}/cloudflared`,
};

export const NEWT: FeatureDefinition = {
  name: 'newt',
  title: 'Pangolin tunnel client on the node',
  options: {
    endpoint: { kind: 'text', brief: 'URL of the Pangolin server', isRequired: true },
    id: { kind: 'text', brief: 'id of the site', isRequired: true },
    secret: { kind: 'secret', brief: 'secret of the site', isRequired: true, sample: 'sample-of-a-rehearsal' },
    environment: ENVIRONMENT_OPTION,
  },
  image: () => ({ extensions: ['newt'] }),
  serviceConfigs: ['newt'],
  config: (use) => ({
    documents: [
      service(use, 'newt', {
        PANGOLIN_ENDPOINT: textOption(use.options, 'endpoint'),
        NEWT_ID: textOption(use.options, 'id'),
        NEWT_SECRET: secretOption(use, 'secret'),
      }),
    ],
  }),
  lint: ({ cluster }) =>
    cluster.featureNodeCount > 1
      ? [
          {
            severity: 'warning',
            rule: 'newt-shared',
            message: `${cluster.featureNodeCount} nodes would use one site of Pangolin: only one of them is connected at a time`,
            hint: 'Name one node: nodes: [NAME].',
            option: 'id',
          },
        ]
      : [],
  checks: ['ext-newt is Running'],
  removal: ['Delete the site at Pangolin.', ...REMOVAL],
  source: `${EXTENSIONS}/newt`,
};

export const ZEROTIER: FeatureDefinition = {
  name: 'zerotier',
  title: 'ZeroTier overlay network on the node',
  options: {
    network: { kind: 'texts', brief: 'ids of the networks to join', isRequired: true },
    identity: {
      kind: 'secret',
      brief: 'identity of the node; made on the node when absent',
      sample: 'sample-of-a-rehearsal',
    },
    planet: { kind: 'text', brief: 'own planet file, base64' },
    environment: ENVIRONMENT_OPTION,
  },
  image: () => ({ extensions: ['zerotier'] }),
  serviceConfigs: ['zerotier'],
  config: (use) => ({
    documents: [
      ...lanAddresses(use.node, use.cluster.subnet),
      service(use, 'zerotier', {
        ZEROTIER_NETWORK: textsOption(use.options, 'network').join(','),
        ZEROTIER_IDENTITY_SECRET: secretOption(use, 'identity'),
        ZEROTIER_PLANET: textOption(use.options, 'planet'),
      }),
    ],
  }),
  lint: ({ options, cluster }) =>
    options['identity'] !== undefined && cluster.featureNodeCount > 1
      ? [
          {
            severity: 'error',
            rule: 'zerotier-shared-identity',
            message: `${cluster.featureNodeCount} nodes would have one identity: ZeroTier takes them for one device that jumps about`,
            hint: 'Leave `identity` out: each node makes its own.',
            option: 'identity',
          },
        ]
      : [],
  checks: ['ext-zerotier is Running', 'a link zt… is up and the member is authorised'],
  removal: ['Remove the member in the network’s controller.', ...REMOVAL],
  source: `${EXTENSIONS}/zerotier`,
};

export const NETBIRD: FeatureDefinition = {
  name: 'netbird',
  title: 'NetBird overlay network on the node',
  options: {
    setupKey: {
      kind: 'secret',
      brief: 'key with which the node joins',
      isRequired: true,
      sample: 'sample-of-a-rehearsal',
    },
    managementUrl: { kind: 'text', brief: 'URL of an own management server' },
    adminUrl: { kind: 'text', brief: 'URL of its web interface' },
    environment: ENVIRONMENT_OPTION,
  },
  image: () => ({ extensions: ['netbird'] }),
  serviceConfigs: ['netbird'],
  config: (use) => ({
    documents: [
      ...lanAddresses(use.node, use.cluster.subnet),
      service(use, 'netbird', {
        NB_SETUP_KEY: secretOption(use, 'setupKey'),
        NB_MANAGEMENT_URL: textOption(use.options, 'managementUrl'),
        NB_ADMIN_URL: textOption(use.options, 'adminUrl'),
      }),
    ],
  }),
  lint: ({ node }) =>
    isAtLeastMinor(node.talos, '1.13')
      ? []
      : [
          {
            severity: 'warning',
            rule: 'netbird-identity-lost',
            message: `on Talos ${node.talos} NetBird keeps its identity under /var/run: it joins as a new peer at every boot`,
            hint: 'Use a reusable setup key, or Talos 1.13.',
          },
        ],
  checks: ['ext-netbird is Running', 'the link wt0 is up'],
  removal: ['Delete the peer in NetBird.', ...REMOVAL],
  source: `${EXTENSIONS}/netbird`,
};

/** In the order of nebula's own documentation; its configuration names the other three files. */
const NEBULA_FILES = { config: 'config.yml', ca: 'ca.crt', cert: 'node.crt', key: 'node.key' } as const;

export const NEBULA: FeatureDefinition = {
  name: 'nebula',
  title: 'Nebula overlay network on the node',
  options: {
    config: { kind: 'text', brief: 'config.yml, or a reference to it', isRequired: true },
    ca: { kind: 'text', brief: 'certificate of the network, or a reference to it', isRequired: true },
    cert: { kind: 'text', brief: 'certificate of the node, or a reference to it', isRequired: true },
    key: { kind: 'secret', brief: 'key of the node', isRequired: true, sample: 'sample-of-a-rehearsal' },
  },
  image: () => ({ extensions: ['nebula'] }),
  serviceConfigs: ['nebula'],
  config: (use) => ({
    documents: [
      ...lanAddresses(use.node, use.cluster.subnet),
      serviceConfig('nebula', {
        configFiles: Object.entries(NEBULA_FILES).map(([option, file]) => ({
          mountPath: `/usr/local/etc/nebula/${file}`,
          content: secretOption(use, option) ?? '',
        })),
      }),
    ],
  }),
  lint: ({ cluster }) =>
    cluster.featureNodeCount > 1
      ? [
          {
            severity: 'error',
            rule: 'nebula-shared-identity',
            message: `${cluster.featureNodeCount} nodes would have one certificate, and so one address in the network`,
            hint: 'Name one node, and write the document of the others as patches.',
            option: 'cert',
          },
        ]
      : [],
  checks: ['ext-nebula is Running', 'the link nebula1 is up'],
  removal: REMOVAL,
  source: `${EXTENSIONS}/nebula`,
};

export const BIRD: FeatureDefinition = {
  name: 'bird2',
  title: 'BIRD routing daemon',
  options: { config: { kind: 'text', brief: 'bird.conf, or a reference to it', isRequired: true } },
  image: () => ({ extensions: ['bird2'] }),
  serviceConfigs: ['bird2'],
  config: (use) => ({
    documents: [
      serviceConfig('bird2', {
        configFiles: [{ mountPath: '/usr/local/etc/bird.conf', content: secretOption(use, 'config') ?? '' }],
      }),
    ],
  }),
  checks: ['ext-bird2 is Running', 'its sessions are Established'],
  removal: REMOVAL,
  notes: ['It restarts, and drops its sessions, on every change.'],
  source: `${EXTENSIONS}/bird2`,
};

function service(use: FeatureUse, name: string, variables: Readonly<Record<string, string | undefined>>) {
  return serviceConfig(name, { environment: environmentLines(variables, use.options) });
}
