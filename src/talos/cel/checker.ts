/**
 * The type of a parsed CEL expression, or why it has none: cel-go's checker, for which `@bufbuild/cel` (that parses) has no
 * counterpart. Reports the first problem.
 */
import type { parse } from '@bufbuild/cel';
import type { CelEnvironment, Overload } from './environment.ts';
import {
  assignable,
  BOOL,
  DYN,
  isDyn,
  listOf,
  mapOf,
  parseType,
  scalar,
  substituted,
  typeOf,
  typeText,
} from './types.ts';
import type { CelType, Substitution } from './types.ts';

export type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

type Kind<Case extends string> =
  Extract<Expr['exprKind'], { readonly case: Case }> extends { readonly value: infer Value } ? Value : never;

/** The expression is wrong; the message says why. */
export class CelProblem extends Error {
  override readonly name = 'CelProblem';
}

export interface Checking {
  readonly environment: CelEnvironment;
  /** Innermost last; loop variables of macros come on top. */
  readonly scopes: readonly ReadonlyMap<string, CelType>[];
  readonly found: Substitution;
  readonly fresh: () => CelType;
  readonly state: CheckingState;
}

interface CheckingState {
  /**
   * Numbers of different kinds cannot be compared, except, in cel-go, anywhere behind a macro over a list: the scope that it opens
   * forgets that these comparisons are switched off (`checker.Env.enterScope`).
   */
  comparesMixedNumbers: boolean;
}

export function outputType(expr: Expr, environment: CelEnvironment): CelType {
  let count = 0;
  const found: Substitution = new Map();
  const fresh = (): CelType => ({ kind: 'variable', name: `#${(count += 1)}` });
  const type = typed(expr, {
    environment,
    scopes: [environment.variables],
    found,
    fresh,
    state: { comparesMixedNumbers: false },
  });
  return substituted(type, found, true);
}

function typed(expr: Expr | undefined, at: Checking): CelType {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case 'constExpr':
      return constant(kind.value);
    case 'identExpr':
      return identifier(kind.value.name, at);
    case 'selectExpr':
      return selection(kind.value, at);
    case 'callExpr':
      return call(kind.value, at);
    case 'listExpr':
      return listOf(
        joined(
          kind.value.elements.map((element) => typed(element, at)),
          at,
        ),
      );
    case 'structExpr':
      return struct(kind.value, at);
    case 'comprehensionExpr':
      return comprehension(kind.value, at);
    default:
      throw new CelProblem('it is empty');
  }
}

const CONSTANTS: Readonly<Record<string, string>> = {
  nullValue: 'null_type',
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
};

function constant(value: Kind<'constExpr'>): CelType {
  return scalar(CONSTANTS[value.constantKind.case ?? ''] ?? 'dyn');
}

const TYPE_NAMES = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'null_type',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
]);

function identifier(name: string, at: Checking): CelType {
  const bare = name.replace(/^\./, '');
  const known = variable(bare, at);
  if (known !== undefined) return known;
  if (TYPE_NAMES.has(bare)) return typeOf(scalar(bare));
  if (bare === 'list') return typeOf(listOf(DYN));
  if (bare === 'map') return typeOf(mapOf(DYN, DYN));
  if (bare === 'type') return typeOf(typeOf(DYN));
  if (at.environment.messages[bare] !== undefined) return typeOf({ kind: 'message', name: bare });
  throw new CelProblem(`there is no ${JSON.stringify(bare)} here`);
}

function variable(name: string, at: Checking): CelType | undefined {
  for (const scope of at.scopes.toReversed()) {
    const type = scope.get(name);
    if (type !== undefined) return type;
  }
  return undefined;
}

/** `a.b.c` as one name, when it is nothing but names. */
function qualifiedName(expr: Expr | undefined): string | undefined {
  const kind = expr?.exprKind;
  if (kind?.case === 'identExpr') return kind.value.name;
  if (kind?.case !== 'selectExpr' || kind.value.testOnly) return undefined;
  const operand = qualifiedName(kind.value.operand);
  return operand === undefined ? undefined : `${operand}.${kind.value.field}`;
}

function selection(value: Kind<'selectExpr'>, at: Checking): CelType {
  const operandName = qualifiedName(value.operand);
  const name = operandName === undefined || value.testOnly ? undefined : `${operandName}.${value.field}`;
  if (name !== undefined && (TYPE_NAMES.has(name) || at.environment.messages[name] !== undefined))
    return identifier(name, at);
  const type = fieldType(substituted(typed(value.operand, at), at.found, false), value.field, at);
  return value.testOnly ? BOOL : type;
}

function fieldType(operand: CelType, field: string, at: Checking): CelType {
  if (operand.kind === 'applied' && operand.name === 'map') return operand.of[1] ?? DYN;
  if (operand.kind === 'applied' && operand.name === 'optional_type') {
    return { ...operand, of: [fieldType(operand.of[0] ?? DYN, field, at)] };
  }
  if (operand.kind === 'variable' || isDyn(operand)) return DYN;
  const fields = operand.kind === 'message' ? at.environment.messages[operand.name] : undefined;
  if (fields === undefined) throw new CelProblem(`${typeText(operand)} has no fields`);
  const type = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (type === undefined)
    throw new CelProblem(
      `there is no field ${JSON.stringify(field)} in ${shortName(operand)}: it has ${Object.keys(fields).join(', ')}`,
    );
  return parseType(type);
}

function shortName(type: CelType): string {
  return type.kind === 'message' ? type.name.slice(type.name.lastIndexOf('.') + 1) : typeText(type);
}

