import { resolve } from 'node:path';
import { IchorError } from '../../../errors.ts';
import {
  decryptFile,
  encryptFile,
  rotateFile,
  setFileValue,
  updateRecipients,
} from '../../../secrets/encrypted-file.ts';
import { replacePrivateFile } from '../../../secrets/private-file.ts';
import { createSystemSources } from '../../../secrets/system-sources.ts';
import type { IchorContext } from '../../context.ts';
import { say } from '../../output.ts';
import type { CipherFlags } from './route.ts';

export async function runEncrypt(this: IchorContext, flags: CipherFlags, file: string): Promise<void> {
  const { form, recipients } = await encryptFile(optionsOf(this, file, flags));
  say(
    this,
    `${file}: encrypted (${form}) for ${recipients.join(', ')}. What Git or a backup has of it in the clear stays there: rotate what was ever committed.`,
  );
}

export async function runDecrypt(this: IchorContext, flags: { readonly to?: string }, file: string): Promise<void> {
  const content = await decryptFile(resolve(this.cwd, file), identitiesOf(this));
  if (flags.to === undefined) {
    this.process.stdout.write(new TextDecoder().decode(content));
    return;
  }
  await replacePrivateFile(resolve(this.cwd, flags.to), content);
  say(this, `Wrote ${flags.to} in the clear (mode 0600).`);
}

export async function runRotate(this: IchorContext, flags: CipherFlags, file: string): Promise<void> {
  await rotateFile({ ...optionsOf(this, file, flags), identities: identitiesOf(this) });
  say(this, `${file}: encrypted anew.`);
}

export async function runRecipients(this: IchorContext, flags: CipherFlags, file: string): Promise<void> {
  const isChanged = await updateRecipients({ ...optionsOf(this, file, flags), identities: identitiesOf(this) });
  say(
    this,
    isChanged
      ? `${file}: recipients changed. Who could open it before may have kept what it held.`
      : `${file}: its recipients are so already.`,
  );
}

export async function runSet(this: IchorContext, _flags: object, file: string, key: string): Promise<void> {
  const value = (await this.readStdin()).replace(/\r?\n$/, '');
  if (value === '')
    throw new IchorError('invalid-input', `no value for ${key} came on standard input`, {
      hint: `printf %s "$VALUE" | ichor secrets set ${file} ${key}`,
    });
  await setFileValue(
    { path: resolve(this.cwd, file), now: new Date(), random: this.random, identities: identitiesOf(this) },
    key.split('.'),
    value,
  );
  say(this, `${file}: ${key} set.`);
}

function optionsOf(context: IchorContext, file: string, flags: CipherFlags) {
  return {
    path: resolve(context.cwd, file),
    now: new Date(),
    random: context.random,
    ...(flags.age === undefined ? {} : { recipients: flags.age }),
  };
}

function identitiesOf(context: IchorContext) {
  return createSystemSources({ folder: context.cwd, env: context.env, signal: context.signal }).identities;
}
