import { expect, test } from 'vitest';
import { KERNEL_ARGUMENTS } from './data.ts';
import { commandLine, findKernelArgument, lintKernelArgs } from './kernel-args.ts';

test.each([
  'initrd=initramfs.xz',
  'init_on_alloc=1',
  'init_on_free=1',
  'slab_nomerge',
  'pti=on',
  'console=tty0',
  'console=ttyS0',
  'printk.devkmsg=on',
  'talos.platform=metal',
  'talos.config=http://h/c',
])('S4-21 %s is explained, with a source', (argument) => {
  const found = findKernelArgument(argument);
  expect(found?.meaning.length).toBeGreaterThan(10);
  expect(found?.source).toMatch(/^https:/);
});

test('no argument is in the catalogue twice', () => {
  expect(new Set(KERNEL_ARGUMENTS.map(({ key }) => key)).size).toBe(KERNEL_ARGUMENTS.length);
});

test('S0-15 -talos.halt_if_installed takes the argument of ISO images away, and the final command line shows it', () => {
  const wants = { talos: 'v1.13.9', platform: 'metal', arch: 'amd64', medium: 'iso' } as const;

  expect(commandLine(wants)).toContain('talos.halt_if_installed=1');
  expect(commandLine({ ...wants, extra: ['-talos.halt_if_installed', 'a=b'] }).join(' ')).toBe(
    'talos.platform=metal console=tty0 init_on_alloc=1 slab_nomerge= pti=on consoleblank=0 nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1 module.sig_enforce=1 proc_mem.force_override=never a=b',
  );
});

test('console is replaced as a whole, -key=value removes only that value', () => {
  const wants = { talos: 'v1.14.1', platform: 'metal', arch: 'arm64', medium: 'disk' } as const;

  expect(
    commandLine({ ...wants, extra: ['console=ttyS0,115200'] }).filter((argument) => argument.startsWith('console=')),
  ).toEqual(['console=ttyS0,115200']);
  expect(commandLine({ ...wants, extra: ['-console=tty0'] })).toContain('console=ttyAMA0');
  expect(commandLine(wants)).not.toContain('init_on_alloc=1');
});

test.each(['-slab_nomerge', '-pti', 'pti=off', 'pti=auto', '-pti=on', 'slab_nomerge=no'])(
  'S4-22 %s would stop the boot and is refused',
  (argument) => {
    expect(lintKernelArgs([argument], 'v1.13.9')).toMatchObject([{ severity: 'error', rule: 'kernel-arg-enforced' }]);
  },
);

test('S4-22 the required arguments are on every command line', () => {
  for (const talos of ['v1.9.6', 'v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1']) {
    const line = commandLine({ talos, platform: 'nocloud', arch: 'amd64', medium: 'pxe' });
    expect(line).toEqual(expect.arrayContaining(['talos.platform=nocloud', 'slab_nomerge=', 'pti=on']));
  }
});

test('S1-47 gttsize and pages_limit must describe the same size', () => {
  expect(lintKernelArgs(['amdgpu.gttsize=131072', 'ttm.pages_limit=33554432'], 'v1.13.9')).toEqual([]);
  expect(lintKernelArgs(['amdgpu.gttsize=131072', 'ttm.pages_limit=31457280'], 'v1.13.9')).toMatchObject([
    {
      rule: 'gtt-sizes-differ',
      message: expect.stringContaining('is 128 GiB and ttm.pages_limit=31457280 is 120 GiB'),
    },
  ]);
});

test('an argument of Talos that does not exist gets the nearest one, one that is gone is said', () => {
  expect(lintKernelArgs(['talos.halt_if_instaled=1'], 'v1.13.9')).toMatchObject([
    { message: expect.stringContaining('did you mean talos.halt_if_installed?') },
  ]);
  expect(lintKernelArgs(['talos.board=rpi'], 'v1.13.9')).toMatchObject([{ rule: 'kernel-arg-gone' }]);
  expect(lintKernelArgs(['talos.board=rpi'], 'v1.12.1')).toEqual([]);
});

test('a wipe argument in an image is an error, its removal is not', () => {
  expect(lintKernelArgs(['talos.experimental.wipe=system'], 'v1.13.9')).toMatchObject([{ rule: 'kernel-arg-wipes' }]);
  expect(lintKernelArgs(['-talos.experimental.wipe'], 'v1.13.9')).toEqual([]);
});

test('arguments are applied in the order written: a removal takes away what stands before it', () => {
  const wants = { talos: 'v1.13.9', platform: 'metal', arch: 'amd64', medium: 'disk' } as const;

  expect(commandLine({ ...wants, extra: ['a=1', 'a=2', '-a=1', 'b', '-b', 'b=2'] }).slice(-2)).toEqual(['a=2', 'b=2']);
  expect(
    commandLine({ ...wants, extra: ['console=ttyS0', 'console=tty1'] }).filter((argument) =>
      argument.startsWith('console='),
    ),
  ).toEqual(['console=ttyS0', 'console=tty1']);
});
