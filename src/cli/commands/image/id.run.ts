import { schematicId } from '../../../talos/schematic/schematic.ts';
import type { IchorContext } from '../../context.ts';
import type { OutputFlags } from '../../flags.ts';
import { readInput } from '../../input.ts';
import { print, printJson, say } from '../../output.ts';

export async function runId(this: IchorContext, flags: OutputFlags, file: string): Promise<void> {
  const { id, idOlder, canonical } = schematicId(await readInput(this, file));
  if (flags.output === 'json') return printJson(this, { id, ...(idOlder === undefined ? {} : { idOlder }), canonical });
  print(this, id);
  if (idOlder !== undefined) say(this, `An Image Factory of 1.4.0 or before calls it ${idOlder}.`);
}
