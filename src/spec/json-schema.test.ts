import { Ajv } from 'ajv';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SOUND, load } from '../../test/support/cluster-file.ts';
import { clusterJsonSchema, clusterJsonSchemaText } from './json-schema.ts';

const ROOT = new URL('../../', import.meta.url);
const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(clusterJsonSchema());

function errorsOf(text: string): readonly string[] {
  validate(parse(text, { merge: true }));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function textOf(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8');
}

test('the shipped file is up to date (npm run gen:schema)', () => {
  expect(textOf('schema/cluster.schema.json') === clusterJsonSchemaText()).toBe(true);
});

test('the document of the design and every example are valid', () => {
  const examples = readdirSync(fileURLToPath(new URL('examples', ROOT)))
    .filter((name) => !name.includes('.'))
    .map((name) => `examples/${name}/cluster.yaml`);

  expect(examples.length).toBeGreaterThan(0);
  expect(
    ['test/fixtures/spec/design.yaml', ...examples].flatMap((path) =>
      errorsOf(textOf(path)).map((error) => `${path}: ${error}`),
    ),
  ).toEqual([]);
});

describe('it agrees with the loader', () => {
  test.each([
    ['an unknown key', `${SOUND}nmae: x\n`],
    ['an unknown key of a node', SOUND.replace('w-1: { role', 'w-1: { rol')],
    ['an unknown role', SOUND.replace('role: worker', 'role: wroker')],
    ['a label that is no text', `${SOUND}labels: { a: true }\n`],
    ['hardware that the catalogue does not know', `${SOUND}hardware: [nvidia]\n`],
    ['a short version', SOUND.replace('v1.13.9', 'v1.13')],
    ['another format', SOUND.replace('ichor: 1', 'ichor: 2')],
  ])('%s is refused by both', async (_, text) => {
    expect(errorsOf(text)).not.toEqual([]);
    expect((await load(text)).findings.filter(({ severity }) => severity === 'error')).not.toEqual([]);
  });

  test.each([
    ['appending to a list', `${SOUND}classes: { a: { hardware+: [intel], volumes: { x: { size: 1GB } } } }\n`],
    [
      'removing what is inherited',
      `${SOUND}classes: { a: { hardware: null, labels: null, install: { wipe: null } } }\n`,
    ],
    ['patches of all forms', `${SOUND}patches: [{ machine: {} }, [{ op: add, path: /a, value: 1 }], "@x.yaml"]\n`],
  ])('%s is accepted by both', async (_, text) => {
    expect(errorsOf(text)).toEqual([]);
    const files = { 'cluster.yaml': text, 'x.yaml': 'machine: {}\n' };
    expect((await load(files)).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
