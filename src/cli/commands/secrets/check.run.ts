import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { IchorError, messageOf } from '../../../errors.ts';
import { checkBundle } from '../../../secrets/bundle-check.ts';
import { loadBundleThatExists } from '../../../secrets/bundle-file.ts';
import { checkPlaintextSecrets, readTrackedFiles } from '../../../secrets/plaintext.ts';
import { createSystemSources } from '../../../secrets/system-sources.ts';
import type { Finding } from '../../../spec/finding.ts';
import type { IchorContext } from '../../context.ts';
import { Exit } from '../../failure.ts';
import type { OutputFlags } from '../../flags.ts';
import { dataColours, print, printJson } from '../../output.ts';
import { countFindings, renderFindings } from '../../terminal/findings.ts';

const run = promisify(execFile);
const MAX_GIT_BYTES = 64 * 1024 * 1024;

export async function runCheckSecrets(
  this: IchorContext,
  flags: OutputFlags & { readonly git: boolean; readonly staged: boolean },
  file?: string,
): Promise<void> {
  const isGit = flags.git || flags.staged;
  if (file === undefined && !isGit)
    throw new IchorError('invalid-input', 'there is nothing to check', {
      hint: 'Name a bundle, or give --git or --staged.',
    });
  const findings: Finding[] = [];
  if (file !== undefined) findings.push(...(await bundleFindings(this, file)));
  if (isGit)
    findings.push(...checkPlaintextSecrets(await readTrackedFiles(gitIn(this), flags.staged ? 'staged' : 'all')));
  const isBad = findings.some((finding) => finding.severity === 'error');
  if (flags.output === 'json') {
    printJson(this, { ok: !isBad, findings });
  } else {
    if (findings.length > 0) print(this, renderFindings(findings, dataColours(this)));
    print(this, countFindings(findings));
  }
  if (isBad) throw new Exit(1);
}

async function bundleFindings(context: IchorContext, file: string): Promise<readonly Finding[]> {
  const { identities } = createSystemSources({ folder: context.cwd, env: context.env, signal: context.signal });
  const { bundle, isEncrypted, warnings } = await loadBundleThatExists({
    path: resolve(context.cwd, file),
    identities,
  });
  const plain: readonly Finding[] = isEncrypted
    ? []
    : warnings.map((message) => ({ severity: 'warning', rule: 'plaintext-bundle', message }));
  return [...checkBundle(bundle, { now: new Date() }), ...plain];
}

function gitIn(context: IchorContext): (args: readonly string[]) => Promise<string> {
  return async (args) => {
    try {
      return (await run('git', [...args], { cwd: context.cwd, maxBuffer: MAX_GIT_BYTES, signal: context.signal }))
        .stdout;
    } catch (reason) {
      throw new IchorError('failed', `git ${args.join(' ')} failed: ${messageOf(reason)}`, {
        hint: 'Run this inside a Git work tree.',
        cause: reason,
      });
    }
  };
}
