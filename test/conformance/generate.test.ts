import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { TALOS_MINORS } from '../../src/talos/documents/tables.ts';
import { generateConfig } from '../../src/talos/generate/generate.ts';
import type { GenerateOptions } from '../../src/talos/generate/input.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { openOracle } from './oracle.ts';
import { clusterName, endpoint, generateOptions } from './random-config.ts';

const RUNS = 1000;
const secrets = ['a-contract-1.11', 'b-contract-1.14', 'c-contract-1.2', 'd-contract-1.14'].map((name) =>
  readFileSync(new URL(`../fixtures/secrets/${name}.yaml`, import.meta.url), 'utf8'),
);
const bundles: ReadonlyMap<string, SecretsBundle> = new Map(secrets.map((text) => [text, parse(text)]));

/** The names under which the oracle knows our options. */
function asked({ certSANs, ...options }: GenerateOptions): Readonly<Record<string, unknown>> {
  return certSANs === undefined ? { ...options } : { ...options, additionalSANs: certSANs };
}

for (const minor of TALOS_MINORS) {
  const oracle = openOracle(`oracle-${minor}`);
  afterAll(async () => oracle?.close());

  test.skipIf(oracle === undefined)(
    `${RUNS} random clusters are generated as Talos ${minor} generates them`,
    async () => {
      const contract =
        minor === '1.14'
          ? fc.constantFrom('v1.14', 'v1.13', 'v1.12', 'v1.11', '', 'v1.14.1')
          : fc.constant(`v${minor}`);
      const input = fc.record({
        contract,
        clusterName,
        endpoint,
        options: generateOptions,
        secrets: fc.constantFrom(...secrets),
      });

      await fc.assert(
        fc.asyncProperty(input, async (drawn) => {
          const bundle = bundles.get(drawn.secrets);
          if (bundle === undefined) throw new Error('the bundle was not read');
          const theirs = await oracle?.ask({
            op: 'generate',
            ...drawn,
            kubernetesVersion: '1.34.1',
            options: asked(drawn.options),
          });

          const ours = generateConfig({ ...drawn, bundle, talos: `v${minor}.0`, kubernetes: '1.34.1' });

          expect(theirs?.error).toBeUndefined();
          expect(ours.controlplane).toBe(theirs?.controlplane);
          expect(ours.worker).toBe(theirs?.worker);
        }),
        { numRuns: RUNS },
      );
    },
  );
}
