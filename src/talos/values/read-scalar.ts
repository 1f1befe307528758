/**
 * How a YAML scalar becomes a Go string, boolean, number or duration: the rules of Talos' YAML library, per minor.
 */
import { IchorError } from '../../errors.ts';
import type { ScalarName, TalosMinor } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import type { ScalarNode, YamlNode } from '../yaml/node.ts';
import { parseDuration } from './sizes.ts';
import type { GoValue } from './value.ts';

/** A value that cannot be what its place in the document asks for. */
export function mismatch(node: YamlNode, wanted: string): IchorError {
  const found =
    node.kind === 'scalar'
      ? describe(node)
      : node.kind === 'seq'
        ? 'a list'
        : node.kind === 'map'
          ? 'a map'
          : 'a reference';
  return new IchorError('invalid-input', `line ${node.at.line}: ${found} stands where ${wanted} is wanted`);
}

/** The text of a scalar as a string field takes it: numbers and booleans become their text. */
export function readText(node: ScalarNode, minor: TalosMinor): string {
  if (node.resolved.kind === 'timestamp' && isAtLeast(minor, '1.14')) throw mismatch(node, 'a text');
  return node.text;
}

export function readScalar(name: ScalarName, node: ScalarNode, minor: TalosMinor): GoValue {
  switch (name) {
    case 'string':
      return readText(node, minor);
    case 'bool':
      return readBoolean(node);
    case 'duration':
      return readDuration(node, minor);
    case 'float64':
      return readFloat(node);
    case 'bytes':
      throw mismatch(node, 'a list of numbers');
    default:
      return readInteger(name, node, minor);
  }
}

export function readInteger(name: string, node: ScalarNode, minor: TalosMinor): bigint {
  const value = wholeNumber(node, minor);
  const { least, most } = boundsOf(name);
  if (value === undefined || value < least || value > most) throw mismatch(node, `a number of type ${name}`);
  return value;
}

function readBoolean(node: ScalarNode): boolean {
  if (node.resolved.kind === 'bool') return node.resolved.value;
  if (node.resolved.kind === 'str' && /^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(node.text)) return true;
  if (node.resolved.kind === 'str' && /^(?:n|N|no|No|NO|off|Off|OFF)$/.test(node.text)) return false;
  throw mismatch(node, 'true or false');
}

function readDuration(node: ScalarNode, minor: TalosMinor): bigint {
  if (node.resolved.kind === 'int' && node.resolved.value === 0n && isAtLeast(minor, '1.13')) return 0n;
  const value = node.resolved.kind === 'str' ? parseDuration(node.text) : undefined;
  if (value === undefined) throw mismatch(node, 'a duration such as 5m or 1h30m');
  return value;
}

function readFloat(node: ScalarNode): GoValue {
  if (node.resolved.kind === 'float') return { kind: 'float', value: node.resolved.value };
  if (node.resolved.kind === 'int') return { kind: 'float', value: Number(node.resolved.value) };
  throw mismatch(node, 'a number');
}

/** The libraries of 1.11 and 1.12 cut the fraction off, later ones take only numbers without one. */
function wholeNumber(node: ScalarNode, minor: TalosMinor): bigint | undefined {
  if (node.resolved.kind === 'int') return node.resolved.value;
  if (node.resolved.kind !== 'float' || !Number.isFinite(node.resolved.value)) return undefined;
  const whole = Math.trunc(node.resolved.value);
  return whole === node.resolved.value || !isAtLeast(minor, '1.13') ? BigInt(whole) : undefined;
}

function boundsOf(name: string): { readonly least: bigint; readonly most: bigint } {
  const bits = BigInt(/[0-9]+$/.exec(name)?.[0] ?? '64');
  return name.startsWith('u')
    ? { least: 0n, most: 2n ** bits - 1n }
    : { least: -(2n ** (bits - 1n)), most: 2n ** (bits - 1n) - 1n };
}

function describe(node: ScalarNode): string {
  // The text itself may be a secret that stands in the wrong place.
  switch (node.resolved.kind) {
    case 'str':
      return 'a text';
    case 'bool':
      return `the boolean ${node.text}`;
    case 'null':
      return 'nothing';
    case 'timestamp':
      return 'a date';
    default:
      return 'a number';
  }
}
