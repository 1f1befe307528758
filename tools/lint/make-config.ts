/**
 * Writes `.oxlintrc.json` out of `house.json`: one `no-restricted-imports` override per room, so that imports go downwards only
 * (design §3). `npm run lint` compares the file with what this makes, so neither can drift from the other.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

const root = new URL('../../', import.meta.url);

export function makeLintConfig(house: Readonly<Record<string, readonly string[]>>): string {
  const rooms = Object.keys(house).filter((room) => room !== 'errors-system');
  const overrides: Override[] = [];
  for (const room of rooms) {
    const allowed = new Set([room, ...(house[room] ?? [])]);
    const forbidden = rooms.filter((other) => !allowed.has(other));
    overrides.push({
      files: [`src/${room}/**/*.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
                message: `${room}/ may import only: ${[...allowed].slice(1).join(', ') || 'nothing of the other rooms'} (tools/lint/house.json).`,
              },
            ],
          },
        ],
      },
    });
  }
  // Tests may reach for the simulator, which stands in for the world, from every floor.
  overrides.push({
    files: ['**/*.test.ts', 'test/**', 'tools/**', 'bench/**'],
    rules: {
      'no-restricted-imports': 'off',
      'no-console': 'off',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
    },
  });
  overrides.push({ files: ['src/gen/**', 'ui/**'], rules: { 'max-lines': 'off' } });
  const config = {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'import', 'unicorn', 'oxc'],
    categories: { correctness: 'error' },
    ignorePatterns: ['src/gen/**', 'dist/**', 'test/fixtures/**', 'test/golden/**', 'tools/lint/fixtures/**'],
    rules: {
      'import/no-cycle': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 4],
      'max-params': ['error', { max: 4 }],
      'no-console': 'error',
      'typescript/no-explicit-any': 'error',
      'typescript/no-non-null-assertion': 'error',
      'typescript/no-floating-promises': 'error',
      'typescript/consistent-type-imports': 'error',
    },
    overrides: [
      { files: ['**/*.test.ts', 'test/**', 'bench/**'], rules: { 'max-lines-per-function': 'off' } },
      ...overrides,
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export function readHouse(): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(readFileSync(new URL('tools/lint/house.json', root), 'utf8'));
}

if (process.argv[1]?.endsWith('make-config.ts')) {
  writeFileSync(new URL('.oxlintrc.json', root), makeLintConfig(readHouse()));
}
