/** What several rules of the document without kind need: its machine types, the sections that hold nothing. */

/** `init` is the old word for the first control plane. */
export function isControlPlane(machineType: string): boolean {
  return machineType === 'controlplane' || machineType === 'init';
}

export function isWorker(machineType: string): boolean {
  return machineType === 'worker' || machineType === 'join' || machineType === '';
}
