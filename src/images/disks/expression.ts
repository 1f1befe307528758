/**
 * Talos' CEL expressions over a disk, evaluated by @bufbuild/cel in the environment that Talos gives them (`pkg/machinery/cel/celenv`:
 * `disk`, `system_disk`, KB to PB and KiB to PiB as unsigned numbers, `glob`). Whatever is not certain is an error, never a guess.
 */
import { CelScalar, celEnv, celFunc, celUint, isCelError, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { CelInput } from '@bufbuild/cel';
import { IchorError, messageOf } from '../../errors.ts';
import type { DiskFacts } from './disk.ts';

export interface ExpressionScope {
  readonly disk: DiskFacts;
  /** Undefined while Talos is not installed: an expression that names `system_disk` is then not certain. */
  readonly isSystemDisk: boolean | undefined;
}

/** Throws `invalid-input` for an expression that Talos would refuse or that cannot be judged here. */
export function evaluateDiskExpression(expression: string, scope: ExpressionScope): boolean {
  const parsed = parsedExpression(expression);
  const bindings = bindingsOf(scope);
  const root = parsed.expr;
  if (root === undefined) throw refused(expression, 'is empty');
  return judge(root, { expression, bindings });
}

type Parsed = ReturnType<typeof parse>;
type Expr = NonNullable<Parsed['expr']>;
type Bindings = Readonly<Record<string, CelInput>>;

interface Judging {
  readonly expression: string;
  readonly bindings: Bindings;
}

function parsedExpression(expression: string): Parsed {
  try {
    return parse(expression);
  } catch (reason) {
    throw refused(expression, messageOf(reason).replaceAll(/\s+/g, ' ').slice(0, 160));
  }
}

/**
 * Takes the logical operators apart by itself, because CEL's `||` and `&&` pass over an error on one side, and Talos, which checks types
 * first, would refuse the whole expression.
 */
function judge(expr: Expr, judging: Judging): boolean {
  const call = expr.exprKind.case === 'callExpr' ? expr.exprKind.value : undefined;
  const [left, right] = call?.args ?? [];
  if (call?.function === '_&&_' && left !== undefined && right !== undefined) {
    const sides = [judge(left, judging), judge(right, judging)];
    return sides.every(Boolean);
  }
  if (call?.function === '_||_' && left !== undefined && right !== undefined) {
    const sides = [judge(left, judging), judge(right, judging)];
    return sides.some(Boolean);
  }
  if (call?.function === '!_' && left !== undefined) return !judge(left, judging);
  return evaluate(expr, judging);
}

const GLOB = celFunc('glob', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, (pattern, value) =>
  matchesGlob(pattern, value),
);
const ENVIRONMENT = celEnv({ funcs: [...strings, GLOB] });

function evaluate(expr: Expr, { expression, bindings }: Judging): boolean {
  const result = run(expr, bindings);
  if (isCelError(result)) throw refused(expression, result.message);
  if (typeof result !== 'boolean') throw refused(expression, 'gives no true or false');
  return result;
}

function run(expr: Expr, bindings: Bindings): unknown {
  try {
    return plan(ENVIRONMENT, expr)(bindings);
  } catch (reason) {
    return new Error(messageOf(reason));
  }
}

function bindingsOf({ disk, isSystemDisk }: ExpressionScope): Bindings {
  return { ...UNITS, disk: diskValue(disk), ...(isSystemDisk === undefined ? {} : { system_disk: isSystemDisk }) };
}

/** Every field that Talos' DiskSpec has, so that one not reported is empty as it is there, and any other name is an error. */
function diskValue(disk: DiskFacts): CelInput {
  const unsigned = (value: number | bigint | undefined): CelInput => celUint(BigInt(value ?? 0));
  return new Map<string, CelInput>([
    ['dev_path', disk.devPath],
    ['size', unsigned(disk.sizeBytes)],
    ['io_size', unsigned(disk.ioSizeBytes)],
    ['sector_size', unsigned(disk.sectorSizeBytes)],
    ['readonly', disk.readonly],
    ['cdrom', disk.cdrom],
    ['model', disk.model ?? ''],
    ['serial', disk.serial ?? ''],
    ['modalias', disk.modalias ?? ''],
    ['wwid', disk.wwid ?? ''],
    ['uuid', disk.uuid ?? ''],
    ['bus_path', disk.busPath ?? ''],
    ['sub_system', disk.subSystem ?? ''],
    ['transport', disk.transport ?? ''],
    ['rotational', disk.rotational ?? false],
    ['secondary_disks', [...(disk.secondaryDisks ?? [])]],
    ['symlinks', [...(disk.symlinks ?? [])]],
  ]);
}

const UNITS: Bindings = Object.fromEntries(
  ['K', 'M', 'G', 'T', 'P'].flatMap((prefix, index) => [
    [`${prefix}B`, celUint(1000n ** BigInt(index + 1))] as const,
    [`${prefix}iB`, celUint(1024n ** BigInt(index + 1))] as const,
  ]),
);

/** Go's `filepath.Match`, which Talos uses: `*` and `?` do not cross `/`, `[…]` is a class, `\` escapes. */
export function matchesGlob(pattern: string, value: string): boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw new IchorError('invalid-input', `the pattern ${JSON.stringify(pattern)} has no end of its [`);
      source += `[${pattern.slice(at + 1, end).replaceAll('\\', '\\\\')}]`;
      at = end;
    } else if (character === '\\') {
      at += 1;
      source += escaped(pattern[at] ?? '\\');
    } else source += escaped(character);
  }
  return new RegExp(`^${source}$`, 'su').test(value);
}

function escaped(character: string): string {
  return character.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

function refused(expression: string, why: string): IchorError {
  return new IchorError('invalid-input', `the disk expression ${JSON.stringify(expression)}: ${why}`, {
    hint: 'An example: disk.transport == "nvme" && disk.size >= 100u * GiB && !system_disk. Sizes are unsigned and need the u.',
  });
}
