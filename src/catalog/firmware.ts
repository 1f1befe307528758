/** Which extension brings a firmware file that the kernel asked for in vain. The base image has no firmware at all (catalog §1.9). */

export interface MissingFirmware {
  /** As the kernel names it: `rtl_nic/rtl8125b-2.fw`. */
  readonly file: string;
  /** Kernel's own name of the device or driver: `r8169 0000:02:00.0`. */
  readonly device?: string;
  /** Absent when no official extension is known to have it. */
  readonly extension?: string;
  readonly line: string;
}

const OWNERS: readonly { readonly prefix: string; readonly extension: string }[] = [
  { prefix: 'rtl_nic/', extension: 'realtek-firmware' },
  { prefix: 'rtl_bt/', extension: 'realtek-firmware' },
  { prefix: 'rtw88/', extension: 'realtek-firmware' },
  { prefix: 'rtlwifi/', extension: 'realtek-firmware' },
  { prefix: 'bnx2x', extension: 'bnx2-bnx2x' },
  { prefix: 'bnx2/', extension: 'bnx2-bnx2x' },
  { prefix: 'intel/ice/', extension: 'intel-ice-firmware' },
  { prefix: 'qed/', extension: 'qlogic-firmware' },
  { prefix: 'ql2', extension: 'qlogic-firmware' },
  { prefix: 'cxgb', extension: 'chelsio-firmware' },
  { prefix: 'amdgpu/', extension: 'amdgpu' },
  { prefix: 'i915/', extension: 'i915' },
  { prefix: 'xe/', extension: 'xe' },
  { prefix: 'intel/vpu/', extension: 'intel-npu' },
  { prefix: 'amd-ucode/', extension: 'amd-ucode' },
  { prefix: 'intel-ucode/', extension: 'intel-ucode' },
  { prefix: 'nvidia/', extension: 'nvidia-open-gpu-kernel-modules-production' },
];

/** Both forms in which the kernel says it (drivers/base/firmware_loader), and bnx2's own. */
const MESSAGES = [
  /(?:^|\] |: )(?<device>[\w-]+ [\w:.-]+): Direct firmware load for (?<file>\S+) failed with error/,
  /(?:^|\] |: )(?<device>[\w-]+ [\w:.-]+): firmware: failed to load (?<file>\S+)/,
  /(?:^|\] |: )(?<device>bnx2x?)\S*: Can't load firmware file "(?<file>[^"]+)"/,
] as const;

/** Looks through the kernel log (F0-22); each file once. */
export function findMissingFirmware(kernelLog: Iterable<string>): readonly MissingFirmware[] {
  const found = new Map<string, MissingFirmware>();
  for (const line of kernelLog) {
    const groups = MESSAGES.map((message) => message.exec(line)?.groups).find((match) => match !== undefined);
    const file = groups?.['file'];
    if (file === undefined || found.has(file)) continue;
    const device = groups?.['device'];
    const extension = OWNERS.find(({ prefix }) => file.startsWith(prefix))?.extension;
    found.set(file, {
      file,
      line,
      ...(device === undefined ? {} : { device }),
      ...(extension === undefined ? {} : { extension }),
    });
  }
  return [...found.values()];
}
