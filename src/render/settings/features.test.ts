import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SOUND, loadSound } from '../../../test/support/cluster-file.ts';
import { withSecrets } from '../../spec/node-features.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import { validateConfig } from '../../talos/validate/validate.ts';
import { renderNode, type RenderedNode } from '../render.ts';

const BUNDLE: SecretsBundle = parse(
  readFileSync(fileURLToPath(new URL('../../../test/fixtures/secrets/a-contract-1.11.yaml', import.meta.url)), 'utf8'),
);
const TALOS = ['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.0'];
const KUBERNETES: Readonly<Record<string, string>> = { 'v1.11.6': 'v1.34.1', 'v1.12.11': 'v1.35.0' };

async function render(
  features: string,
  options: { talos?: string; node?: string; extra?: string } = {},
): Promise<RenderedNode> {
  const { talos = 'v1.13.9', node: name = 'cp-1', extra = '' } = options;
  const text = SOUND.replace('v1.13.9', talos).replace('v1.36.3', KUBERNETES[talos] ?? 'v1.36.3');
  const cluster = await loadSound(`${text}features:\n${features}${extra}`);
  const node = cluster.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  const image = { installer: `factory.example/metal-installer/x:${talos}`, modules: [], sysctls: {} };
  const resolved = withSecrets(cluster, ({ path }) => `secret-${path.join('-')}`);
  return renderNode({ cluster, node, bundle: BUNDLE, image, features: resolved });
}

function environment({ documents }: RenderedNode, name = 'tailscale'): unknown {
  return documents.find((document) => document.kind === 'ExtensionServiceConfig' && document.name === name)?.value[
    'environment'
  ];
}

const ALL = `
  tailscale: { authKey: { env: A }, routes: cluster }
  cloudflared: { token: { env: A }, metrics: 127.0.0.1:2000 }
  netbird: { setupKey: { env: A } }
  newt: { endpoint: "https://p.example", id: x, secret: { env: A }, nodes: [cp-1] }
  zerotier: { network: [abc, def] }
  gvisor: true
  iscsi: true
  longhorn: true
  nvidia: { default: true }
  nut-client: { ups: rack@10.0.9.5, username: monitor, password: { env: A } }
  watchdog: { timeout: 3m }
  lldpd: true
  registry-mirrors:
    mirrors: { docker.io: ["https://mirror.example/dh"], ghcr.io: { endpoints: ["https://mirror.example/gh"], overridePath: true } }
    auth: { mirror.example: { username: me, password: { env: A } } }
`;

describe.each(TALOS)('on Talos %s', (talos) => {
  test('every document of every feature passes Talos’ own validation', async () => {
    const features = talos === 'v1.11.6' ? ALL.replace(/ {2}netbird.*\n/, '') : ALL;
    const volumes = 'volumes: { EPHEMERAL: { maxSize: 50GB, disk: nvme }, longhorn: { size: 100GB, disk: nvme } }\n';
    const extra = talos === 'v1.14.0' ? volumes : '';
    const { config } = await render(features.slice(1), { talos, extra });

    expect(validateConfig(config, { talos, mode: 'metal', strict: true })).toEqual({
      load: [],
      errors: [],
      warnings: [],
      notices: [],
    });
  });
});

describe('tailscale', () => {
  test('S1-9 S1-11 routes are the pods and services of the spec, whatever those are', async () => {
    const own = await render('  tailscale: { authKey: { env: A }, routes: cluster }\n');
    expect(environment(own)).toEqual([
      'TS_AUTHKEY=secret-authKey',
      'TS_HOSTNAME=cp-1',
      'TS_ROUTES=10.244.0.0/16,10.96.0.0/12',
      'TS_AUTH_ONCE=true',
    ]);
  });

  test('S1-10 every variable of the program can be set, also by a reference', async () => {
    const options =
      '{ authKey: { env: A }, hostname: ts, loginServer: "https://hs.example", tags: [tag:a, tag:b], acceptRoutes: true, acceptDNS: false, port: 41641, environment: { TS_SOCKS5_SERVER: ":1055", TS_AUTH_ONCE: false, TS_ID_TOKEN: { env: B } }, nodes: [cp-1] }';

    expect(environment(await render(`  tailscale: ${options}\n`))).toEqual([
      'TS_AUTHKEY=secret-authKey',
      'TS_HOSTNAME=ts',
      'TS_EXTRA_ARGS=--login-server=https://hs.example --advertise-tags=tag:a,tag:b --accept-routes',
      'TS_TAILSCALED_EXTRA_ARGS=--port=41641',
      'TS_ACCEPT_DNS=false',
      'TS_AUTH_ONCE=false',
      'TS_SOCKS5_SERVER=:1055',
      'TS_ID_TOKEN=secret-environment-TS_ID_TOKEN',
    ]);
  });

  test('kubelet and etcd stay in the LAN, unless a patch says where they are', async () => {
    const feature = '  tailscale: { authKey: { env: A } }\n';
    const { config } = await render(feature);
    expect(config).toMatch(/validSubnets:\n\s+- 10\.0\.4\.0\/24/);
    expect(config).toMatch(/advertisedSubnets:\n\s+- 10\.0\.4\.0\/24/);

    const patched = await render(feature, {
      extra: 'patches:\n  - machine: { kubelet: { nodeIP: { validSubnets: [10.0.0.0/8] } } }\n',
    });
    expect(patched.config).toMatch(/validSubnets:\n\s+- 10\.0\.0\.0\/8\n/);
    expect(patched.config).not.toMatch(/validSubnets:\n\s+- 10\.0\.4\.0\/24/);
  });

  test('a reference that was not resolved never reaches a config', async () => {
    const cluster = await loadSound(`${SOUND}features: { tailscale: { authKey: { env: A } } }\n`);
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error('no node');
    const image = { installer: 'x', modules: [], sysctls: {} };

    expect(() => renderNode({ cluster, node, bundle: BUNDLE, image, features: [] })).toThrow('has not been resolved');
  });

  test('only the nodes that the feature names get its documents', async () => {
    const feature = '  tailscale: { authKey: { env: A }, nodes: [w-1] }\n';

    expect(environment(await render(feature))).toBeUndefined();
    expect(environment(await render(feature, { node: 'w-1' }))).toBeDefined();
  });
});

test('S3-14 the default runtime is one part of containerd’s configuration, in the form of that Talos', async () => {
  const toml = '[plugins."io.containerd.cri.v1.runtime".containerd]\ndefault_runtime_name = "nvidia"\n';
  const older = await render('  nvidia: { default: true }\n');
  expect(older.documents[0]?.value['machine']).toMatchObject({
    files: [{ path: '/etc/cri/conf.d/20-customization.part', op: 'create', content: toml }],
  });

  const newer = await render('  nvidia: { default: true }\n', { talos: 'v1.14.0' });
  expect(newer.documents.find(({ kind }) => kind === 'CRICustomizationConfig')?.value).toMatchObject({ content: toml });
});

test('S3-17 Longhorn’s folder is shown to the kubelet, unless the node has a volume for it', async () => {
  const mounts = ({ documents }: RenderedNode): string => JSON.stringify(documents[0]?.value['machine']);

  expect(mounts(await render('  longhorn: true\n'))).toContain('"destination":"/var/lib/longhorn"');
  const volumes = 'volumes: { EPHEMERAL: { maxSize: 50GB }, longhorn: { size: 100GB, disk: nvme } }\n';
  expect(mounts(await render('  longhorn: true\n', { extra: volumes }))).not.toContain('/var/lib/longhorn');
});
