/** The tree of commands: main verbs are flat, plain doors stand under a noun. Each command is loaded only when it is run. */
import { buildApplication, buildRouteMap, text_en } from '@stricli/core';
import { exitCodeOf, renderFailure } from './failure.ts';
import { applyCommand } from './commands/apply.ts';
import { checkCommand } from './commands/check.ts';
import { configRoutes } from './commands/config/route.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { discoverCommand } from './commands/discover.ts';
import { diffCommand } from './commands/diff.ts';
import { exportCommand } from './commands/export.ts';
import { importRoutes } from './commands/import.ts';
import { explainCommand } from './commands/explain.ts';
import { imageRoutes } from './commands/image/route.ts';
import { initCommand } from './commands/init.ts';
import { kubeconfigCommand, talosconfigCommand } from './commands/kubeconfig.ts';
import { planCommand } from './commands/plan.ts';
import { rehearseCommand } from './commands/rehearse.ts';
import { renderCommand } from './commands/render.ts';
import { secretsRoutes } from './commands/secrets/route.ts';
import { simCommand } from './commands/sim.ts';
import { statusCommand } from './commands/status.ts';
import { VERSION } from './version.ts';

const text = {
  exceptionWhileRunningCommand: renderFailure,
  commandErrorResult: renderFailure,
  exceptionWhileLoadingCommandFunction: renderFailure,
  exceptionWhileParsingArguments: (reason: unknown, hasColour: boolean) =>
    `error: ${text_en.exceptionWhileParsingArguments(reason, hasColour)}\n  hint: The command with --help shows its flags.`,
  noCommandRegisteredForInput: (args: Parameters<typeof text_en.noCommandRegisteredForInput>[0]) =>
    `error: ${text_en.noCommandRegisteredForInput(args)}\n  hint: \`ichor --help\` lists the commands.`,
};

export const application = buildApplication(
  buildRouteMap({
    routes: {
      init: initCommand,
      check: checkCommand,
      discover: discoverCommand,
      render: renderCommand,
      plan: planCommand,
      apply: applyCommand,
      status: statusCommand,
      kubeconfig: kubeconfigCommand,
      talosconfig: talosconfigCommand,
      explain: explainCommand,
      image: imageRoutes,
      rehearse: rehearseCommand,
      sim: simCommand,
      import: importRoutes,
      export: exportCommand,
      diff: diffCommand,
      config: configRoutes,
      secrets: secretsRoutes,
      completion: completionCommand,
      __complete: completeCommand,
    },
    docs: {
      brief: 'Talos Linux clusters from one file',
      hideRoute: { __complete: true },
      fullDescription: [
        'Talos Linux clusters from one file: from bare hardware to a running, verified cluster.',
        '',
        'A first cluster:   ichor init, fill in cluster.yaml, ichor check, ichor secrets generate, ichor plan, ichor apply',
        'Without hardware:  ichor rehearse cluster.yaml  (simulated machines; nothing on your network is touched)',
      ].join('\n'),
    },
  }),
  {
    name: 'ichor',
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: true },
    determineExitCode: exitCodeOf,
    localization: { loadText: () => ({ ...text_en, ...text }) },
  },
);
