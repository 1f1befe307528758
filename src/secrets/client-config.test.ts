import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { inspectCertificate, isIssuedBy, splitCertificates } from '../pki/inspect.ts';
import { systemRandom } from '../system.ts';
import { decodePem, parseBundle } from './bundle.ts';
import { mergeKubeconfigFile, mergeTalosconfigFile } from './client-file.ts';
import {
  createKubeconfig,
  kubeconfigPath,
  mergeKubeconfig,
  renderKubeconfig,
  type KubeconfigEntry,
} from './kubeconfig.ts';
import {
  createTalosContext,
  mergeTalosconfig,
  parseTalosconfig,
  renderTalosconfig,
  talosconfigPath,
  type TalosContext,
} from './talosconfig.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/secrets/${name}.yaml`, import.meta.url), 'utf8');
const bundle = parseBundle(fixture('d-contract-1.14'));
const other = parseBundle(fixture('a-contract-1.11'));
const live = { now: new Date('2026-03-01T10:00:00Z'), random: systemRandom };
let ours: TalosContext;
let theirs: TalosContext;
let admin: KubeconfigEntry;
let foreignAdmin: KubeconfigEntry;

beforeAll(async () => {
  ours = await createTalosContext(bundle, { ...live, endpoints: ['10.0.4.101'] });
  theirs = await createTalosContext(other, live);
  admin = await createKubeconfig(bundle, { ...live, clusterName: 'homelab', endpoint: 'https://10.0.4.100:6443' });
  foreignAdmin = await createKubeconfig(other, { ...live, clusterName: 'work', endpoint: 'https://192.0.2.1:6443' });
});

