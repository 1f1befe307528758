/**
 * A person's YAML file that gets one more entry: everything else in it stays, comments and unknown keys included, in the
 * indentation that it has.
 */
import { isMap, parseDocument, type Document } from 'yaml';
import { IchorError } from '../errors.ts';
import { readYaml } from './yaml-source.ts';

/** An empty or missing text is an empty map. */
export function openForMerge(text: string | undefined, file: string): Document.Parsed {
  if (text !== undefined && text.trim() !== '') {
    const { document } = readYaml(text, file);
    if (isMap(document.contents)) return document;
    if (document.contents !== null)
      throw new IchorError('invalid-input', `${file} is not a map of settings`, {
        hint: 'Give another path, or move this file away.',
      });
  }
  return parseDocument('{}');
}

export function renderMerged(document: Document.Parsed, text: string | undefined, indent: number): string {
  if (isMap(document.contents)) document.contents.flow = false;
  const found = /^( +)(?=[^\s#-])/m.exec(text ?? '')?.[1]?.length ?? indent;
  const isSequenceIndented =
    text === undefined || text.trim() === ''
      ? indent === 4
      : /^[^\s#][^\n]*:[ \t]*\n +- /m.test(text) || !/^- /m.test(text);
  return document.toString({
    indent: Math.max(1, found),
    indentSeq: isSequenceIndented,
    lineWidth: 0,
    flowCollectionPadding: false,
  });
}
