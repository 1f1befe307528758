/** A plan that somebody reviewed, read back. It is held against a fresh plan before anything runs, so only its shape is checked here. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IchorError, messageOf } from '../errors.ts';
import type { Plan } from '../lifecycle/plan.ts';

export async function readPlanFile(cwd: string, file: string): Promise<Plan> {
  const refuse = (why: string): never => {
    throw new IchorError('invalid-input', `${file} is not a plan that this version of Ichor can run: ${why}`, {
      hint: 'Make one with `ichor plan --out FILE`.',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(await readFile(resolve(cwd, file), 'utf8'));
  } catch (reason) {
    return refuse(messageOf(reason));
  }
  return isPlan(value) ? value : refuse('expected {"v": 1, "cluster": …, "specDigest": …, "steps": […]}');
}

function isPlan(value: unknown): value is Plan {
  return (
    isObject(value) &&
    value['v'] === 1 &&
    typeof value['cluster'] === 'string' &&
    typeof value['specDigest'] === 'string' &&
    Array.isArray(value['steps']) &&
    value['steps'].every((step) => isObject(step) && typeof step['id'] === 'string' && Array.isArray(step['facts']))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
