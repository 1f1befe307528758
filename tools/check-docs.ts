/**
 * Guides as scripts: what is marked in a page is taken out and put into one shell script, so that a guide that no longer works fails a
 * test. Marks: `sh run` (with `exit=N`, `needs=PROGRAM`), `text expect` (lines that the block before must print), `… file=NAME` (a file to
 * write), and comments `<!-- run` for what a reader does not need to see.
 */

export interface ShellBlock {
  readonly kind: 'shell';
  readonly line: number;
  readonly text: string;
  /** The status of its last command. */
  readonly exit: number;
  readonly needs: readonly string[];
  /** Each of them stands somewhere in its output. */
  readonly expected: readonly string[];
}

export interface FileBlock {
  readonly kind: 'file';
  readonly line: number;
  readonly name: string;
  readonly text: string;
}

export type GuideBlock = ShellBlock | FileBlock;

export function readGuide(markdown: string): readonly GuideBlock[] {
  const blocks: GuideBlock[] = [];
  const pattern = /^(?:```(?<info>[^\n`]*)\n(?<body>[\s\S]*?)^```|<!-- run\n(?<hidden>[\s\S]*?)^-->)/gm;
  for (const { index, groups = {} } of markdown.matchAll(pattern)) {
    const line = markdown.slice(0, index).split('\n').length;
    const body = groups['body'] ?? groups['hidden'] ?? '';
    const words = (groups['hidden'] === undefined ? (groups['info'] ?? '') : 'sh run').split(' ');
    const name = valueOf(words, 'file');
    if (name !== undefined) blocks.push({ kind: 'file', line, name, text: body });
    else if (words[0] === 'sh' && words.includes('run')) blocks.push(shellBlock(words, line, body));
    else if (words[0] === 'text' && words.includes('expect')) addExpectation(blocks, line, body);
  }
  return blocks;
}

/** Ends with 0 when every block ended as it says; before each block it prints `@@ LINE` on a line of its own. */
export function renderScript(blocks: readonly GuideBlock[]): string {
  const parts = blocks.map((block, index) => {
    if (block.kind === 'file') return `cat >'${block.name}' <<'END_OF_${index}'\n${block.text}END_OF_${index}\n`;
    return `echo '@@ ${block.line}'\n{\n${block.text}}\nstatus=$?; [ $status -eq ${block.exit} ] || { echo "line ${block.line}: ended with $status, not ${block.exit}"; exit 1; }\n`;
  });
  return `trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n${parts.join('')}`;
}

/** What the guide promised and the output does not hold. */
export function missingIn(blocks: readonly GuideBlock[], output: string): readonly string[] {
  return blocks.flatMap((block) => {
    if (block.kind === 'file') return [];
    const said = (output.split(`@@ ${block.line}\n`)[1] ?? '').split('@@ ')[0] ?? '';
    return block.expected.filter((text) => !said.includes(text)).map((text) => `line ${block.line}: "${text}"`);
  });
}

export function programsOf(blocks: readonly GuideBlock[]): readonly string[] {
  return [...new Set(blocks.flatMap((block) => (block.kind === 'shell' ? block.needs : [])))];
}

function shellBlock(words: readonly string[], line: number, text: string): ShellBlock {
  const needs = valueOf(words, 'needs');
  return {
    kind: 'shell',
    line,
    text,
    exit: Number(valueOf(words, 'exit') ?? 0),
    needs: needs === undefined ? [] : needs.split(','),
    expected: [],
  };
}

function addExpectation(blocks: GuideBlock[], line: number, body: string): void {
  const last = blocks.at(-1);
  if (last?.kind !== 'shell') throw new Error(`line ${line}: expects something of no command`);
  blocks[blocks.length - 1] = { ...last, expected: body.trimEnd().split('\n') };
}

function valueOf(words: readonly string[], key: string): string | undefined {
  return words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
}
