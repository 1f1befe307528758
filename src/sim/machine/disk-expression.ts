/**
 * Talos' CEL over a disk: the variables `disk` (fields of the Disks resource) and `system_disk`, the size constants, and `glob`
 * (talos-4-documents.md §6.3).
 */
import { CelScalar, celFunc, celUint, isCelError, run, type CelInput } from '@bufbuild/cel';
import type { DiskDefinition } from '../definition.ts';
import { diskLinks } from './disk-links.ts';
import { glob } from './network.ts';

/** An expression that cannot be evaluated matches nothing. */
export function evaluateDiskExpression(expression: string, disk: DiskDefinition, isSystemDisk: boolean): boolean {
  const globFunction = celFunc('glob', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, (pattern, text) =>
    glob(pattern, text),
  );
  const result = run(
    expression,
    { ...CONSTANTS, disk: diskVariable(disk), system_disk: isSystemDisk },
    { funcs: [globFunction] },
  );
  return !isCelError(result) && result === true;
}

const CONSTANTS: Readonly<Record<string, CelInput>> = Object.fromEntries(
  ['K', 'M', 'G', 'T', 'P'].flatMap((letter, index) => [
    [`${letter === 'K' ? 'k' : letter}B`, celUint(1000n ** BigInt(index + 1))],
    [`${letter}B`, celUint(1000n ** BigInt(index + 1))],
    [`${letter}iB`, celUint(1024n ** BigInt(index + 1))],
  ]),
);

function diskVariable(disk: DiskDefinition): CelInput {
  const fields: [string, CelInput][] = [
    ['dev_path', `/dev/${disk.name}`],
    ['size', celUint(BigInt(disk.sizeBytes))],
    ['model', disk.model ?? ''],
    ['serial', disk.serial ?? ''],
    ['wwid', disk.wwid ?? ''],
    ['uuid', disk.uuid ?? ''],
    ['modalias', disk.modalias ?? ''],
    ['bus_path', disk.busPath ?? ''],
    ['transport', disk.transport],
    ['rotational', disk.rotational === true],
    ['readonly', disk.readonly === true],
    ['cdrom', disk.cdrom === true],
    ['sub_system', '/sys/class/block'],
    ['symlinks', [...diskLinks(disk)]],
  ];
  return new Map(fields);
}
