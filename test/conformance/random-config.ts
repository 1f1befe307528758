/** Random inputs for generation, and random configs and patches drawn from the document tables. */
import fc from 'fast-check';
import type { GenerateOptions } from '../../src/talos/generate/input.ts';
import type { DocumentTable, FieldShape, TypeRef, TypeShape } from '../../src/talos/documents/tables.ts';

const host = fc.constantFrom('docker.io', 'ghcr.io', '*', 'registry.example.org:5000', 'quay.io');
const url = fc.constantFrom('https://mirror.example.org', 'http://10.5.0.1:5000/v2', 'https://m.example/a%20b');
const name = fc.constantFrom('10.5.0.9', 'api.example.org', 'fd00::9', 'a');

/** A key that is absent half of the time. */
function maybe<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

export const generateOptions: fc.Arbitrary<GenerateOptions> = fc
  .record({
    installDisk: maybe(fc.constantFrom('/dev/sda', '/dev/nvme0n1', '', '/dev/disk/by-id/a"b\\c')),
    installImage: maybe(
      fc.constantFrom('', 'ghcr.io/siderolabs/installer:v1.13.9', 'factory.talos.dev/metal-installer/x:v1'),
    ),
    installExtraKernelArgs: maybe(
      fc.array(fc.constantFrom('console=ttyS0,115200', 'net.ifnames=0', '-selinux', 'a: b'), { maxLength: 3 }),
    ),
    certSANs: maybe(fc.array(name, { maxLength: 3 })),
    dnsDomain: maybe(fc.constantFrom('cluster.local', 'k8s.example', 'off')),
    discovery: maybe(fc.boolean()),
    allowSchedulingOnControlPlanes: maybe(fc.boolean()),
    registryMirrors: maybe(fc.dictionary(host, fc.array(url, { minLength: 1, maxLength: 2 }), { maxKeys: 3 })),
    registryCACerts: maybe(
      fc.dictionary(host, fc.constantFrom('PEM\n', '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'), {
        maxKeys: 2,
      }),
    ),
    registryInsecure: maybe(fc.uniqueArray(host, { maxLength: 2 })),
    sysctls: maybe(
      fc.dictionary(
        fc.constantFrom('vm.a', 'net.b10', 'net.b9', 'y'),
        fc.constantFrom('1', 'yes', '', '12:30', 'a b'),
        { maxKeys: 3 },
      ),
    ),
    kubePrismPort: maybe(fc.constantFrom(0, 7445, 6445)),
    localAPIServerPort: maybe(fc.constantFrom(6443, 7443)),
    kubeSpan: maybe(fc.boolean()),
    debug: maybe(fc.boolean()),
    persist: maybe(fc.boolean()),
    forwardKubeDNSToHost: maybe(fc.boolean()),
  })
  .map((options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)));

export const clusterName: fc.Arbitrary<string> = fc.constantFrom(
  'demo',
  'a-b',
  '0123',
  'yes',
  'null',
  'talos default',
  '1e3',
  'ünï',
);
export const endpoint: fc.Arbitrary<string> = fc.constantFrom(
  'https://10.5.0.2:6443',
  'https://[fd00::1]:6443',
  'https://api.example.org',
  'https://API.example.org:443/x/',
  'https://k8s.example:8443?a=b',
);

/** Documents as JSON-able values; what is in them need not make sense to Talos, only load. */
export function documentValue(table: DocumentTable, kind: string): fc.Arbitrary<Record<string, unknown>> {
  const known = table.kinds.get(kind);
  const shape = known === undefined ? undefined : table.types.get(known.root);
  if (known === undefined || shape === undefined) throw new Error(`the tables do not hold ${kind}`);
  const identity =
    kind === 'v1alpha1'
      ? { version: 'v1alpha1' }
      : { apiVersion: known.apiVersion, kind, ...(known.named ? { name: 'one' } : {}) };
  const body = structValue(table, shape, 0);
  return body.map((value) => ({
    ...value,
    ...identity,
    ...(kind === 'v1alpha1' ? { machine: value['machine'] ?? {} } : {}),
  }));
}

const DEEPEST = 7;

function structValue(table: DocumentTable, shape: TypeShape, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (shape.rest !== undefined && shape.fields.length === 0) return freeForm;
  const fields = shape.fields.map((field) => [field.key, fieldValue(table, field, depth)] as const);
  const count = depth < 2 ? 5 : 3;
  return fc
    .subarray(fields, { maxLength: Math.min(count, fields.length) })
    .chain((chosen) => fc.tuple(...chosen.map(([key, value]) => value.map((drawn) => [key, drawn] as const))))
    .map((entries) => Object.fromEntries(entries));
}