describe('talosconfig', () => {
  test.each([
    ['base', 'demo'],
    ['endpoints', 'demo'],
    ['odd-name', '0123'],
  ])('is written as Talos writes it: %s', (name, context) => {
    const text = fixture(`talosconfig-${name}`);
    const read = parseTalosconfig(text, 'talosconfig').contexts.get(context);

    expect(read && renderTalosconfig(context, read)).toBe(text);
  });

  test('F4-12 is issued again from the bundle alone, for the asked roles and time', async () => {
    const reader = await createTalosContext(bundle, {
      ...live,
      roles: ['os:reader'],
      ttlMs: 3_600_000,
      nodes: ['10.0.4.102'],
    });

    expect(isIssuedBy(decodePem(reader.crt), decodePem(bundle.certs.os.crt))).toBe(true);
    expect(inspectCertificate(decodePem(reader.crt))).toMatchObject({
      organization: ['os:reader'],
      notAfter: new Date('2026-03-01T11:00:00Z'),
    });
    expect(inspectCertificate(decodePem(ours.crt)).organization).toEqual(['os:admin']);
    expect(reader.nodes).toEqual(['10.0.4.102']);
  });

  const existing = (): string => `# my clusters
context: work
contexts:
  work: # the one that pays
    endpoints: [192.0.2.1]
    ca: ${theirs.ca}
    crt: ${theirs.crt}
    key: ${theirs.key}
    proxy-url: socks5://jump
# the end
`;

  test('is merged without losing another context, a comment or an unknown key', () => {
    const merged = mergeTalosconfig(existing(), ours, { file: 'config', name: 'homelab', activate: false });

    expect(merged).toMatchObject({ name: 'homelab', change: 'added' });
    expect(parse(merged.text)).toEqual({
      ...parse(existing()),
      contexts: { ...parse(existing()).contexts, homelab: ours },
    });
    expect(merged.text.match(/#.*/g)).toEqual(existing().match(/#.*/g));
  });

  test('becomes the current one when asked, or when there is none', () => {
    const options = { file: 'config', name: 'homelab' };

    expect(parse(mergeTalosconfig(existing(), ours, { ...options, activate: true }).text).context).toBe('homelab');
    for (const empty of [undefined, '', 'context: ""\ncontexts: {}\n']) {
      expect(parse(mergeTalosconfig(empty, ours, { ...options, activate: false }).text).context).toBe('homelab');
    }
    expect(mergeTalosconfig(undefined, ours, { ...options, activate: true }).text).toBe(
      renderTalosconfig('homelab', ours),
    );
  });

  test('of the same cluster is renewed in place: nodes and further keys stay', async () => {
    const renewed = await createTalosContext(other, live);

    const merged = mergeTalosconfig(existing(), renewed, { file: 'config', name: 'work', activate: false });

    expect(merged.change).toBe('renewed');
    expect(parse(merged.text).contexts.work).toEqual({
      ...parse(existing()).contexts.work,
      crt: renewed.crt,
      key: renewed.key,
    });
  });

  test('F0-10 under a name that belongs to another cluster is refused, renamed or replaced, as asked', () => {
    const options = { file: 'config', name: 'work', activate: false };

    expect(() => mergeTalosconfig(existing(), ours, options)).toThrow(expect.objectContaining({ code: 'refused' }));
    const renamed = mergeTalosconfig(existing(), ours, { ...options, onConflict: 'rename' });
    expect(renamed.name).toBe('work-1');
    expect(mergeTalosconfig(renamed.text, ours, { ...options, onConflict: 'rename' })).toMatchObject({
      name: 'work-1',
      change: 'renewed',
    });
    expect(parse(mergeTalosconfig(existing(), ours, { ...options, onConflict: 'replace' }).text).contexts).toEqual({
      work: ours,
    });
  });

  test('lies where talosctl looks', () => {
    expect(talosconfigPath({ HOME: '/h', TALOSCONFIG: '/t', TALOS_HOME: '/x' }, '/flag')).toBe('/flag');
    expect(talosconfigPath({ HOME: '/h', TALOSCONFIG: '/t', TALOS_HOME: '/x' })).toBe('/t');
    expect(talosconfigPath({ HOME: '/h', TALOS_HOME: '/x' })).toBe('/x/config');
    expect(talosconfigPath({ HOME: '/h' })).toBe('/h/.talos/config');
    expect(() => talosconfigPath({})).toThrow('no home directory');
  });
});

describe('kubeconfig', () => {
  test("is that of the administrator, trusted by the cluster's authority", () => {
    const config = parse(renderKubeconfig(admin));

    expect(config).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'admin@homelab',
      clusters: [
        {
          name: 'homelab',
          cluster: { server: 'https://10.0.4.100:6443', 'certificate-authority-data': bundle.certs.k8s.crt },
        },
      ],
      contexts: [
        { name: 'admin@homelab', context: { cluster: 'homelab', namespace: 'default', user: 'admin@homelab' } },
      ],
      users: [{ name: 'admin@homelab', user: { 'client-certificate-data': admin.crt, 'client-key-data': admin.key } }],
    });
    expect(inspectCertificate(decodePem(admin.crt))).toMatchObject({
      organization: ['system:masters'],
      commonName: 'admin',
    });
    expect(isIssuedBy(decodePem(admin.crt), decodePem(bundle.certs.k8s.crt))).toBe(true);
  });

  test('trusts all accepted authorities, its own last', async () => {
    const entry = await createKubeconfig(bundle, {
      ...live,
      clusterName: 'c',
      endpoint: 'https://x:6443',
      acceptedAuthorities: [decodePem(other.certs.k8s.crt)],
    });

    expect(splitCertificates(decodePem(entry.ca))).toEqual([
      decodePem(other.certs.k8s.crt),
      decodePem(bundle.certs.k8s.crt),
    ]);
  });

  const existing = (): string =>
    `# kept\n${renderKubeconfig(foreignAdmin).replace('    namespace: default', '    namespace: team # mine')}preferences:\n  colors: true\n`;

  test('is merged without losing another cluster, a comment or an unknown key', () => {
    const merged = mergeKubeconfig(existing(), admin, { file: 'config', activate: false });

    const [before, after, added] = [parse(existing()), parse(merged.text), parse(renderKubeconfig(admin))];
    expect(after).toEqual({
      ...before,
      clusters: [...before.clusters, ...added.clusters],
      contexts: [...before.contexts, ...added.contexts],
      users: [...before.users, ...added.users],
    });
    expect(merged.text.match(/#.*/g)).toEqual(['# kept', '# mine']);
    expect(parse(mergeKubeconfig(existing(), admin, { file: 'config', activate: true }).text)['current-context']).toBe(
      'admin@homelab',
    );
  });

  test('of the same cluster is renewed in place and keeps the chosen namespace', async () => {
    const renewed = await createKubeconfig(other, { ...live, clusterName: 'work', endpoint: 'https://192.0.2.9:6443' });

    const merged = mergeKubeconfig(existing(), renewed, { file: 'config', activate: false });

    const config = parse(merged.text);
    expect(merged.change).toBe('renewed');
    expect(config.clusters).toEqual([
      {
        name: 'work',
        cluster: { server: 'https://192.0.2.9:6443', 'certificate-authority-data': other.certs.k8s.crt },
      },
    ]);
    expect(config.contexts[0].context.namespace).toBe('team');
    expect(config.users[0].user['client-key-data']).toBe(renewed.key);
  });

  test('F0-10 under a name of another cluster is refused, renamed or replaced, as asked', () => {
    const clash = { ...admin, clusterName: 'work' };

    expect(() => mergeKubeconfig(existing(), clash, { file: 'config', activate: false })).toThrow(
      expect.objectContaining({ code: 'refused' }),
    );
    expect(mergeKubeconfig(existing(), clash, { file: 'config', activate: false, onConflict: 'rename' }).name).toBe(
      'admin@work-1',
    );
    const replaced = parse(
      mergeKubeconfig(existing(), clash, { file: 'config', activate: false, onConflict: 'replace' }).text,
    );
    expect(replaced.clusters).toEqual([
      { name: 'work', cluster: { server: admin.server, 'certificate-authority-data': admin.ca } },
    ]);
    expect(replaced.users).toHaveLength(1);
  });

  test('lies where kubectl looks', () => {
    expect(kubeconfigPath({ HOME: '/h', KUBECONFIG: ':/a:/b' })).toBe('/a');
    expect(kubeconfigPath({ HOME: '/h' })).toBe('/h/.kube/config');
  });
});

describe('the files', () => {
  test('are written whole, mode 0600, in a folder closed to others; a link stays a link', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ichor-client-'));
    const path = join(folder, 'new', '.talos', 'config');

    await mergeTalosconfigFile(ours, { path, name: 'homelab', activate: true });
    await mergeTalosconfigFile(theirs, { path, name: 'work', activate: false });
    symlinkSync(path, join(folder, 'link'));
    await mergeTalosconfigFile(theirs, { path: join(folder, 'link'), name: 'more', activate: false });
    await mergeKubeconfigFile(admin, { path: join(folder, 'kube'), activate: true });

    expect([...parseTalosconfig(readFileSync(path, 'utf8'), path).contexts.keys()]).toEqual([
      'homelab',
      'work',
      'more',
    ]);
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'kube')).mode & 0o777]).toEqual([0o600, 0o600]);
    expect(statSync(join(folder, 'new', '.talos')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'new', '.talos'))).toEqual(['config']);
    rmSync(folder, { recursive: true });
  });
});
