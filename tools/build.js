// Builds dist/: the library with its types by tsc (dist/lib), the command line as split bundles by esbuild (dist/cli) so that
// `--help` loads next to nothing. `--cli` builds only the latter (what the demo and the end-to-end tests need), and `--out NAME` puts it
// into dist/NAME.
import { build } from 'esbuild';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './install.js';

const only = process.argv.includes('--cli');
const out = process.argv.includes('--out') ? process.argv[process.argv.indexOf('--out') + 1] : 'cli';
// Built beside and swapped in, so that a program that is starting never finds half of it.
const fresh = join(root, `dist/.cli-${process.pid}`);
await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: fresh,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minifySyntax: true,
  // The ES form of packages that have one: CommonJS behind a dynamic import would only show its default export.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  // Bundled CommonJS packages still call require; the long name cannot collide with a minified one.
  banner: {
    js: "import { createRequire as __createRequireForIchor } from 'node:module'; const require = __createRequireForIchor(import.meta.url);",
  },
});
rmSync(join(root, 'dist', out), { recursive: true, force: true });
renameSync(fresh, join(root, 'dist', out));
if (existsSync(join(root, 'ui/main.tsx'))) {
  await build({
    absWorkingDir: root,
    entryPoints: ['ui/main.tsx'],
    outdir: 'dist/ui',
    bundle: true,
    minify: true,
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
}
if (!only) {
  rmSync(join(root, 'dist/lib'), { recursive: true, force: true });
  run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json']);
}
