/** Fault scripts as people write them: JSON, checked when they are read. */
import { z } from 'zod';
import type { FaultScript } from './faults.ts';
import { REFUSAL_CODES } from './machine/refusal.ts';

const milliseconds = z.number().int().nonnegative();

const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ms: milliseconds }),
  z.strictObject({ kind: z.literal('silent') }),
  z.strictObject({ kind: z.literal('reply-held') }),
  z.strictObject({ kind: z.literal('reply-lost') }),
  z.strictObject({ kind: z.literal('broken') }),
  z.strictObject({ kind: z.literal('cut-stream'), afterMessages: milliseconds }),
  z.strictObject({ kind: z.literal('refused'), code: z.enum(REFUSAL_CODES), message: z.string() }),
]);

const script = z.array(
  z.strictObject({
    machine: z.string().exactOptional(),
    method: z.string().exactOptional(),
    nth: z.number().int().positive().exactOptional(),
    fault,
  }),
);

/** Throws an error that says what is wrong where. */
export function parseFaultScript(value: unknown): FaultScript {
  const result = script.safeParse(value);
  if (!result.success) throw new Error(z.prettifyError(result.error));
  return result.data;
}