function call(value: Kind<'callExpr'>, at: Checking): CelType {
  const targetName = qualifiedName(value.target);
  const qualified = targetName === undefined ? undefined : `${targetName}.${value.function}`;
  if (qualified !== undefined && at.environment.functions.has(qualified))
    return resolve(qualified, { args: value.args, isMethod: false }, at);
  if (value.target === undefined) return resolve(value.function, { args: value.args, isMethod: false }, at);
  return resolve(value.function, { args: [value.target, ...value.args], isMethod: true }, at);
}

interface CallShape {
  readonly args: readonly Expr[];
  readonly isMethod: boolean;
}

function resolve(name: string, shape: CallShape, at: Checking): CelType {
  const overloads = at.environment.functions.get(name.replace(/^\./, ''));
  const args = shape.args.map((arg) => typed(arg, at));
  if (overloads === undefined) throw new CelProblem(`there is no function ${JSON.stringify(name)} here`);
  let result: CelType | undefined;
  for (const overload of overloads) {
    const matched = overload.isMethod === shape.isMethod ? matchedResult(overload, args, at) : undefined;
    if (matched === undefined) continue;
    result = result === undefined || JSON.stringify(result) === JSON.stringify(matched) ? matched : DYN;
  }
  if (result !== undefined) return result;
  if (at.state.comparesMixedNumbers && isMixedComparison(name, args, at)) return BOOL;
  const given = args.map((arg) => typeText(substituted(arg, at.found, true))).join(', ');
  throw new CelProblem(`${operatorWord(name)} does not take (${given})${numberHint(given)}`);
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

function isMixedComparison(name: string, args: readonly CelType[], at: Checking): boolean {
  const isComparison = ['_<_', '_<=_', '_>_', '_>=_'].includes(name);
  return isComparison && args.every((arg) => NUMBERS.has(typeText(substituted(arg, at.found, false))));
}

function matchedResult(overload: Overload, args: readonly CelType[], at: Checking): CelType | undefined {
  if (overload.args.length !== args.length) return undefined;
  const renamed = new Map<string, CelType>();
  const instance = (type: CelType): CelType => {
    if (type.kind === 'applied') return { ...type, of: type.of.map(instance) };
    if (type.kind !== 'variable') return type;
    const own = renamed.get(type.name) ?? at.fresh();
    renamed.set(type.name, own);
    return own;
  };
  const trial = new Map(at.found);
  const isMatch = args.every((arg, index) => assignable(arg, instance(overload.args[index] ?? DYN), trial));
  if (!isMatch) return undefined;
  for (const [name, type] of trial) at.found.set(name, type);
  return substituted(instance(overload.result), at.found, false);
}

function operatorWord(name: string): string {
  const operator = name.replaceAll(/[_@]/g, '');
  return operator === '' ? name : operator;
}

/** The commonest mistake: sizes are unsigned. */
function numberHint(given: string): string {
  return given.includes('uint') && /\bint\b/.test(given)
    ? ': write whole numbers that are compared with sizes as 10u'
    : '';
}

/** The common type of several; dyn when there is none. */
function joined(types: readonly CelType[], at: Checking): CelType {
  let common: CelType | undefined;
  for (const type of types) {
    if (common === undefined) common = type;
    else {
      const trial = new Map(at.found);
      if (!assignable(common, type, trial)) return DYN;
      for (const [name, bound] of trial) at.found.set(name, bound);
    }
  }
  return common ?? at.fresh();
}

function struct(value: Kind<'structExpr'>, at: Checking): CelType {
  if (value.messageName !== '') {
    for (const entry of value.entries) typed(entry.value, at);
    const name = value.messageName.replace(/^\./, '');
    if (at.environment.messages[name] === undefined && !name.startsWith('google.protobuf.'))
      throw new CelProblem(`there is no message ${JSON.stringify(name)} here`);
    return name.startsWith('google.protobuf.') ? DYN : { kind: 'message', name };
  }
  const keys = value.entries.map((entry) => (entry.keyKind.case === 'mapKey' ? typed(entry.keyKind.value, at) : DYN));
  return mapOf(
    joined(keys, at),
    joined(
      value.entries.map((entry) => typed(entry.value, at)),
      at,
    ),
  );
}

/** What `all`, `exists`, `map` and `filter` become. */
function comprehension(value: Kind<'comprehensionExpr'>, at: Checking): CelType {
  const element = elementType(substituted(typed(value.iterRange, at), at.found, false));
  const accumulator = typed(value.accuInit, at);
  at.state.comparesMixedNumbers = true;
  const outer: Checking = { ...at, scopes: [...at.scopes, new Map([[value.accuVar, accumulator]])] };
  const inner: Checking = { ...at, scopes: [...outer.scopes, new Map([[value.iterVar, element]])] };
  must(typed(value.loopCondition, inner), BOOL, at);
  must(typed(value.loopStep, inner), accumulator, at);
  return substituted(typed(value.result, outer), at.found, false);
}

function elementType(range: CelType): CelType {
  if (range.kind === 'applied' && (range.name === 'list' || range.name === 'map')) return range.of[0] ?? DYN;
  if (range.kind === 'variable' || isDyn(range)) return DYN;
  throw new CelProblem(`${typeText(range)} cannot be gone through: only lists and maps`);
}

function must(type: CelType, wanted: CelType, at: Checking): void {
  if (assignable(type, wanted, at.found)) return;
  throw new CelProblem(
    `it is ${typeText(substituted(type, at.found, true))} where ${typeText(substituted(wanted, at.found, true))} is needed`,
  );
}
