/** The contract of the factory client against the real Image Factory 1.4.0 server, which keeps its schematics in a registry of ours. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFactoryClient } from '../../src/images/factory/client.ts';
import { createSystemClock } from '../../src/system.ts';
import { schematicId } from '../../src/talos/schematic/schematic.ts';
import { imageFactorySuite } from '../contract/image-factory.ts';
import { howToBuild, real } from '../support/real.ts';
import { createOciRegistry } from './image-factory-registry.ts';

const PROGRAM = 'image-factory-1.4.0';
const VERSIONS = ['v1.12.11', 'v1.13.9', 'v1.14.0-rc.1'];
const program = real(PROGRAM);

describe.skipIf(program === undefined)(
  `the real Image Factory${program === undefined ? ` (skipped: ${howToBuild(PROGRAM)})` : ''}`,
  () => {
    let folder: string;
    let base: string;
    let child: ChildProcess | undefined;
    let output = '';
    const registry = createOciRegistry();

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ichor-factory-'));
      for (const version of VERSIONS) registry.addTag('siderolabs/imager', version);
      const registryPort = await listen(registry.server);
      const [port, metricsPort] = [await freePort(), await freePort()];
      base = `http://127.0.0.1:${port}`;
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      await writeFile(join(folder, 'sign.key'), privateKey.export({ type: 'sec1', format: 'pem' }));
      await writeFile(
        join(folder, 'factory.yaml'),
        configText({ base, port, metricsPort, registryPort, key: join(folder, 'sign.key') }),
      );
      child = spawn(program ?? '', ['--config', join(folder, 'factory.yaml')], {
        cwd: folder,
        env: { HOME: folder, PATH: process.env['PATH'] ?? '' },
      });
      const collect = (piece: Buffer): void => {
        output += piece.toString();
      };
      child.stdout?.on('data', collect);
      child.stderr?.on('data', collect);
      await ready(
        base,
        () => child?.exitCode ?? null,
        () => output,
      );
    });

    afterAll(async () => {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      if (child?.exitCode === null && child.kill()) await ended;
      registry.server.close();
      await rm(folder, { recursive: true, force: true });
    });

    imageFactorySuite({
      name: PROGRAM,
      open: () => ({ base, fetch, versions: VERSIONS, count: () => undefined }),
      withoutImages: 'the registry holds no real extension and imager images',
    });

    test('it is a factory of the older kind: its id of a schematic with "off" is the older of the two', async () => {
      const submitted = await createFactoryClient({ base, fetch, clock: createSystemClock() }).submit({
        customization: { secureboot: { enrollKeys: 'off' } },
      });
      expect(submitted.id).toBe('27e859ebfe0bd0bb6c9a53595770359cbafaa9fc7ef0059c046435c91e0db8c4');
    });

    test('the id of any schematic, posted as JSON, is the one that was computed, and so is its text', async () => {
      await fc.assert(
        fc.asyncProperty(anySchematic, async (schematic) => {
          const response = await fetch(`${base}/schematics`, { method: 'POST', body: JSON.stringify(schematic) });
          const identity = schematicId(JSON.stringify(schematic));
          const wanted = {
            id: identity.idOlder ?? identity.id,
            schematic: identity.canonicalOlder ?? identity.canonical,
          };
          expect(await response.json()).toEqual(wanted);
        }),
        { numRuns: 500 },
      );
    });
  },
);

/** Characters and words on which readers and writers of YAML differ. */
const word = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      'a',
      'Z',
      '0',
      '9',
      ':',
      ' ',
      '#',
      '-',
      '\n',
      '"',
      "'",
      'é',
      '=',
      '.',
      ',',
      '?',
      '&',
      '*',
      '!',
      '|',
      '>',
      '%',
      '@',
      '`',
      '{',
      '}',
      '[',
      ']',
      '\t',
      '\\',
      '~',
      '/',
      '日',
      '_',
      '+',
    ),
    maxLength: 12,
  }),
  fc.constantFrom(
    'yes',
    'off',
    'null',
    '~',
    '0x1f',
    '0o17',
    '1e3',
    '1_000',
    '12:30',
    '2024-01-02',
    '.inf',
    '<<',
    '---',
    'true',
    '-0',
    '',
    ' ',
    'a'.repeat(200),
  ),
);

const anySchematic = fc.record(
  {
    overlay: fc.record({
      image: word,
      name: word,
      options: fc.dictionary(
        word.filter((key) => key !== '__proto__'),
        fc.oneof(
          word,
          fc.integer(),
          fc.boolean(),
          fc.array(word, { maxLength: 2 }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        { maxKeys: 4 },
      ),
    }),
    customization: fc.record(
      {
        embeddedMachineConfiguration: word,
        extraKernelArgs: fc.array(word, { maxLength: 3 }),
        meta: fc.array(fc.record({ key: fc.nat({ max: 255 }), value: word }), { maxLength: 3 }),
        systemExtensions: fc.record({ officialExtensions: fc.array(word, { maxLength: 3 }) }),
        secureboot: fc.record({ enrollKeys: word, includeWellKnownCertificates: fc.boolean() }),
        diskImage: fc.record({ sectorSize: fc.nat() }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

interface FactoryConfig {
  readonly base: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly registryPort: number;
  readonly key: string;
}

/** Every line is set: the defaults listen on all interfaces and name public registries. */
function configText({ base, port, metricsPort, registryPort, key }: FactoryConfig): string {
  const registry = `registry: "127.0.0.1:${registryPort}"`;
  return `http: {httpListenAddr: "127.0.0.1:${port}", externalURL: "${base}/", externalPXEURL: "${base}/"}
metrics: {addr: "127.0.0.1:${metricsPort}"}
containerSignature: {disabled: true}
cache:
  signingKeyPath: ${key}
  oci: {${registry}, namespace: siderolabs/image-factory, repository: cache, insecure: true}
artifacts:
  core: {${registry}, insecure: true}
  schematic: {${registry}, namespace: siderolabs/image-factory, repository: schematics, insecure: true}
  installer: {internal: {${registry}, namespace: siderolabs, insecure: true}}
`;
}

async function ready(base: string, exitCode: () => number | null, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (exitCode() !== null) throw new Error(`the factory ended with ${exitCode()}:\n${output().slice(-3000)}`);
    const isUp = await fetch(`${base}/versions`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await wait(100);
  }
  throw new Error(`the factory did not come up:\n${output().slice(-3000)}`);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
