import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { missingIn, programsOf, readGuide, renderScript } from './check-docs.ts';

const GUIDE = `# A guide

\`\`\`yaml file=greeting.txt
hello: world
\`\`\`

Not run:

\`\`\`sh
rm -rf everything
\`\`\`

<!-- run
export WHO=you
-->

\`\`\`sh run exit=3 needs=cat,sh
echo "hello $WHO"
(exit 3)
\`\`\`

\`\`\`text expect
hello you
good bye
\`\`\`
`;

describe('a guide', () => {
  test('gives its files, its marked commands and the hidden ones, in order', () => {
    const blocks = readGuide(GUIDE);

    expect(blocks).toEqual([
      { kind: 'file', line: 3, name: 'greeting.txt', text: 'hello: world\n' },
      { kind: 'shell', line: 13, text: 'export WHO=you\n', exit: 0, needs: [], expected: [] },
      {
        kind: 'shell',
        line: 17,
        text: 'echo "hello $WHO"\n(exit 3)\n',
        exit: 3,
        needs: ['cat', 'sh'],
        expected: ['hello you', 'good bye'],
      },
    ]);
    expect(programsOf(blocks)).toEqual(['cat', 'sh']);
  });

  test('runs as one script, in which what one block exports holds for the next, and says what it promised in vain', () => {
    const blocks = readGuide(GUIDE).slice(1);

    const result = spawnSync('bash', ['-c', renderScript(blocks)], { encoding: 'utf8' });

    expect(result.status).toBe(0);
    expect(missingIn(blocks, result.stdout)).toEqual(['line 17: "good bye"']);
  });

  test('fails at a block that ends otherwise than it says', () => {
    const result = spawnSync(
      'bash',
      ['-c', renderScript(readGuide('```sh run\nfalse\n```\n\n```sh run\necho later\n```\n'))],
      { encoding: 'utf8' },
    );

    expect(result.status).toBe(1);
    expect(result.stdout).toBe('@@ 1\nline 1: ended with 1, not 0\n');
  });
});
