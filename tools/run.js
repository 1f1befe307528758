// Runs a TypeScript tool of this repository: bundles it in memory with esbuild (Node 20 cannot strip types) and imports the result.
import { build } from 'esbuild';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node tools/run.js FILE.ts [ARGUMENT …]\n');
  process.exit(1);
}
const source = resolve(file);
const result = await build({
  entryPoints: [source],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
  define: { 'import.meta.url': JSON.stringify(pathToFileURL(source).href) },
});
// Beside the source, so that packages resolve; removed as soon as it is loaded.
const bundle = join(dirname(source), `.${process.pid}.run.mjs`);
writeFileSync(bundle, result.outputFiles[0].text);
process.argv = [process.argv[0], source, ...rest];
try {
  await import(pathToFileURL(bundle).href);
} finally {
  rmSync(bundle, { force: true });
}
