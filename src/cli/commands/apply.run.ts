import { createInterface } from 'node:readline/promises';
import { IchorError } from '../../errors.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { kindOf } from '../../lifecycle/steps/registry.ts';
import type { BundleProtection } from '../../secrets/bundle-file.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster, selectNodes } from '../cluster-file.ts';
import { openOrCreateBundle } from '../cluster/secrets.ts';
import { openLifecycle } from '../cluster/session.ts';
import { Exit } from '../failure.ts';
import { say, talkColours } from '../output.ts';
import { readPlanFile } from '../plan-file.ts';
import { renderFindings } from '../terminal/findings.ts';
import { renderPlan } from '../terminal/plan.ts';
import { createRunView } from '../terminal/run-view.ts';
import { openSurroundings } from '../world.ts';
import type { ApplyFlags } from './apply.ts';

export async function runApply(this: IchorContext, flags: ApplyFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const nodes =
    flags.node === undefined ? undefined : new Set(selectNodes(cluster, flags.node).map((node) => node.name));
  const surroundings = openSurroundings(this, flags);
  const bundle = await openOrCreateBundle(this, cluster, protectionOf(flags));
  const view = createRunView(this, surroundings.clock, flags.output);
  const lifecycle = await openLifecycle(this, {
    cluster,
    bundle,
    surroundings,
    command: 'ichor apply',
    at: flags.at,
    confirmed: flags.confirm,
    sink: view.sink,
  });
  try {
    const expected = flags.plan === undefined ? undefined : await readPlanFile(this.cwd, flags.plan);
    const result = await lifecycle.apply(
      {
        command: 'ichor apply',
        ...(nodes === undefined ? {} : { nodes }),
        ...(expected === undefined ? {} : { expected }),
        approve: (plan) => approve(this, flags, plan),
      },
      this.signal,
    );
    view.close();
    if (flags.output === 'text') {
      const colours = talkColours(this);
      say(
        this,
        `${result.exit === 0 ? colours.green('done') : result.exit === 2 ? colours.yellow('left alone') : colours.red('not done')}: ${result.message}`,
      );
      if (result.hint !== undefined) say(this, `  hint: ${result.hint}`);
    }
    if (result.exit !== 0) throw new Exit(result.exit);
  } finally {
    view.close();
    await lifecycle.close();
  }
}

async function approve(context: IchorContext, flags: ApplyFlags, plan: Plan): Promise<boolean> {
  const colours = talkColours(context);
  if (flags.output === 'text') {
    if (plan.findings.length > 0) say(context, renderFindings(plan.findings, colours));
    say(
      context,
      renderPlan(plan, (step) => kindOf(step).describe(step), colours),
    );
  }
  // A plan that was reviewed is approved.
  if (flags.yes || flags.plan !== undefined) return true;
  if (context.process.stderr.isTTY !== true || !process.stdin.isTTY) {
    throw new IchorError('refused', 'nobody can be asked here whether to run this plan', {
      hint: 'Add --yes, or make a plan with `ichor plan --out FILE` and run it with --plan FILE.',
    });
  }
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await ask.question('Run this plan? [y/N] ', { signal: context.signal })).trim());
  } finally {
    ask.close();
  }
}

function protectionOf(flags: ApplyFlags): BundleProtection | undefined {
  if (flags.plaintext) return { kind: 'plaintext' };
  return flags.age === undefined ? undefined : { kind: 'recipients', recipients: flags.age };
}
