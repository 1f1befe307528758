/** Rules that Kubernetes documents and the document without kind share: node labels, annotations, taints, pod resources. */
import { byteLength, labelValueProblem, qualifiedNameProblem, quote, taintProblem } from '../checks.ts';
import { at, entries, text } from '../field.ts';
import type { Field } from '../field.ts';
import type { RuleContext } from '../rule.ts';

export function nodeLabels(labels: Field, context: RuleContext): void {
  for (const [key, field] of entries(labels)) {
    for (const problem of [qualifiedNameProblem(key), labelValueProblem(text(field))]) {
      if (problem !== undefined) context.error(field, `the label is not valid: ${problem}`);
    }
  }
}

/** What Talos notes on nodes itself. */
const RESERVED_ANNOTATIONS = new Set([
  'talos.dev/owned-labels',
  'talos.dev/owned-annotations',
  'talos.dev/owned-taints',
]);
const MOST_ANNOTATION_BYTES = 256 * 1024;

export function nodeAnnotations(annotations: Field, context: RuleContext): void {
  let size = 0;
  for (const [key, field] of entries(annotations)) {
    const problem = qualifiedNameProblem(key);
    if (problem !== undefined) context.error(field, `the annotation is not valid: ${problem}`);
    if (RESERVED_ANNOTATIONS.has(key)) context.error(field, `Talos keeps the annotation ${quote(key)} for itself`);
    size += byteLength(key) + byteLength(text(field));
  }
  if (size > MOST_ANNOTATION_BYTES) context.error(annotations, 'all annotations together are larger than 256 KiB');
}

export function nodeTaints(taints: Field, context: RuleContext): void {
  for (const [key, field] of entries(taints)) {
    const problem = qualifiedNameProblem(key) ?? taintProblem(text(field));
    if (problem !== undefined) context.error(field, `the taint is not valid: ${problem}`);
  }
}

export function podResources(resources: Field, context: RuleContext): void {
  for (const part of ['requests', 'limits']) {
    for (const [name, field] of entries(at(resources, part))) {
      if (name !== 'cpu' && name !== 'memory')
        context.error(field, `${quote(name)} cannot be set: only cpu and memory`);
    }
  }
}
