import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proposeCompletions } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { print } from '../output.ts';
import type { Shell } from './completion.ts';

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_ichor() {
  local IFS=$'\\n'
  COMPREPLY=($(ichor __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ichor ichor`,
  zsh: `#compdef ichor
_ichor() {
  local -a proposals
  proposals=(\${(f)"$(ichor __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#proposals} )); then compadd -a proposals; else _files; fi
}
compdef _ichor ichor`,
  fish: `function __ichor_complete
  set -l words (commandline -opc) (commandline -ct)
  ichor __complete -- $words[2..-1] 2>/dev/null
end
complete -c ichor -f -a '(__ichor_complete)'
complete -c ichor -F -n 'test -z "(__ichor_complete)"'`,
};

export function runCompletion(this: IchorContext, _flags: object, shell: Shell): void {
  print(this, SCRIPTS[shell]);
}

export async function runComplete(this: IchorContext, _flags: object, ...words: readonly string[]): Promise<void> {
  const proposals = proposeNodes(this, words) ?? (await proposeWords(this, words));
  if (proposals.length > 0) print(this, proposals.join('\n'));
}

async function proposeWords(context: IchorContext, words: readonly string[]): Promise<readonly string[]> {
  // Imported here: the tree of commands holds this very command.
  const { application } = await import('../application.ts');
  const proposals = await proposeCompletions(application, [...words], context);
  return proposals.map((proposal) => proposal.completion);
}

/** Node names of the cluster file here, after `--node`. Read without a check: an unfinished file still completes. */
function proposeNodes(context: IchorContext, words: readonly string[]): readonly string[] | undefined {
  if (words.at(-2) !== '--node') return undefined;
  const file = words[words.indexOf('--file') + 1];
  const path = join(context.cwd, words.includes('--file') && file !== undefined ? file : DEFAULT_FILE);
  if (!existsSync(path)) return [];
  const nodes = /^nodes:\s*\n((?:[ \t]+.*\n|\s*\n|#.*\n)*)/m.exec(`${readFileSync(path, 'utf8')}\n`)?.[1] ?? '';
  const indent = /^([ \t]+)\S/m.exec(nodes)?.[1] ?? '  ';
  const names = [...nodes.matchAll(new RegExp(`^${indent}["']?([\\w.-]+)["']?:`, 'gm'))].map(([, name = '']) => name);
  return names.filter((name) => name.startsWith(words.at(-1) ?? ''));
}
