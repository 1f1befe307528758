/**
 * Variables in a talhelper project: what `talenv.yaml` files define and how `${NAME}` is replaced (talhelper `pkg/substitute`; the syntax
 * is that of a8m/envsubst, unset and empty variables being errors).
 */
import { parseAllDocuments, visit } from 'yaml';
import { IchorError } from '../../../errors.ts';

export type Variables = ReadonlyMap<string, string>;

/** Where the variables that a text uses come from, so that a value of an encrypted file is not written out unnoticed. */
export interface Substituted {
  readonly text: string;
  readonly used: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
}

/** `NAME: value` and `NAME=value` lines, as talhelper reads its env files; quotes are taken off, comments and `---` skipped. */
export function parseVariables(text: string): Variables {
  const variables = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[:=]\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === undefined || match[1] === 'sops') continue;
    variables.set(match[1], unquoted(match[2] ?? ''));
  }
  return variables;
}

/** The same YAML without its comments, in which a `$` would count as a variable. Scalars keep their way of being written. */
export function withoutComments(text: string, file: string): string {
  const documents = parseAllDocuments(text, { schema: 'failsafe', prettyErrors: false, uniqueKeys: false });
  if ('empty' in documents) return '';
  return documents
    .map((document) => {
      const [problem] = document.errors;
      if (problem !== undefined) throw new IchorError('invalid-input', `${file} is not valid YAML: ${problem.message}`);
      document.commentBefore = null;
      document.comment = null;
      visit(document, {
        Node: (_, node) => {
          node.comment = null;
          node.commentBefore = null;
        },
      });
      return document.toString({ lineWidth: 0, flowCollectionPadding: false });
    })
    .join('');
}

const VARIABLE = /\$\$|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)(?:(:?[-=+])((?:[^{}]|\{[^{}]*\})*))?\}/g;

export function substitute(text: string, variables: Variables): Substituted {
  const used = new Set<string>();
  const missing = new Set<string>();
  const result = text.replace(VARIABLE, (...match: readonly (string | undefined)[]) => {
    const [whole = '', plain, braced, operator = '', operand = ''] = match;
    const name = plain ?? braced;
    if (name === undefined) return '$';
    const value = variables.get(name);
    const isSet = value !== undefined && (value !== '' || !operator.startsWith(':'));
    if (operator.endsWith('+')) return isSet ? operand : '';
    if (isSet && value !== '') {
      used.add(name);
      return value;
    }
    if (operator !== '') return operand;
    missing.add(name);
    return whole;
  });
  return { text: result, used, missing };
}

function unquoted(text: string): string {
  const match = /^(["'])((?:\\.|(?!\1).)*)\1\s*(?:#.*)?$/.exec(text);
  if (match === null) return text.replace(/\s+#.*$/, '');
  const [, quote, inner = ''] = match;
  return quote === '"' ? inner.replaceAll(/\\(["\\$])/g, '$1').replaceAll('\\n', '\n') : inner;
}
