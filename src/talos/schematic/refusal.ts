/** The error for a text that the Image Factory would not take as a schematic. */
import { IchorError } from '../../errors.ts';

export function refused(why: string, line = 0): IchorError {
  const place = line > 0 ? ` (line ${line})` : '';
  return new IchorError('invalid-input', `the schematic${place} ${why}`, {
    hint: 'A schematic holds overlay and customization only; see the Image Factory documentation for its fields.',
  });
}
