/** The kernel command line: what each argument is for, what Talos puts there itself, and what must not be done to it. */
import type { CatalogFinding } from '../finding.ts';
import { nearest } from '../nearest.ts';
import { isAtLeastMinor } from '../version.ts';
import type { KernelArgument } from './argument.ts';
import { KERNEL_ARGUMENTS } from './data.ts';

const BY_KEY: ReadonlyMap<string, KernelArgument> = new Map(
  KERNEL_ARGUMENTS.map((argument) => [argument.key, argument]),
);

/** Explains `key`, `key=value` or a removal `-key`; undefined when the catalogue does not know it. */
export function findKernelArgument(argument: string): KernelArgument | undefined {
  return BY_KEY.get(keyOf(argument));
}

export function keyOf(argument: string): string {
  const text = argument.startsWith('-') ? argument.slice(1) : argument;
  const equals = text.indexOf('=');
  return equals < 0 ? text : text.slice(0, equals);
}

export interface CommandLineWants {
  readonly talos: string;
  readonly platform: string;
  readonly arch: 'amd64' | 'arm64';
  readonly medium: 'iso' | 'pxe' | 'disk' | 'installer';
  readonly secureboot?: boolean;
  /** As in a schematic: `-key` and `-key=value` remove. */
  readonly extra?: readonly string[];
}

/**
 * The command line that the imager writes, in its order (Talos `pkg/machinery/kernel/kernel.go` and `pkg/imager`), with the
 * extra arguments applied: `console` and `talos.platform` are replaced, everything else is appended, `-` removes.
 */
export function commandLine(wants: CommandLineWants): readonly string[] {
  return applyExtra(
    [...platformArgs(wants), ...(wants.medium === 'iso' ? ['talos.halt_if_installed=1'] : []), ...defaultArgs(wants)],
    wants.extra ?? [],
  );
}

function platformArgs({ platform, arch }: CommandLineWants): readonly string[] {
  const consoles =
    platform === 'metal' ? (arch === 'amd64' ? ['console=tty0'] : ['console=ttyAMA0', 'console=tty0']) : [];
  return [`talos.platform=${platform}`, ...consoles];
}

function defaultArgs({ talos, secureboot, platform }: CommandLineWants): readonly string[] {
  const is = (minor: string): boolean => isAtLeastMinor(talos, minor);
  return [
    ...(is('1.14') ? [] : ['init_on_alloc=1']),
    'slab_nomerge=',
    'pti=on',
    'consoleblank=0',
    ...(is('1.14') && platform !== 'aws' ? [] : ['nvme_core.io_timeout=4294967295']),
    'printk.devkmsg=on',
    ...(is('1.11') ? [] : ['ima_template=ima-ng', 'ima_appraise=fix', 'ima_hash=sha512']),
    ...(is('1.10') ? ['selinux=1'] : []),
    ...(is('1.12') ? ['module.sig_enforce=1'] : []),
    ...(is('1.13') ? ['proc_mem.force_override=never'] : []),
    ...(secureboot === true ? ['lockdown=confidentiality'] : []),
  ];
}

/** In the order written, as Talos' `AppendAll` does: a removal also takes away what stands before it in the list. */
function applyExtra(base: readonly string[], extra: readonly string[]): readonly string[] {
  let line = base;
  const replaced = new Set<string>();
  for (const argument of extra) {
    const key = keyOf(argument);
    if (isRemoval(argument)) {
      line = line.filter((present) => !isTakenAway(present, argument.slice(1)));
      continue;
    }
    const isReplacing = (key === 'console' || key === 'talos.platform') && !replaced.has(key);
    if (isReplacing) line = line.filter((present) => keyOf(present) !== key);
    replaced.add(key);
    line = [...line, argument];
  }
  return line;
}

function isTakenAway(present: string, removal: string): boolean {
  return removal.includes('=') ? present === removal : keyOf(present) === removal;
}

export function isRemoval(argument: string): boolean {
  return /^-[A-Za-z]/.test(argument);
}

/** What is wrong with the extra arguments of a schematic. */
export function lintKernelArgs(args: readonly string[], talos: string): readonly CatalogFinding[] {
  return [...args.flatMap((argument) => lintOne(argument, talos)), ...lintGtt(args)];
}

function lintOne(argument: string, talos: string): readonly CatalogFinding[] {
  const key = keyOf(argument);
  const known = BY_KEY.get(key);
  if (breaksKspp(argument)) {
    return [
      {
        severity: 'error',
        rule: 'kernel-arg-enforced',
        message: `${argument}: Talos does not boot without ${key === 'pti' ? 'pti=on' : key}`,
        hint: 'Leave it out.',
        ...(known === undefined ? {} : { source: known.source }),
      },
    ];
  }
  if (known === undefined) {
    const guess = nearest(key, BY_KEY.keys());
    const isTalos = key.startsWith('talos.');
    return isTalos
      ? [
          {
            severity: 'warning',
            rule: 'kernel-arg-unknown',
            message: `Talos has no argument ${key}${guess === undefined ? '' : `; did you mean ${guess}?`}`,
          },
        ]
      : [];
  }
  if (known.until !== undefined && isAtLeastMinor(talos, known.until) && !isSameMinor(talos, known.until)) {
    return [
      {
        severity: 'warning',
        rule: 'kernel-arg-gone',
        message: `${key} has no effect from after Talos ${known.until}: ${known.note ?? known.meaning}`,
        source: known.source,
      },
    ];
  }
  if (key === 'talos.experimental.wipe' && !isRemoval(argument)) {
    return [
      {
        severity: 'error',
        rule: 'kernel-arg-wipes',
        message: `${argument} in an image wipes the disk at every boot`,
        hint: 'Give it for one boot only, at the boot menu or in a PXE script.',
        source: known.source,
      },
    ];
  }
  return [];
}

/** Talos' KSPP check: `slab_nomerge` present with an empty value, `pti` on. */
function breaksKspp(argument: string): boolean {
  const key = keyOf(argument);
  if (isRemoval(argument)) return key === 'slab_nomerge' || key === 'pti';
  if (key === 'pti') return argument !== 'pti=on';
  return key === 'slab_nomerge' && argument !== 'slab_nomerge' && argument !== 'slab_nomerge=';
}

function isSameMinor(talos: string, minor: string): boolean {
  return talos.replace(/^v/, '').startsWith(`${minor}.`) || talos.replace(/^v/, '') === minor;
}

/** `amdgpu.gttsize` (MiB) and `ttm.pages_limit` (pages of 4 KiB) must describe the same memory. */
function lintGtt(args: readonly string[]): readonly CatalogFinding[] {
  const mib = numberOf(args, 'amdgpu.gttsize');
  const pages = numberOf(args, 'ttm.pages_limit');
  if (mib === undefined || pages === undefined || mib * 256 === pages) return [];
  return [
    {
      severity: 'error',
      rule: 'gtt-sizes-differ',
      message: `amdgpu.gttsize=${mib} is ${mib / 1024} GiB and ttm.pages_limit=${pages} is ${pages / 262_144} GiB: they must be the same size`,
      hint: `ttm.pages_limit=${mib * 256} goes with amdgpu.gttsize=${mib}.`,
      source: BY_KEY.get('ttm.pages_limit')?.source ?? '',
    },
  ];
}

function numberOf(args: readonly string[], key: string): number | undefined {
  const found = args.find((argument) => argument.startsWith(`${key}=`))?.slice(key.length + 1);
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined;
}
