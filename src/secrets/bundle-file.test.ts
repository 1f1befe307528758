import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../system.ts';
import { generateIdentity, type Identities } from './age.ts';
import {
  createBundle,
  loadBundle,
  loadBundleThatExists,
  loadOrCreateBundle,
  type CreateBundleOptions,
} from './bundle-file.ts';
import { parseBundle, renderBundle } from './bundle.ts';
import { createRedactor, secretValuesOf } from './redact.ts';
import { decryptSops } from './sops/file.ts';

const bundle = parseBundle(
  readFileSync(new URL('../../test/fixtures/secrets/d-contract-1.14.yaml', import.meta.url), 'utf8'),
);
let folder: string;
let identity: { readonly identity: string; readonly recipient: string };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ichor-bundle-'));
  identity = await generateIdentity();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a bundle that is made', () => {
  test('S3-11 is encrypted before it touches the disk, mode 0600, and opens to the same bundle', async () => {
    const path = join(folder, 'talsecret.sops.yaml');

    const created = await createBundle({
      ...options(path),
      protection: { kind: 'recipients', recipients: [identity.recipient] },
    });

    expect(created).toMatchObject({ origin: 'created', isEncrypted: true, warnings: [], bundle });
    expect(readdirSync(folder)).toEqual(['talsecret.sops.yaml']);
    expect(createRedactor(secretValuesOf(bundle)).holdsSecret(readFileSync(path, 'utf8'))).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await decryptSops(readFileSync(path, 'utf8'), path, await identities())).toBe(renderBundle(bundle));
    expect(await loadBundle({ path, identities })).toMatchObject({ origin: 'loaded', isEncrypted: true, bundle });
  });

  test('follows .sops.yaml', async () => {
    writeFileSync(
      join(folder, '.sops.yaml'),
      `creation_rules:\n  - path_regex: secrets\\.sops\\.yaml$\n    age: ${identity.recipient}\n`,
    );
    const path = join(folder, 'secrets.sops.yaml');

    await createBundle(options(path));

    expect(readFileSync(path, 'utf8')).toContain(`recipient: ${identity.recipient}`);
    await expect(createBundle(options(join(folder, 'other.yaml')))).rejects.toThrow(
      'no creation rule that matches other.yaml',
    );
  });

  test('is refused under a rule that would leave secrets in the clear', async () => {
    writeFileSync(
      join(folder, '.sops.yaml'),
      `creation_rules:\n  - encrypted_regex: ^key$\n    age: ${identity.recipient}\n`,
    );

    await expect(createBundle(options(join(folder, 's.yaml')))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('encrypted_regex'),
    });
    expect(existsSync(join(folder, 's.yaml'))).toBe(false);
  });

  test('S3-29 is not written without recipients unless the clear is asked for, and never under an encrypted name', async () => {
    const clear = { kind: 'plaintext' } as const;

    await expect(createBundle(options(join(folder, 'secrets.yaml')))).rejects.toMatchObject({
      code: 'secret-unavailable',
    });
    await expect(
      createBundle({ ...options(join(folder, 'secrets.sops.yaml')), protection: clear }),
    ).rejects.toMatchObject({ code: 'refused' });
    expect(readdirSync(folder)).toEqual([]);

    const written = await createBundle({ ...options(join(folder, 'secrets.yaml')), protection: clear });
    expect(written.warnings).toEqual([expect.stringContaining('in the clear')]);
    expect(readFileSync(written.path, 'utf8')).toBe(renderBundle(bundle));
    expect(statSync(written.path).mode & 0o777).toBe(0o600);
  });

  test('S3-10 is never made again: what stands there is kept, whatever it is', async () => {
    const path = join(folder, 'secrets.yaml');
    writeFileSync(path, 'not a bundle');

    await expect(createBundle({ ...options(path), protection: { kind: 'plaintext' } })).rejects.toMatchObject({
      code: 'refused',
    });
    await expect(
      loadOrCreateBundle({ ...options(path), identities, protection: { kind: 'plaintext' } }),
    ).rejects.toMatchObject({ code: 'invalid-input' });
    expect(readFileSync(path, 'utf8')).toBe('not a bundle');
  });

  test('S4-60 is one for all who ask for it, also when they ask at the same time', async () => {
    const path = join(folder, 'secrets.yaml');
    const again = () =>
      loadOrCreateBundle({
        ...options(path),
        content: { kind: 'new', talos: 'v1.2' },
        identities,
        protection: { kind: 'plaintext' },
      });

    const together = await Promise.all([again(), again(), again()]);
    const later = await again();

    expect(together.filter(({ origin }) => origin === 'created')).toHaveLength(1);
    for (const { bundle: loaded } of [...together, later]) expect(loaded).toEqual(together[0]?.bundle);
    expect(readdirSync(folder)).toEqual(['secrets.yaml']);
  });
});

describe('a bundle that is loaded', () => {
  test('in the clear comes with a warning, and another when others may read it', async () => {
    const path = join(folder, 'talsecret.yaml');
    writeFileSync(path, renderBundle(bundle).replaceAll('    ', '  '), { mode: 0o644 });

    const loaded = await loadBundle({ path, identities });

    expect(loaded).toMatchObject({ bundle, isEncrypted: false });
    expect(loaded?.warnings).toEqual([expect.stringContaining('in the clear'), expect.stringContaining('chmod 600')]);
  });

  test('is refused when a key belongs to another certificate, and warned of when an authority ends', async () => {
    const path = join(folder, 'secrets.yaml');
    const ending = { path, identities, now: new Date('2036-01-01') };

    writeFileSync(path, renderBundle(bundle), { mode: 0o600 });
    const loaded = await loadBundle(ending);
    writeFileSync(
      path,
      renderBundle({
        ...bundle,
        certs: { ...bundle.certs, etcd: { ...bundle.certs.etcd, key: bundle.certs.k8s.key } },
      }),
    );

    expect(loaded?.warnings).toHaveLength(5);
    expect(loaded?.warnings).toContainEqual(expect.stringContaining('certs.os.crt: ended on 2035-'));
    await expect(loadBundle(ending)).rejects.toThrow('certs.etcd.key: does not belong to the certificate beside it');
  });

  test('without its key says so, and without a file says what to do', async () => {
    const path = join(folder, 's.sops.yaml');
    await createBundle({ ...options(path), protection: { kind: 'recipients', recipients: [identity.recipient] } });
    const nobody = async (): Promise<Identities> => ({ keys: [], looked: ['SOPS_AGE_KEY (no key)'] });

    await expect(loadBundle({ path, identities: nobody })).rejects.toMatchObject({ code: 'secret-unavailable' });
    await expect(loadBundleThatExists({ path: join(folder, 'none.yaml'), identities })).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(await loadBundle({ path: join(folder, 'none.yaml'), identities })).toBeUndefined();
  });
});

function options(path: string): CreateBundleOptions {
  return { path, now: new Date('2026-03-01'), random: systemRandom, content: { kind: 'given', bundle } };
}

async function identities(): Promise<Identities> {
  return { keys: [identity.identity], looked: [] };
}
