/** Small parts of a machine: UPS, guest agent, watchdog, LLDP, registry mirrors. */
import { isAtLeastMinor } from '../version.ts';
import { serviceConfig, talosDocument } from './documents.ts';
import type { FeatureConfig, FeatureDefinition, FeatureDocument, FeatureUse } from './feature.ts';
import { isMap, mapOption, secretOption, textOption, textsOption } from './options.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions/tree/main';

export const NUT_CLIENT: FeatureDefinition = {
  name: 'nut-client',
  title: 'Switch off when the UPS runs dry (NUT)',
  options: {
    ups: { kind: 'text', brief: 'the UPS at its server: rack@10.0.9.5', isRequired: true },
    username: { kind: 'text', brief: 'user at the server', isRequired: true },
    password: { kind: 'secret', brief: 'their password', isRequired: true, sample: 'sample-of-a-rehearsal' },
    powerValue: { kind: 'number', brief: 'power supplies that this UPS feeds; 1 by default' },
  },
  image: () => ({ extensions: ['nut-client'] }),
  serviceConfigs: ['nut-client'],
  config: (use) => ({
    documents: [
      serviceConfig('nut-client', {
        configFiles: [{ mountPath: '/usr/local/etc/nut/upsmon.conf', content: upsmonConf(use) }],
      }),
    ],
  }),
  checks: ['ext-nut-client is Running', 'its log shows the UPS as on line'],
  removal: ['The document goes, then the extension with an upgrade.'],
  notes: ['Talos knows one way to switch off: SHUTDOWNCMD is /sbin/poweroff.'],
  source: `${EXTENSIONS}/power/nut-client`,
};

function upsmonConf(use: FeatureUse): string {
  const { options } = use;
  const ups = textOption(options, 'ups') ?? '';
  const user = textOption(options, 'username') ?? '';
  const power = options['powerValue'] ?? 1;
  return [
    `MONITOR ${ups} ${String(power)} ${user} ${secretOption(use, 'password') ?? ''} secondary`,
    'SHUTDOWNCMD "/sbin/poweroff"',
    '',
  ].join('\n');
}

export const QEMU_GUEST_AGENT: FeatureDefinition = {
  name: 'qemu-guest-agent',
  title: 'QEMU guest agent',
  options: {},
  image: () => ({ extensions: ['qemu-guest-agent'] }),
  checks: ['ext-qemu-guest-agent is Running', 'the hypervisor shows the machine’s addresses'],
  removal: ['The extension goes with an upgrade.'],
  notes: ['The agent device of the VM must be switched on: without it the service waits for ever.'],
  source: `${EXTENSIONS}/guest-agents/qemu-guest-agent`,
};

export const WATCHDOG: FeatureDefinition = {
  name: 'watchdog',
  title: 'Hardware watchdog: the machine restarts when Talos hangs',
  options: {
    timeout: { kind: 'text', brief: 'after how long; 5m by default' },
    device: { kind: 'text', brief: '/dev/watchdog0 by default' },
    driver: { kind: 'text', brief: 'kernel module of the device', values: ['iTCO_wdt', 'sp5100_tco', 'i6300esb'] },
  },
  image: ({ options }) => {
    const driver = textOption(options, 'driver');
    return driver === undefined ? {} : { modules: [{ name: driver }] };
  },
  config: ({ options }) => ({
    documents: [
      talosDocument('WatchdogTimerConfig', {
        device: textOption(options, 'device') ?? '/dev/watchdog0',
        timeout: textOption(options, 'timeout') ?? '5m',
      }),
    ],
  }),
  checks: ['WatchdogTimerStatus exists', '/sys/class/watchdog/watchdog0/state is active'],
  removal: ['The document goes: the timer is disarmed.'],
  notes: ['Choose two minutes or more: the firmware counts on through a long kexec.'],
  source: 'https://docs.siderolabs.com/talos/latest/build-and-extend-talos/cluster-operations-and-maintenance/watchdog',
};

export const LLDPD: FeatureDefinition = {
  name: 'lldpd',
  title: 'LLDP: switches see the node, and the node its switch port',
  options: { config: { kind: 'text', brief: 'lldpd.conf' } },
  image: () => ({ extensions: ['lldpd'] }),
  serviceConfigs: ['lldpd'],
  config: ({ options }) => ({
    documents: [
      serviceConfig('lldpd', {
        // The service waits for the file; its content may be a comment.
        configFiles: [
          { mountPath: '/usr/local/etc/lldpd/lldpd.conf', content: textOption(options, 'config') ?? '# defaults\n' },
        ],
      }),
    ],
  }),
  checks: ['ext-lldpd is Running'],
  removal: ['The document goes, then the extension with an upgrade.'],
  source: `${EXTENSIONS}/network/lldpd`,
};

export const REGISTRY_MIRRORS: FeatureDefinition = {
  name: 'registry-mirrors',
  title: 'Mirrors of image registries, also for Talos’ own images',
  options: {
    mirrors: {
      kind: 'map',
      brief:
        'by registry: docker.io: [https://mirror.example], or {endpoints: […], overridePath: true, skipFallback: true}',
      isRequired: true,
    },
    auth: { kind: 'map', brief: 'by host of the endpoint: {username: …, password: a reference}' },
  },
  config: mirrorConfig,
  checks: ['an image is pulled through each mirror'],
  removal: ['The documents go: images come from their own registries again.'],
  notes: [
    'A mirror that lives in the cluster cannot serve the images that the cluster needs to come up: leave skipFallback off.',
    'Credentials are looked up by the host of the endpoint, not by the mirrored name.',
  ],
  source:
    'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/images-container-runtime/pull-through-cache',
};

interface Mirror {
  readonly endpoints: readonly string[];
  readonly overridePath?: boolean;
  readonly skipFallback?: boolean;
}

function mirrorConfig({ options, node }: FeatureUse): FeatureConfig {
  const mirrors = Object.entries(mapOption(options, 'mirrors')).map(
    ([name, value]) => [name, mirrorOf(value)] as const,
  );
  const auth = Object.entries(mapOption(options, 'auth'));
  if (isAtLeastMinor(node.talos, '1.12')) {
    return {
      documents: [
        ...mirrors.map(([name, { endpoints, overridePath, skipFallback }]) =>
          talosDocument('RegistryMirrorConfig', {
            name,
            endpoints: endpoints.map((url) => ({ url, ...(overridePath === true ? { overridePath } : {}) })),
            ...(skipFallback === true ? { skipFallback } : {}),
          }),
        ),
        ...auth.map(([name, value]) => talosDocument('RegistryAuthConfig', { name, ...(isMap(value) ? value : {}) })),
      ],
    };
  }
  const registries: FeatureDocument = {
    mirrors: Object.fromEntries(mirrors),
    ...(auth.length === 0 ? {} : { config: Object.fromEntries(auth.map(([name, value]) => [name, { auth: value }])) }),
  };
  return { documents: [{ machine: { registries } }] };
}

function mirrorOf(value: unknown): Mirror {
  if (!isMap(value)) return { endpoints: textsOption({ value }, 'value') };
  return {
    endpoints: textsOption(value, 'endpoints'),
    ...(value['overridePath'] === true ? { overridePath: true } : {}),
    ...(value['skipFallback'] === true ? { skipFallback: true } : {}),
  };
}
