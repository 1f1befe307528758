/**
 * `npm run test:setup [-- NAME …]`: everything that the tests with real programs need. Debian packages are installed without starting
 * their services; Go programs (test/real/programs/) are built one at a time into the user's cache. What is there already is left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { buildReal, realPath, realPrograms, removeBuildCache } from '../test/support/real.ts';

const POLICY = '/usr/sbin/policy-rc.d';

function main(): Promise<void> {
  const names = process.argv.slice(2);
  if (names.length === 0) installPackages();
  return buildPrograms(names);
}

function installPackages(): void {
  const wanted: Readonly<Record<string, string>> = JSON.parse(readFileSync('test/real/packages.json', 'utf8'));
  const missing = Object.entries(wanted).filter(([command]) => !hasCommand(command));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  process.stderr.write(`Installing Debian packages: ${packages.join(' ')}\n`);
  if (process.getuid?.() !== 0 || !hasCommand('apt-get')) {
    throw new Error(
      `missing commands: ${missing.map(([command]) => command).join(', ')}. As root on Debian: apt-get install ${packages.join(' ')}`,
    );
  }
  // Exit code 101 forbids packages to start services (Debian policy, invoke-rc.d).
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

async function buildPrograms(names: readonly string[]): Promise<void> {
  let built = 0;
  for (const name of names.length > 0 ? names : await realPrograms()) {
    const path = realPath(name);
    if (path !== undefined && existsSync(path)) continue;
    const start = Date.now();
    process.stderr.write(`Building ${name} …\n`);
    await buildReal(name);
    process.stderr.write(`Built ${name} in ${Math.round((Date.now() - start) / 1000)} s\n`);
    built += 1;
  }
  if (built > 0 && process.env['ICHOR_KEEP_GOCACHE'] === undefined) await removeBuildCache();
}

function hasCommand(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? 'a signal'}`);
}

await main();
