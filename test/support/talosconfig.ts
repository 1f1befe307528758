/** Credentials of a talosconfig file, for tests that start programs which write one. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { TalosCredentials } from '../../src/talos-api/port.ts';

const schema = z.object({
  context: z.string(),
  contexts: z.record(z.string(), z.object({ ca: z.string(), crt: z.string(), key: z.string() })),
});

export function readTalosconfigCredentials(path: string): TalosCredentials {
  const { context, contexts } = schema.parse(parse(readFileSync(path, 'utf8')));
  const found = contexts[context];
  if (found === undefined) throw new Error(`${path} has no context ${context}`);
  const decode = (text: string): string => Buffer.from(text, 'base64').toString();
  return { caPem: decode(found.ca), certPem: decode(found.crt), keyPem: decode(found.key) };
}
