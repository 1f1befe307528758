/** What a fault does to a machine itself. */
import { assertNever } from '../../errors.ts';
import type { MachineFault } from '../faults.ts';
import { powerOff, restartMachine } from './power.ts';
import { machineOf, updateMachine, updateRun, type Turn } from './turn.ts';

export function applyMachineFault(turn: Turn, fault: MachineFault): void {
  switch (fault.kind) {
    case 'dead':
      powerOff(turn);
      return;
    case 'silent':
      updateMachine(turn, { isSilent: true });
      return;
    case 'heal':
      updateMachine(turn, { isSilent: false, hasWrongCertificate: false, clockSkewMs: 0, missingDisks: [] });
      bumpApi(turn);
      return;
    case 'restart':
      restartMachine(turn, false);
      return;
    case 'wrong-certificate':
      updateMachine(turn, { hasWrongCertificate: true });
      bumpApi(turn);
      return;
    case 'clock-skew':
      updateMachine(turn, { clockSkewMs: fault.ms });
      bumpApi(turn);
      return;
    case 'disk-missing':
      updateMachine(turn, { missingDisks: [...machineOf(turn).missingDisks, fault.disk] });
      return;
    case 'address':
      if (fault.atOnce || machineOf(turn).run === undefined) changeAddress(turn, fault.ip);
      else updateMachine(turn, { nextLease: fault.ip });
      return;
    default:
      assertNever(fault);
  }
}

/** The lease of the first link that has one is another address from now on. */
export function changeAddress(turn: Turn, ip: string): void {
  const { leases } = machineOf(turn);
  const index = leases.findIndex((lease) => lease.kind === 'dhcp');
  updateMachine(turn, { leases: leases.map((lease, position) => (position === index ? { ...lease, ip } : lease)) });
  bumpApi(turn);
}

function bumpApi(turn: Turn): void {
  const { run } = machineOf(turn);
  if (run !== undefined) updateRun(turn, { apiGeneration: run.apiGeneration + 1 });
}
