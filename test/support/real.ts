/**
 * Real programs as counterparts of tests: where a built one is found, and how it is built. One directory of test/real/programs/ is
 * one program of one version: our own go.mod, go.sum and Go files, or a go.mod with a `tool` line. `real(name)` builds nothing.
 *
 * The binary lies in the user's cache directory under a key of everything that goes into it; ICHOR_REAL_<NAME> names another one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const BUILD_FLAGS = ['-trimpath', '-ldflags=-s -w'];
/** A lock older than any build belongs to a process that was killed. */
const LOCK_STALE_MS = 30 * 60_000;

export interface RealOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where program directories lie; test/real/programs under the working directory when absent. */
  readonly programs?: string;
}

/**
 * The path of a built program, or undefined. With CI=true or ICHOR_TEST_REAL=1 its absence is an error: a green run must have run it.
 */
export function real(name: string, options: RealOptions = {}): string | undefined {
  const env = options.env ?? process.env;
  const override = env[overrideVariable(name)] ?? '';
  if (override !== '') {
    if (!existsSync(override)) throw new Error(`${overrideVariable(name)} names ${override}, which does not exist`);
    note(env, 'ICHOR_TOOK_PART', name);
    return override;
  }
  const path = realPath(name, options);
  if (path !== undefined && existsSync(path)) {
    note(env, 'ICHOR_TOOK_PART', name);
    return path;
  }
  if (env['CI'] === 'true' || env['ICHOR_TEST_REAL'] === '1') {
    throw new Error(`the real program ${name} is not built: ${howToBuild(name)}`);
  }
  noteSkip(`needs ${name}, which is not built: ${howToBuild(name)}`, env);
  return undefined;
}

/** For suites that cannot run for another reason than a missing program: one line of `npm test` names the suite, why, and the cure. */
export function noteSkip(why: string, env: Readonly<Record<string, string | undefined>> = process.env): void {
  note(env, 'ICHOR_SKIPS', `${callingSuite()}: ${why}`);
}

/** `npm test` gives files to write these lines to; without it nobody reads them. */
function note(env: Readonly<Record<string, string | undefined>>, variable: string, line: string): void {
  const file = env[variable];
  if (file !== undefined && file !== '') appendFileSync(file, `${line}\n`);
}

/** The test file on the stack, for the person who reads why it was skipped. */
function callingSuite(): string {
  const frames = new Error('where').stack?.split('\n') ?? [];
  const files = frames.flatMap((frame) => /((?:test|src)\/[^\s:()?]+\.test\.ts)/.exec(frame)?.[1] ?? []);
  return files[0] ?? 'a test';
}

/** One line for a skipped suite. */
export function howToBuild(name: string): string {
  return `run \`npm run test:setup -- ${name}\`, or set ${overrideVariable(name)}=/path/to/it`;
}

/** `talosctl-1.13.9` → `ICHOR_REAL_TALOSCTL_1_13_9` */
export function overrideVariable(name: string): string {
  return `ICHOR_REAL_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
}

/** Names of all that can be built. */
export async function realPrograms(options: RealOptions = {}): Promise<readonly string[]> {
  const entries = await readdir(programsDirectory(options), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * Where the built program lies or would lie: the key is everything that goes into it. undefined without Go or without its directory.
 */
export function realPath(name: string, options: RealOptions = {}): string | undefined {
  const directory = join(programsDirectory(options), name);
  const go = goIdentity();
  if (go === undefined || !existsSync(join(directory, 'go.mod'))) return undefined;
  const hash = createHash('sha256');
  for (const source of readdirSync(directory)
    .filter((file) => /^go\.(mod|sum)$|\.go$/.test(file))
    .sort()) {
    const text = readFileSync(join(directory, source), 'utf8');
    hash.update(`${source} ${text.length}\n${text}`);
  }
  hash.update(`${BUILD_FLAGS.join(' ')}\n${go}`);
  return join(cacheDirectory(options), `${name}-${hash.digest('hex').slice(0, 20)}`);
}

/** Builds it unless it is there, and gives its path. One build at a time on a machine: two at once halve each other. */
export async function buildReal(name: string, options: RealOptions = {}): Promise<string> {
  const path = realPath(name, options);
  if (path === undefined) {
    throw new Error(
      `${name} cannot be built: Go is not installed, or there is no directory ${join(programsDirectory(options), name)}`,
    );
  }
  if (existsSync(path)) return path;
  const cache = cacheDirectory(options);
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, 'build.lock'));
  try {
    if (!existsSync(path)) await goBuild(join(programsDirectory(options), name), path, join(cache, 'gocache'));
    return path;
  } finally {
    await release();
  }
}

/** Go's own build cache for these programs: 12 GB that nobody needs once the binaries are there. */
export async function removeBuildCache(options: RealOptions = {}): Promise<void> {
  await rm(join(cacheDirectory(options), 'gocache'), { recursive: true, force: true });
}

function programsDirectory(options: RealOptions): string {
  return resolve(options.programs ?? join('test', 'real', 'programs'));
}

function cacheDirectory(options: RealOptions): string {
  const xdg = (options.env ?? process.env)['XDG_CACHE_HOME'] ?? '';
  return join(xdg === '' ? join(homedir(), '.cache') : xdg, 'ichor', 'real');
}

function goIdentity(): string | undefined {
  const result = spawnSync('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { encoding: 'utf8', env: goEnvironment() });
  return result.status === 0 ? result.stdout.trim().replaceAll('\n', ' ') : undefined;
}

/** Neither another Go nor another version of a module may slip in. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
}

async function goBuild(directory: string, path: string, goCache: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  const tool = /^tool (\S+)$/m.exec(readFileSync(join(directory, 'go.mod'), 'utf8'))?.[1];
  const built = existsSync(join(directory, 'main.go')) ? '.' : (tool ?? '.');
  const child = spawn('go', ['build', ...BUILD_FLAGS, '-o', temporary, built], {
    cwd: directory,
    env: { ...goEnvironment(), GOCACHE: goCache },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const status = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (status !== 0) {
    await rm(temporary, { force: true });
    throw new Error(`go build in ${directory} ended with ${status ?? 'a signal'}:\n${said.slice(-4000)}`);
  }
  await rename(temporary, path);
}

/** A file that only one process can create. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (reason) {
      if (!(reason instanceof Error) || !('code' in reason) || reason.code !== 'EEXIST') throw reason;
    }
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > LOCK_STALE_MS) await rm(path, { force: true });
    else await wait(500);
  }
}
