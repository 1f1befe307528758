import { describe, expect, it } from 'vitest';
import { parseVariables, substitute, withoutComments } from './substitute.ts';

const variables = new Map([
  ['name', 'home'],
  ['empty', ''],
]);

describe('variables of talhelper', () => {
  it.each([
    ['$name-${name}', 'home-home'],
    ['$$name costs $5', '$name costs $5'],
    ['${other:-10.0.4.1}', '10.0.4.1'],
    ['${name:+set}${other:+set}', 'set'],
    ['${empty:-else}', 'else'],
  ])('are put into %s', (text, result) => {
    expect(substitute(text, variables)).toMatchObject({ text: result, missing: new Set() });
  });

  it('are named when they are unset or empty', () => {
    expect([...substitute('${other} ${empty} $name', variables).missing]).toEqual(['other', 'empty']);
  });

  it('come from lines of YAML and of shell', () => {
    expect(parseVariables('---\na: "b c" # why\nexport D=e\n# f: g\nh: i#j\nsops:\n')).toEqual(
      new Map([
        ['a', 'b c'],
        ['D', 'e'],
        ['h', 'i#j'],
      ]),
    );
  });

  it('are not looked for in comments; scalars stay as they were written', () => {
    const text = withoutComments('# $a\nmode: 0644 # $b\ntext: |\n  # stays $c\n', 'file');

    expect(text).toBe('mode: 0644\ntext: |\n  # stays $c\n');
  });
});
