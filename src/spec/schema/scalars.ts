/** The scalar values of the cluster file: what each must look like, and how a wrong one is explained. */
import { z } from 'zod';
import { parseCidr, parseIp } from '../ip.ts';
import { parseSize } from '../size.ts';

export const ip = z
  .string('expected an IP address such as 10.0.4.101')
  .refine((text) => parseIp(text) !== undefined, 'expected an IP address such as 10.0.4.101')
  .meta({ description: 'An IPv4 or IPv6 address.' });

export const cidr = z
  .string('expected a network such as 10.0.4.0/24')
  .refine((text) => parseCidr(text) !== undefined, 'expected a network with its prefix, such as 10.0.4.0/24')
  .meta({ description: 'A network in CIDR notation.' });

export const ipOrCidr = z
  .string('expected an address such as 10.0.4.101')
  .refine(
    (text) => parseIp(text) !== undefined || parseCidr(text) !== undefined,
    'expected an address such as 10.0.4.101 or 10.0.4.101/24',
  );

export const mac = z
  .string('expected a MAC address in quotes, such as "00:23:24:00:00:01"')
  .regex(/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/, 'expected a MAC address such as "00:23:24:00:00:01"')
  .meta({ description: 'A MAC address, in quotes.' });

export const version = z
  .string('expected a version such as v1.13.9 (three numbers)')
  .regex(/^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'expected a full version such as v1.13.9 (three numbers)');

/** RFC 1123 label: what Kubernetes accepts as the first label of a node name. */
export const dnsLabel = z
  .string('expected a name of lower-case letters, digits and -')
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'expected a name of lower-case letters, digits and -, at most 63 long, not beginning or ending with -',
  );

/** A node's name becomes its hostname: labels separated by dots. */
export const hostname = z
  .string('expected a host name')
  .max(253, 'a host name has at most 253 characters')
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'expected a host name of lower-case letters, digits, - and dots',
  );

export const size = z
  .union([z.string(), z.int().nonnegative()], 'expected a size such as 500GB or 8GiB')
  .refine(
    (written) => parseSize(String(written)) !== undefined,
    'expected a size such as 500GB (decimal) or 8GiB (binary)',
  )
  .meta({ description: 'A size: 500GB is decimal, 8GiB binary.' });

export const names = z.array(z.string('expected text'), 'expected a list');

/** Labels and annotations are strings in Kubernetes; `true` or `1` without quotes would be refused there. */
export const stringMap = z.record(
  z.string(),
  z.string('expected text: put the value in quotes'),
  'expected a map of name: "value"',
);

/** Text is let through here so that the lint can say what is wrong with it: a secret must never stand in the file. */
export const secretReference = z
  .union(
    [
      z.strictObject({ env: z.string().meta({ description: 'Name of an environment variable.' }) }),
      z.strictObject({ file: z.string().meta({ description: 'Path of a file, relative to this one.' }) }),
      z.strictObject({ sops: z.string().meta({ description: 'FILE#KEY: a value in a SOPS-encrypted file.' }) }),
      z.strictObject({
        exec: z
          .array(z.string())
          .min(1)
          .meta({ description: 'A program and its arguments; its first line of output is the value.' }),
      }),
    ],
    'expected a reference to a secret: {env: NAME}, {file: PATH}, {sops: "FILE#KEY"} or {exec: [PROGRAM, …]}',
  )
  .meta({ id: 'secretReference', description: 'Where to find a secret; never the secret itself.' });

/** Talos' own words, carried through: any map. */
export const freeMap = z.record(z.string(), z.unknown(), 'expected a map');

export function oneOrMore<T extends z.ZodType>(item: T, expected: string): z.ZodUnion<readonly [T, z.ZodArray<T>]> {
  return z.union([item, z.array(item)], expected);
}
