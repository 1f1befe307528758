/** The help of every command, as golden files: it is the product, reviewed like code. A new command needs a file of its own (`vitest -u`). */
import { describe, expect, it } from 'vitest';
import { Sandbox } from '../support/cli.ts';

interface Page {
  readonly command: string;
  /** What the list of commands says of it. */
  readonly brief: string;
  readonly text: string;
}

/** Follows the lists of commands from the top. */
async function readPages(
  sandbox: Sandbox,
  words: readonly string[] = [],
  brief = 'Talos Linux clusters from one file',
): Promise<readonly Page[]> {
  const { code, stdout } = await sandbox.run([...words, '--help']);
  expect(code).toBe(0);
  const list = stdout.split('\nCOMMANDS\n')[1] ?? '';
  const entries = [...list.matchAll(/^ {2}(?<name>[a-z][a-z-]*) {2,}(?<what>\S.*)$/gm)];
  const pages = await Promise.all(
    entries.map(({ groups }) => readPages(sandbox, [...words, groups?.['name'] ?? ''], groups?.['what'])),
  );
  return [{ command: ['ichor', ...words].join(' '), brief, text: stdout }, ...pages.flat()];
}

describe('help', async () => {
  const sandbox = new Sandbox();
  const pages = await readPages(sandbox);
  sandbox.remove();

  it('shows the commands of the main job', () => {
    const commands = pages.map(({ command }) => command.replace('ichor ', ''));

    for (const name of [
      'init',
      'check',
      'discover',
      'render',
      'plan',
      'apply',
      'status',
      'kubeconfig',
      'talosconfig',
      'rehearse',
      'sim',
      'completion',
    ]) {
      expect(commands).toContain(name);
    }
  });

  it('of each command says first what the list of commands says of it', () => {
    expect(pages.filter(({ brief, text }) => !text.includes(`\n\n${brief}`)).map(({ command }) => command)).toEqual([]);
  });

  it.each(pages.map((page) => [page.command, page] as const))(
    'of `%s` is as it was reviewed',
    async (command, { text }) => {
      await expect(text).toMatchFileSnapshot(`../golden/help/${command.replaceAll(' ', '-')}.txt`);
    },
  );
});
