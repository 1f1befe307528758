import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { NodeSpec } from './model.ts';
import { SOUND, loadSound } from '../../test/support/cluster-file.ts';
import { createPatchReader } from './patch-facts.ts';

const PATHS = [[], ['a'], ['a', 'b'], ['a', 0], ['a', 0, 'b'], ['machine', 'files', 1, 'path'], ['none']];

test('a plain patch is read as the YAML library reads it, with every place', async () => {
  const node = (await loadSound(SOUND)).nodes[0];
  if (node === undefined) throw new Error('no node');
  const key = fc.constantFrom('a', 'b', 'kind', 'name', 'machine', 'files', 'path');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('x', 1, true, null, '0644', 'a: b', 0.5),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value, { minKeys: 1 }), fc.boolean(), (document, isFlow) => {
      const text = stringify(document, { collectionStyle: isFlow ? 'flow' : 'block', aliasDuplicateObjects: false });

      // A tab in a comment is nothing that the quick reader takes.
      expect(facts(node, text)).toEqual(facts(node, `${text}#\t\n`));
    }),
  );
});

function facts(node: NodeSpec, text: string): unknown {
  const origin = { layer: { kind: 'cluster' }, where: { file: 'f.yaml', line: 10, column: 5 } } as const;
  const { documents, broken } = createPatchReader()({ ...node, patches: [{ text, origin }] });
  return {
    documents: documents.map((document) => ({
      kind: document.kind,
      name: document.name,
      value: document.value,
      places: PATHS.map((path) => document.place(path)),
    })),
    broken: broken.length,
  };
}