function fieldValue(table: DocumentTable, field: FieldShape, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: typeValue(table, field.type, depth + 1) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

function typeValue(table: DocumentTable, type: TypeRef, depth: number): fc.Arbitrary<unknown> {
  if (depth > DEEPEST) return fc.constant(null);
  switch (type.kind) {
    case 'pointer':
      return typeValue(table, type.of, depth);
    case 'list':
      return fc
        .array(typeValue(table, type.of, depth), { maxLength: 2 })
        .map((items) => items.filter((item) => item !== null));
    case 'map':
      return fc.dictionary(word, typeValue(table, type.of, depth), { maxKeys: 3 }).map(withoutNulls);
    case 'any':
      return freeValue;
    case 'scalar':
      return scalarValue(type.name);
    case 'named':
      return namedValue(table, type.name, depth);
  }
}

function namedValue(table: DocumentTable, typeName: string, depth: number): fc.Arbitrary<unknown> {
  const shape = table.types.get(typeName);
  if (shape === undefined) return fc.constant(null);
  if (shape.element !== undefined)
    return typeValue(table, { kind: shape.go === 'map' ? 'map' : 'list', of: shape.element }, depth);
  if (shape.values.length > 0) return fc.constantFrom(...shape.values);
  if (shape.ownWrite) return fc.constantFrom(0, 0o644, 0o755);
  return shape.ownFormat ? ownValue(typeName.slice(typeName.indexOf('.') + 1)) : structValue(table, shape, depth);
}

function ownValue(typeName: string): fc.Arbitrary<unknown> {
  const values: Readonly<Record<string, readonly unknown[]>> = {
    Expression: ['disk.size > 1u', 'true', 'mac(link.hardware_addr) == "a"'],
    ByteSize: ['10GB', '1.5GiB', 0, '100', '0'],
    Size: ['10GB', '50%', '100'],
    Addr: ['10.0.0.1', 'fd00:0::1', '::ffff:1.2.3.4'],
    Prefix: ['10.0.0.1/8', 'fd00::/64', '0.0.0.0/0'],
    AddrPort: ['10.0.0.1:80', '[fd00::1]:53'],
    HardwareAddr: ['02:AA:bb:00:00:01', '02aabb000002'],
    Base64Bytes: ['Zm9v', ''],
    DiskSize: ['1GB', 1234, '100 MB', 1024, '1500MB'],
    Endpoint: ['https://10.5.0.2:6443', 'https://x/y?z#w', 'https://b', ''],
    URL: ['https://10.5.0.2:6443', 'udp://[fd00::1]:514/', 'tcp://b', ''],
    InstallDiskSizeMatcher: ['>= 100GB', '100GB'],
    PortRange: [80, '80-90', '80-80'],
    ArgValue: ['a', '', 'yes', '12:30', ['x', 'off'], '0x10'],
    PEMEncodedCertificateAndKey: [{ crt: 'Zm9v', key: 'YmFy' }, { crt: 'Zm9v' }, {}],
    PEMEncodedCertificate: [{ crt: 'Zm9v' }],
    PEMEncodedKey: [{ key: 'Zm9v' }],
  };
  return fc.constantFrom(...(values[typeName] ?? ['x']));
}

function scalarValue(type: string): fc.Arbitrary<unknown> {
  if (type === 'string') return text;
  if (type === 'bool') return fc.boolean();
  if (type === 'bytes') return fc.constantFrom([1, 2], []);
  if (type === 'duration') return fc.constantFrom('5m', '1h0m0s', '1.5s', '0s', '100ms');
  if (type === 'float64') return fc.constantFrom(1.5, 0, 2);
  return fc.constantFrom(0, 1, 9, 100);
}

const word = fc.constantFrom('a', 'b', 'a10', 'a9', 'yes', 'x.y/z', '1', 'Ä');
const text = fc.constantFrom(
  '',
  'a',
  'b c',
  'yes',
  'off',
  '12:30',
  '1',
  'null',
  '~',
  '# x',
  'a: b',
  'line\nbreak\n',
  '\ttab',
  'ä',
  '2026-01-01',
  '0o644',
  ' lead',
  'trail ',
  "it's",
  '"q"',
  '-',
  '- a',
  '<<',
  '\n',
  'a\n\n',
);
const freeScalar = fc.oneof(text, fc.boolean(), fc.constantFrom(0, 1, -1, 1.5, 1e6, 1e21, 123456789012));
const freeValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    freeScalar,
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(word, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const freeForm: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(word, freeValue, { maxKeys: 3 });

function withoutNulls(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}
