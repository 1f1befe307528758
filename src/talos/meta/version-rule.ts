/** The one question that META asks of a Talos version. */

/** Whether `talos` (`v1.13.9`) is `floor` (`1.6.3`) or later. */
export function isAtLeastVersion(talos: string, floor: string): boolean {
  const [major = 0, minor = 0, patch = 0] = numbers(talos);
  const [floorMajor = 0, floorMinor = 0, floorPatch = 0] = numbers(floor);
  return (major - floorMajor || minor - floorMinor || patch - floorPatch) >= 0;
}

function numbers(version: string): readonly number[] {
  return version.replace(/^v/, '').split(/[-+]/)[0]?.split('.').map(Number) ?? [];
}
