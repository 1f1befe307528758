import { describe, expect, test } from 'vitest';
import { SOUND, load, places } from '../../../test/support/cluster-file.ts';
import type { Finding } from '../finding.ts';

async function lintWith(lines: string): Promise<readonly Finding[]> {
  return (await load(SOUND + lines)).findings.filter(({ rule }) => rule !== 'not-acted-on');
}

function feature(options: string): string {
  return `features: { tailscale: { authKey: { env: TS_AUTHKEY }${options} } }\n`;
}

describe('names and options', () => {
  test('an unknown feature is an error with the nearest word', async () => {
    const findings = await lintWith('features: { tailscal: { authKey: { env: TS } } }\n');

    expect(places(findings)).toEqual(['error unknown-feature 15:13']);
    expect(findings[0]?.hint).toBe('Did you mean `tailscale`?');
  });

  test('an unknown option, a value of the wrong form and one outside of the list are errors at their places', async () => {
    const findings = await lintWith(
      'features:\n  tailscale: { authkey: { env: TS } }\n  nvidia: { branch: beta, default: yes-please }\n',
    );

    expect(places(findings)).toEqual([
      'error feature-option-missing 16:3',
      'error unknown-feature-option 16:16',
      'error feature-option-value 17:21',
      'error feature-option-value 17:36',
    ]);
    expect(findings[1]?.hint).toBe('Did you mean `authKey`?');
  });

  test('an option that is needed and a secret that stands as text are errors', async () => {
    expect(places(await lintWith('features: { cloudflared: true }\n'))).toEqual(['error feature-option-missing 15:26']);
    const text = await lintWith(
      'features: { newt: { endpoint: "https://p.example", id: a, nodes: [w-1], secret: hunter2 } }\n',
    );
    expect(text.map(({ rule }) => rule)).toContain('secret-as-text');
    expect(JSON.stringify(text)).not.toContain('hunter2');
  });
});

describe('S1-9 an extension service and its configuration come together', () => {
  test('the extension without a document is an error, and the feature is both', async () => {
    expect((await lintWith('image: { extensions: [tailscale] }\n')).map(({ rule }) => rule)).toContain(
      'extension-not-configured',
    );
    expect(await lintWith(feature(''))).toEqual([]);
  });

  test('a document without the extension is an error at its place, once', async () => {
    const document =
      'patches:\n  - { apiVersion: v1alpha1, kind: ExtensionServiceConfig, name: lldpd, environment: [A=b] }\n';

    expect(places(await lintWith(document))).toEqual(['error service-config-without-extension 16:59']);
  });

  test('one document for all nodes is right when one of them has the extension', async () => {
    const document =
      'patches:\n  - { apiVersion: v1alpha1, kind: ExtensionServiceConfig, name: lldpd, environment: [A=b] }\n';
    const text = SOUND.replace('w-1: { role: worker,', 'w-1: { role: worker, image: { extensions: [lldpd] },');

    expect((await load(text + document)).findings).toEqual([]);
  });
});

describe('order', () => {
  test('`after` names a volume of each node, or a feature', async () => {
    expect(places(await lintWith('features: { kata: { nodes: [w-1], after: scratch } }\n'))).toEqual([
      'error feature-order 15:42',
    ]);
    expect(await lintWith('features: { kata: { after: gvisor }, gvisor: true }\n')).toEqual([]);
    const volume = SOUND.replace(
      'w-1: { role: worker,',
      'w-1: { role: worker, volumes: { scratch: { size: 10GB, disk: nvme } },',
    );
    const { findings } = await load(`${volume}features: { kata: { nodes: [w-1], after: scratch } }\n`);
    expect(findings.filter(({ rule }) => rule === 'feature-order')).toEqual([]);
  });

  test('a circle is an error', async () => {
    const findings = await lintWith('features: { kata: { after: gvisor }, gvisor: { after: kata } }\n');

    expect(findings.map(({ rule }) => rule)).toEqual(['feature-order', 'feature-order']);
  });
});

describe('what each feature minds', () => {
  test('S1-11 routes that are only a part of the cluster’s networks are a warning', async () => {
    expect(places(await lintWith(feature(', routes: [10.244.0.0/16]')))).toEqual(['warning ts-routes-part 15:56']);
    expect(await lintWith(feature(', routes: [10.244.0.0/16, 10.96.0.0/12]'))).toEqual([]);
    expect(await lintWith(feature(', routes: cluster'))).toEqual([]);
  });

  test('nodes that accept the routes which they advertise themselves are an error', async () => {
    expect((await lintWith(feature(', routes: cluster, acceptRoutes: true'))).map(({ rule }) => rule)).toEqual([
      'ts-accept-own',
    ]);
    expect(await lintWith(feature(', routes: [192.168.7.0/24], acceptRoutes: true'))).toEqual([]);
  });

  test('S1-16 a key that is used at every start is a warning', async () => {
    expect((await lintWith(feature(', authOnce: false'))).map(({ rule }) => rule)).toEqual(['ts-auth-once']);
  });

  test('two writers of containerd’s part are an error', async () => {
    const patch =
      'patches:\n  - machine: { files: [{ path: /etc/cri/conf.d/20-customization.part, op: create, content: "[metrics]" }] }\n';
    const gpu = 'features: { nvidia: { nodes: [w-1], default: true } }\n';

    expect((await lintWith(gpu + patch)).map(({ rule }) => rule)).toContain('cri-reserved');
    expect((await lintWith(patch)).map(({ rule }) => rule)).not.toContain('cri-reserved');
  });

  test('Longhorn’s second engine needs a raw volume', async () => {
    const text = 'features: { longhorn: { nodes: [w-1], engine: v2 } }\n';

    expect((await lintWith(text)).map(({ rule }) => rule)).toEqual(['longhorn-raw-volume']);
  });
});

test('parts in the cluster are said to be not installed, what is only on the node is not', async () => {
  const warned = async (text: string): Promise<readonly string[]> =>
    (await load(SOUND + text)).findings.filter(({ rule }) => rule === 'not-acted-on').map(({ message }) => message);

  expect(await warned(feature(''))).toEqual([]);
  expect(await warned('features: { gvisor: true }\n')).toEqual([
    expect.stringContaining('what gvisor needs besides is not installed'),
  ]);
});
