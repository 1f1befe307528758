/**
 * What every Image Factory must do for Ichor's client: one suite, run against the simulated factory in process and over a socket, and
 * against the real server (test/real/image-factory.test.ts).
 */
import { describe, expect, test } from 'vitest';
import { createFactoryClient } from '../../src/images/factory/client.ts';
import type { ImageFactory } from '../../src/images/factory/port.ts';
import type { Fetch } from '../../src/images/http.ts';
import { createSystemClock } from '../../src/system.ts';
import { schematicId, VANILLA_SCHEMATIC_ID } from '../../src/talos/schematic/schematic.ts';

export interface FactoryUnderTest {
  readonly base: string;
  readonly fetch: Fetch;
  /** Versions that it was set up to list. */
  readonly versions: readonly string[];
  /** Requests so far that begin with this, `POST /schematics`; undefined where they cannot be seen. */
  count(request: string): number | undefined;
}

export interface FactorySuite {
  readonly name: string;
  open(): FactoryUnderTest;
  /** Why it cannot list extensions and build images, if so. */
  readonly withoutImages?: string;
}

export function imageFactorySuite(suite: FactorySuite): void {
  describe(suite.name, () => {
    const client = (): ImageFactory => {
      const { base, fetch } = suite.open();
      return createFactoryClient({ base, fetch, clock: createSystemClock() });
    };
    describeSchematics(suite, client);
    describeVersions(suite, client);
  });
}

function describeSchematics(suite: FactorySuite, client: () => ImageFactory): void {
  test('S0-7 S1-19 a schematic is submitted once; the second time it is known', async () => {
    const schematic = {
      customization: {
        systemExtensions: { officialExtensions: ['siderolabs/iscsi-tools', 'siderolabs/util-linux-tools'] },
      },
    };
    const first = await client().submit(schematic);
    const posts = suite.open().count('POST /schematics');
    const second = await client().submit(schematic);

    expect(first.id).toBe('613e1592b2da41ae5e265e8789429f22e121aab91cb4deb6bc3c0b6262961245');
    expect(second).toEqual({ id: first.id, wasKnown: true });
    expect(suite.open().count('POST /schematics')).toBe(posts);
  });

  test.each([
    ['arguments with a removal', { customization: { extraKernelArgs: ['-console', 'console=ttyS0,115200', 'a: b'] } }],
    [
      'META with several lines',
      { customization: { meta: [{ key: 10, value: 'addresses:\n  - address: 10.0.4.101/24\n' }] } },
    ],
    [
      'an overlay',
      {
        overlay: {
          image: 'siderolabs/sbc-raspberrypi',
          name: 'rpi_generic',
          options: { configTxt: 'a\nb\n', count: 1.5, flag: true },
        },
      },
    ],
    [
      'everything',
      {
        customization: {
          bootloader: 'sd-boot',
          secureboot: { includeWellKnownCertificates: true },
          diskImage: { sectorSize: 4096 },
        },
      } as const,
    ],
  ])('the id that was computed for %s is the one that the factory gives', async (_name, schematic) => {
    expect((await client().submit(schematic)).id).toBe(schematicId(schematic).id);
  });

  test('a schematic whose id depends on the version of the factory has one of the two that were computed', async () => {
    const schematic = { customization: { secureboot: { enrollKeys: 'off' } } };
    const { id, idOlder } = schematicId(schematic);

    const submitted = await client().submit(schematic);

    expect(idOlder).toBeDefined();
    expect([id, idOlder]).toContain(submitted.id);
    expect(await client().submit(schematic)).toEqual({ id: submitted.id, wasKnown: true });
  });

  test('S0-4 a known id is read back as its canonical text, an unknown one is undefined', async () => {
    const schematic = { customization: { extraKernelArgs: ['quiet'] } };
    const { id } = await client().submit(schematic);

    expect(await client().read(id)).toBe(schematicId(schematic).canonical);
    expect(await client().read('0'.repeat(64))).toBeUndefined();
  });

  test('F2-4 the factory refuses an unknown field as well', async () => {
    const { base, fetch } = suite.open();
    const response = await fetch(`${base}/schematics`, {
      method: 'POST',
      body: 'customization:\n  configPatches: [a]\n',
    });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain('configPatches');
  });

  test('the vanilla schematic has its known id', async () => {
    expect((await client().submit({})).id).toBe(VANILLA_SCHEMATIC_ID);
  });
}

function describeVersions(suite: FactorySuite, client: () => ImageFactory): void {
  test('the versions are those that were set up, with v', async () => {
    expect((await client().versions()).toSorted()).toEqual(suite.open().versions.toSorted());
  });

  const imageTest = test.skipIf(suite.withoutImages !== undefined);
  imageTest(
    `S1-4 the official extensions of a version are listed${suite.withoutImages === undefined ? '' : ` (skipped: ${suite.withoutImages})`}`,
    async () => {
      const [version = ''] = suite.open().versions;
      const extensions = await client().extensions(version);

      expect(extensions.map(({ name }) => name)).toContain('siderolabs/amdgpu');
      for (const { digest } of extensions) expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    },
  );

  imageTest('a version that the factory does not know is not found', async () => {
    await expect(client().extensions('v0.1.0')).rejects.toMatchObject({ code: 'not-found' });
  });
}
