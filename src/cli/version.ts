/** The version of this package, read where both the bundle and the sources find it. */
import { readFileSync } from 'node:fs';

interface PackageFile {
  readonly version: string;
}

function readVersion(): string {
  // dist/cli/*.js and src/cli/*.ts both lie two folders below the package's root.
  const file: PackageFile = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return file.version;
}

export const VERSION: string = readVersion();
