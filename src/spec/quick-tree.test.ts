import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseWithLibrary } from './library-tree.ts';
import { quickTree } from './quick-tree.ts';

const OUTER = { kind: 'cluster' } as const;
const EXAMPLES = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ name, text: readFileSync(join('examples', name), 'utf8') }));

/** Undefined when the library was left to it. */
function compared(text: string): boolean {
  const quick = quickTree('f.yaml', text, OUTER);
  if (quick === undefined) return false;
  expect({ tree: quick, findings: [] }).toEqual(parseWithLibrary('f.yaml', text, OUTER));
  return true;
}

const PLAIN = `# a cluster
ichor: 1
name: bench   # its name
endpoint: https://10.20.0.11:6443
network: { subnet: 10.20.0.0/16, nameservers: [1.1.1.1, '2606::1'], empty: {}, none: [] }
classes:
  metal: { platform: metal, image: { kernelArgs: [-console, net.ifnames=0] } }
nodes:
  # the first
  cp-1: { role: controlplane, mac: "00:23:24:00:00:00", install: { disk: { serial: S0, wipe: ~ } },
          labels: { a.b/c: 'it''s', n: 12, f: 1.5, t: true, v: 1.13.9 } }

  w-1:
    role: worker
    hardware+:
    - intel
    - amd   # two
    routes:
      - network: 0.0.0.0/0
        gateway: 10.0.0.1
      - - nested
    patches:
      - machine: { sysctls: { vm.max_map_count: "262144" } }
      - machine:
          sysctls:
            a.b: "1" # one
            # two
            c: 0o644
      # of the next
      - labels: { a: { $patch: delete } } # three

      - |
        machine:
          files: []

          x: y
      - |-
        debug: true
patches: [{ a: 1 }, "@file.yaml"]
`;

describe('the quick reader', () => {
  test('reads what cluster files are made of, and every value where the library finds it', () => {
    expect(compared(PLAIN)).toBe(true);
  });

  test('reads the examples as the library does, most of them by itself', () => {
    const quick = EXAMPLES.filter(({ text }) => compared(text));

    expect(quick.length).toBeGreaterThan(EXAMPLES.length / 2);
  });

  test('never reads a text otherwise than the library, however it was damaged', () => {
    const texts = [PLAIN, ...EXAMPLES.map(({ text }) => text.slice(0, 3000))];
    const pieces = fc.constantFrom(
      ...'\n:# -{}[],"\'|>&*!?%@`~1.+a',
      ' #',
      ': ',
      '\n  ',
      '\n    ',
      '- ',
      'true',
      '<<: ',
      '---\n',
      'null',
      '0x1',
      '\\n',
      ' \n',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.oneof(pieces, fc.constant(''))), { minLength: 1, maxLength: 3 }),
        (text, changes) => {
          let damaged = text;
          for (const [where, length, piece] of changes) {
            const at = where % (damaged.length + 1);
            damaged = damaged.slice(0, at) + piece + damaged.slice(at + length);
          }
          compared(damaged);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('reads any data in any of the library’s own styles as the library does', () => {
    const key = fc.stringMatching(/^[a-z][a-zA-Z0-9._/-]{0,6}\+?$/);
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.ipV4(),
      fc.webUrl(),
      key,
      fc.constantFrom('a\nb\n', '  x', '1e3', '0o7', 'yes', '~', '-', 'a: b', 'a #b', '10.0.0.0/8'),
    );
    const { tree } = fc.letrec<{ tree: unknown; map: unknown }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, fc.array(tie('tree'), { maxLength: 4 }), tie('map')),
      map: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(key, fc.constantFrom('nodes', 'classes', 'patches')), tree, { minKeys: 1, maxKeys: 4 }),
        fc.record({
          collectionStyle: fc.constantFrom('any', 'block', 'flow'),
          indentSeq: fc.boolean(),
          indent: fc.constantFrom(2, 4),
          lineWidth: fc.constantFrom(0, 80),
        }),
        (value, options) => {
          compared(stringify(value, { ...options, aliasDuplicateObjects: false }));
        },
      ),
      { numRuns: 120 },
    );
  });
});
