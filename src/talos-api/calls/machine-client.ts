/** The generated client of the MachineService, over a session's caller. */
import type { Client } from '@connectrpc/connect';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import type { Caller } from '../caller.ts';

export type Machine = Client<typeof MachineService>;

export function machineClient(caller: Caller): Machine {
  return caller.client(MachineService);
}
