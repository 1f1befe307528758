/** Reads and judges the options of a feature by its own list of them. */
import { IchorError } from '../../errors.ts';
import { nearest } from '../nearest.ts';
import type { FeatureDefinition, FeatureOption, FeatureOptions, FeatureRemark, FeatureUse } from './feature.ts';

/** Every feature has them besides its own. */
const SHARED_OPTIONS: readonly string[] = ['after'];

/** `isReference` says whether a value stands for a secret that is elsewhere. */
export function checkOptions(
  definition: FeatureDefinition,
  options: FeatureOptions,
  isReference: (value: unknown) => boolean,
): readonly FeatureRemark[] {
  const remarks: FeatureRemark[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (SHARED_OPTIONS.includes(name)) continue;
    const option = definition.options[name];
    const problem =
      option === undefined
        ? unknownOption(definition, name)
        : wrongValue(definition.name, name, { option, value, isReference });
    if (problem !== undefined) remarks.push(problem);
  }
  for (const [name, option] of Object.entries(definition.options)) {
    if (option.isRequired !== true || options[name] !== undefined) continue;
    remarks.push({
      severity: 'error',
      rule: 'feature-option-missing',
      message: `feature \`${definition.name}\` needs \`${name}\`: ${option.brief}`,
      hint:
        option.kind === 'secret'
          ? `Write a reference: ${name}: {env: NAME}, {file: PATH}, {sops: "FILE#KEY"} or {exec: [PROGRAM, …]}.`
          : `Write \`${name}\` under \`features.${definition.name}\`.`,
    });
  }
  return remarks;
}

function unknownOption(definition: FeatureDefinition, name: string): FeatureRemark {
  const known = [...Object.keys(definition.options), 'nodes', ...SHARED_OPTIONS];
  const guess = nearest(name, known);
  return {
    severity: 'error',
    rule: 'unknown-feature-option',
    message: `feature \`${definition.name}\` has no option \`${name}\``,
    hint: guess === undefined ? `Its options: ${known.join(', ')}.` : `Did you mean \`${guess}\`?`,
    option: name,
  };
}

interface Written {
  readonly option: FeatureOption;
  readonly value: unknown;
  readonly isReference: (value: unknown) => boolean;
}

function wrongValue(feature: string, name: string, { option, value, isReference }: Written): FeatureRemark | undefined {
  const path = `features.${feature}.${name}`;
  if (option.kind === 'secret' && typeof value === 'string') {
    return {
      severity: 'error',
      rule: 'secret-as-text',
      message: `\`${path}\` stands in the file as text`,
      hint: 'Write a reference: {env: NAME}, {file: PATH}, {sops: "FILE#KEY"} or {exec: [PROGRAM, …]}. If this file was ever committed, change the secret.',
      option: name,
    };
  }
  const wrong = (expected: string): FeatureRemark => ({
    severity: 'error',
    rule: 'feature-option-value',
    message: `\`${path}\`: expected ${expected}`,
    option: name,
  });
  if (isReference(value))
    return option.kind === 'secret' || option.kind === 'text' || option.kind === 'map'
      ? undefined
      : wrong(EXPECTED[option.kind]);
  if (!fits(option.kind, value)) return wrong(EXPECTED[option.kind]);
  const unknown =
    option.values === undefined ? undefined : textsOf(value).find((text) => option.values?.includes(text) !== true);
  return unknown === undefined ? undefined : wrong(`one of ${option.values?.join(', ')}, found \`${unknown}\``);
}

const EXPECTED = {
  text: 'text',
  texts: 'text, or a list of texts',
  boolean: 'true or false',
  number: 'a number',
  secret: 'a reference: {env: NAME}, {file: PATH}, {sops: "FILE#KEY"} or {exec: [PROGRAM, …]}',
  map: 'a map',
} as const;

function fits(kind: FeatureOption['kind'], value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'secret':
      return false;
    case 'map':
      return isMap(value);
  }
}

export function textOption(options: FeatureOptions, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function textsOption(options: FeatureOptions, name: string): readonly string[] {
  return textsOf(options[name]);
}

export function mapOption(options: FeatureOptions, name: string): Readonly<Record<string, unknown>> {
  const value = options[name];
  return isMap(value) ? value : {};
}

/** A secret that has been resolved; undefined when the spec names none. Never the reference itself. */
export function secretOption({ options }: FeatureUse, name: string): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  throw new IchorError('secret-unavailable', `the secret \`${name}\` of a feature has not been resolved`);
}

/** `KEY=value` lines. What the person wrote under `environment` wins, and is carried through whatever it is. */
export function environmentLines(
  own: Readonly<Record<string, string | undefined>>,
  options: FeatureOptions,
): readonly string[] {
  const written = Object.entries(mapOption(options, 'environment')).map(([key, value]) => {
    if (typeof value === 'object' && value !== null)
      throw new IchorError(
        'secret-unavailable',
        `the secret \`environment.${key}\` of a feature has not been resolved`,
      );
    return [key, value === null || value === undefined ? undefined : String(value)] as const;
  });
  return Object.entries({ ...own, ...Object.fromEntries(written) }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
}

export const ENVIRONMENT_OPTION = {
  kind: 'map',
  brief: 'more variables for the program: NAME: value, or NAME: a reference',
} as const satisfies FeatureOption;

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
