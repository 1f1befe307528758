/**
 * Whether an expression in CEL parses, fits the types of what it looks at, and gives what its place needs. One difference to Talos is
 * known: the parser reads `!(!(x))` as `x`, so that a value of unknown type is refused there.
 */
import { parse } from '@bufbuild/cel';
import { messageOf } from '../../errors.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { CelProblem, outputType } from './checker.ts';
import type { Expr } from './checker.ts';
import { celEnvironment } from './environment.ts';
import type { CelEnvironmentName } from './environment.ts';
import { typeText } from './types.ts';

/** Why Talos refuses the expression; undefined when it takes it. */
export function celProblem(expression: string, environment: CelEnvironmentName, minor: TalosMinor): string | undefined {
  const wanted = environment === 'oom-ranking' ? 'double' : 'bool';
  const parsed = parsedExpression(expression);
  if (parsed.problem !== undefined) return parsed.problem;
  try {
    const type = typeText(outputType(parsed.expr, celEnvironment(environment, minor)));
    return type === wanted ? undefined : `it gives ${type}, and ${wanted} is needed`;
  } catch (reason) {
    if (reason instanceof CelProblem) return reason.message;
    throw reason;
  }
}

type Parsed = { readonly problem: string } | { readonly problem?: undefined; readonly expr: Expr };

function parsedExpression(expression: string): Parsed {
  try {
    const { expr } = parse(expression);
    return expr === undefined ? { problem: 'it is empty' } : { expr };
  } catch (reason) {
    return { problem: `it is not CEL: ${messageOf(reason)}` };
  }
}
