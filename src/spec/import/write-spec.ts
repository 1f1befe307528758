/** The text of an imported cluster file: short values on one line, patches as the person wrote them. */
import { stringify } from 'yaml';
import { isRecord } from '../patch-facts.ts';
import { SCHEMA_URL } from '../schema-url.ts';
import type { DraftPatch, FactoredSpec } from './draft.ts';
import { sameJson } from './draft.ts';
import { plainDocuments } from './plain-yaml.ts';
import type { PlainMap } from './plain-yaml.ts';

const WIDTH = 118;
/** Groups of keys with an empty line between them. */
const ORDER = [
  ['ichor', 'name', 'endpoint', 'talos', 'kubernetes', 'secrets'],
  ['network'],
  ['scheduling', 'certSANs', 'platform', 'install', 'image', 'limits'],
];

export function specText(spec: FactoredSpec): string {
  const lines = [`# yaml-language-server: $schema=${SCHEMA_URL}`, ...spec.header.map((line) => `# ${line}`.trimEnd())];
  for (const group of ORDER) {
    const keys = group.filter((key) => spec.values[key] !== undefined);
    if (keys.length > 0 && group !== ORDER[0]) lines.push('');
    for (const key of keys) lines.push(...entryLines(key, spec.values[key], 0, spec.comments[key]));
  }
  if (spec.classes.length > 0) lines.push('', 'classes:');
  for (const { name, values, patches } of spec.classes) lines.push(...machineLines(name, values, patches));
  lines.push('', 'nodes: # the first control plane is the one that is bootstrapped');
  for (const { name, className, values, patches } of spec.nodes)
    lines.push(...machineLines(name, { class: className, ...values }, patches));
  if (spec.patches.length > 0) lines.push('', ...patchLines(spec.patches, 0));
  return `${lines.join('\n')}\n`;
}

function machineLines(name: string, values: PlainMap, patches: readonly DraftPatch[]): readonly string[] {
  if (patches.length === 0) {
    const line = `  ${scalar(name)}: ${flow(values)}`;
    if (line.length <= WIDTH) return [line];
  }
  return [
    `  ${scalar(name)}:`,
    ...Object.entries(values).flatMap(([key, value]) => entryLines(key, value, 4)),
    ...(patches.length > 0 ? patchLines(patches, 4) : []),
  ];
}

function entryLines(key: string, value: unknown, indent: number, comment?: string): readonly string[] {
  const margin = ' '.repeat(indent);
  const remark = comment === undefined ? '' : ` # ${comment}`;
  const line = `${margin}${scalar(key)}: ${flow(value)}`;
  const isSmall =
    line.length <= WIDTH && !line.includes('\n') && !(indent === 0 && isRecord(value) && Object.keys(value).length > 2);
  if (isSmall) return [`${line}${remark}`];
  if (isRecord(value))
    return [
      `${margin}${scalar(key)}:${remark}`,
      ...Object.entries(value).flatMap(([inner, item]) => entryLines(inner, item, indent + 2)),
    ];
  if (Array.isArray(value))
    return [`${margin}${scalar(key)}:${remark}`, ...value.flatMap((item) => itemLines(item, indent + 2))];
  return indented(`${scalar(key)}: ${stringify(value, { compat: 'yaml-1.1', lineWidth: 0 })}`.trimEnd(), margin, '');
}

function itemLines(item: unknown, indent: number): readonly string[] {
  const margin = ' '.repeat(indent);
  const line = `${margin}- ${flow(item)}`;
  if (line.length <= WIDTH && !line.includes('\n')) return [line];
  return indented(stringify(item, { compat: 'yaml-1.1', lineWidth: 0 }).trimEnd(), margin, '- ');
}

function patchLines(patches: readonly DraftPatch[], indent: number): readonly string[] {
  const margin = ' '.repeat(indent + 2);
  const lines = [`${' '.repeat(indent)}patches:`];
  for (const { text, reference, comment } of patches) {
    if (comment !== undefined) lines.push(`${margin}# ${comment}`);
    if (reference === undefined) for (const document of documentsOf(text)) lines.push(...embedded(document, margin));
    else lines.push(`${margin}- ${JSON.stringify(reference)}`);
  }
  return lines;
}

/** One patch a document: Talos applies the documents of a patch one after another. */
function documentsOf(text: string): readonly string[] {
  const parts = text
    .replaceAll('\r\n', '\n')
    .split(/^---(?:[ \t].*)?$/m)
    .filter((part) => part.trim() !== '');
  const whole = readable(text);
  const each = parts.map(readable);
  const isSame = whole !== undefined && each.every((part) => part?.length === 1) && sameJson(each.flat(), whole);
  return isSame ? parts : [text];
}

function readable(text: string): readonly unknown[] | undefined {
  try {
    return plainDocuments(text);
  } catch {
    return undefined;
  }
}

/** As a part of this file where that reads back as the same, else as a block of text. */
function embedded(text: string, margin: string): readonly string[] {
  const body = text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
  const lines = indented(body, margin, '- ');
  const reread = readable(lines.join('\n').concat('\n'))?.[0];
  const hasReferences = /(^|[\s:,[{])[*&][\w-]/.test(body);
  const isSame =
    Array.isArray(reread) && sameJson(reread, readable(text)) && !hasReferences && !/^\s*["'|>{[]/.test(body);
  if (isSame) return lines;
  return [`${margin}- |`, ...body.split('\n').map((line) => `${margin}  ${line}`.trimEnd())];
}

function indented(text: string, margin: string, lead: string): readonly string[] {
  const inner = ' '.repeat(lead.length);
  return text.split('\n').map((line, index) => `${margin}${index === 0 ? lead : inner}${line}`.trimEnd());
}

function scalar(text: string): string {
  return stringify(text, { compat: 'yaml-1.1', lineWidth: 0 }).trimEnd();
}

/** `{ a: b }` and `[a, b]`, as the cluster files of the documentation are written. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (isRecord(value)) {
    const entries = Object.entries(value).map(([key, inner]) => `${inFlow(key)}: ${flow(inner)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return inFlow(value);
}

/** Inside brackets a text with a comma or bracket needs quotes. */
function inFlow(value: unknown): string {
  const [text = ''] =
    stringify([value], { compat: 'yaml-1.1', collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })
      .trimEnd()
      .match(/(?<=^\[).*(?=\]$)/s) ?? [];
  return text;
}
