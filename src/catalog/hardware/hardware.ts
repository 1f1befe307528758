/** Looking hardware profiles up, and suggesting them from what a machine reports of itself. */
import { nearest } from '../nearest.ts';
import { isAtLeastMinor } from '../version.ts';
import { BOARD_PROFILES } from './boards.ts';
import { GUEST_AND_STORAGE_PROFILES } from './guests-and-storage.ts';
import { MACHINE_PROFILES } from './machines.ts';
import type { Detection, HardwareProfile, KernelModule, PciPattern } from './profile.ts';

export const HARDWARE: readonly HardwareProfile[] = [
  ...MACHINE_PROFILES,
  ...GUEST_AND_STORAGE_PROFILES,
  ...BOARD_PROFILES,
];

const BY_NAME: ReadonlyMap<string, HardwareProfile> = new Map(HARDWARE.map((profile) => [profile.name, profile]));

export type HardwareLookup =
  | { readonly kind: 'exact'; readonly profile: HardwareProfile }
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest?: string };

/** By exact name only. */
export function findHardware(name: string): HardwareLookup {
  const profile = BY_NAME.get(name);
  if (profile !== undefined) return { kind: 'exact', profile };
  const guess = nearest(name, BY_NAME.keys());
  return guess === undefined ? { kind: 'unknown', name } : { kind: 'unknown', name, nearest: guess };
}

/** What the profile needs under `machine.kernel.modules` on that Talos. */
export function modulesOf(profile: HardwareProfile, talos: string): readonly KernelModule[] {
  return [...(profile.modules ?? []), ...(olderOf(profile, talos)?.modules ?? [])];
}

export function sysctlsOf(profile: HardwareProfile, talos: string): Readonly<Record<string, string>> {
  return { ...profile.sysctls, ...olderOf(profile, talos)?.sysctls };
}

function olderOf({ older }: HardwareProfile, talos: string): HardwareProfile['older'] {
  return older === undefined || isAtLeastMinor(talos, older.before) ? undefined : older;
}

/** What Talos' hardware resources say of a machine; see `Processors`, `SystemInformations`, `PCIDevices`. */
export interface MachineInventory {
  readonly cpuManufacturer?: string;
  readonly machineManufacturer?: string;
  readonly pci: readonly PciDevice[];
}

/** Lower-case hexadecimal without `0x`; `classId` is class and subclass (`0300`). */
export interface PciDevice {
  readonly vendorId: string;
  readonly productId: string;
  readonly classId: string;
  readonly driver?: string;
}

/**
 * Profiles that fit the machine, the more particular ones instead of the general (`amd-strix-halo` instead of `amd-gpu`).
 * Microcode is left out for virtual machines, whose hypervisor owns it.
 */
export function suggestHardware(inventory: MachineInventory): readonly HardwareProfile[] {
  const guests = GUEST_AND_STORAGE_PROFILES.filter(({ detect }) => detect !== undefined && fits(detect, inventory));
  const machines = MACHINE_PROFILES.filter(
    ({ detect, group }) => detect !== undefined && (group !== 'cpu' || guests.length === 0) && fits(detect, inventory),
  );
  const covered = machines.filter(
    (profile) => !machines.some((other) => other !== profile && isMoreParticular(other, profile, inventory)),
  );
  return [...covered, ...guests];
}

function fits(detect: Detection, inventory: MachineInventory): boolean {
  if (detect.cpu !== undefined) return isOfMaker(inventory.cpuManufacturer, detect.cpu);
  if (detect.machine !== undefined) return isOfMaker(inventory.machineManufacturer, detect.machine);
  return (detect.pci ?? []).some((pattern) => inventory.pci.some((device) => matches(pattern, device)));
}

/** SMBIOS says `Advanced Micro Devices, Inc.`, CPUID `AuthenticAMD`. */
function isOfMaker(said: string | undefined, maker: string): boolean {
  if (said === undefined) return false;
  return said.includes(maker) || (maker === 'AMD' && said.includes('Advanced Micro Devices'));
}

function matches(pattern: PciPattern, device: PciDevice): boolean {
  if (pattern.vendor !== device.vendorId) return false;
  if (pattern.products !== undefined && !pattern.products.includes(device.productId)) return false;
  return pattern.classes === undefined || pattern.classes.includes(device.classId);
}

/** Both see the same device, and only `other` knows its product id. */
function isMoreParticular(other: HardwareProfile, profile: HardwareProfile, inventory: MachineInventory): boolean {
  const general = profile.detect?.pci?.filter(({ products }) => products === undefined) ?? [];
  const particular = other.detect?.pci?.filter(({ products }) => products !== undefined) ?? [];
  return inventory.pci.some(
    (device) =>
      general.some((pattern) => matches(pattern, device)) && particular.some((pattern) => matches(pattern, device)),
  );
}
