/**
 * ApplyConfiguration, in maintenance and on a configured node, by the rules of each minor (talos-1-api.md §1.6, part 6 §10; texts from
 * recordings 04, 05 and 10).
 */
import { createTwoFilesPatch } from 'diff';
import {
  applyNeverReboots,
  hasNetworkDocuments,
  maintenanceIsFullApi,
  maintenanceParseErrorIsInvalidArgument,
  refusesUnknownApplyMode,
} from '../versions.ts';
import { activateConfig, storeConfig } from './boot.ts';
import { readConfig } from './config.ts';
import { needsReboot } from './reboot-rules.ts';
import { refuse, type Refusal } from './refusal.ts';
import { startSequence } from './sequences.ts';
import type { ActiveConfig, Run } from './state.ts';
import { refreshStatus } from './status.ts';
import { endJob, machineOf, runOf, startJob, updateMachine, updateRun, type Turn } from './turn.ts';
import type { ConfigValidator, Verdict } from './validate.ts';

export type ApplyMode = 'reboot' | 'auto' | 'no-reboot' | 'staged' | 'try' | number;

export interface ApplyRequest {
  readonly text: string;
  readonly mode: ApplyMode;
  readonly isDryRun: boolean;
  /** Absent: one minute. */
  readonly tryTimeoutMs?: number;
}

export interface ApplyReply {
  readonly kind: 'applied';
  readonly mode: ApplyMode;
  readonly details: string;
  readonly warnings: readonly string[];
}

export function applyConfiguration(
  turn: Turn,
  request: ApplyRequest,
  validator: ConfigValidator,
): ApplyReply | Refusal {
  const run = runOf(turn);
  const isMaintenance = run.config?.facts.isComplete !== true;
  if (isMaintenance && !maintenanceIsFullApi(run.version)) return applyToSmallServer(turn, request, validator);
  const mode = effectiveMode(request.mode, isMaintenance, run);
  if (typeof mode === 'object') return mode;
  const verdict = validator(request.text, { version: run.version, mode: validationMode(turn) });
  const refusal = judge(verdict, run, { isMaintenance, text: request.text });
  if (refusal !== undefined || verdict.kind !== 'valid')
    return refusal ?? refuse('InvalidArgument', 'config not found');
  if (isRebooting(run))
    return refuse(
      'FailedPrecondition',
      'configuration was already applied and node is rebooting, please wait for the reboot to complete',
    );
  const resolved = isMaintenance ? mode : resolveMode(mode, request.text, run);
  if (typeof resolved === 'object') return resolved;
  const how = appliedText(resolved);
  if (request.isDryRun) {
    return {
      kind: 'applied',
      mode: resolved,
      details: `Dry run summary:\n${how} (skipped in dry-run).\nConfig diff:\n\n${configDiff(run, request.text)}`,
      warnings: [],
    };
  }
  return carryOut(turn, { request, resolved, how, verdict });
}

interface Decision {
  readonly request: ApplyRequest;
  readonly resolved: ApplyMode;
  readonly how: string;
  readonly verdict: Extract<Verdict, { kind: 'valid' }>;
}

function carryOut(turn: Turn, { request, resolved, how, verdict }: Decision): ApplyReply {
  const { warnings, facts } = verdict;
  const reply = (details: string): ApplyReply => ({ kind: 'applied', mode: resolved, details, warnings });
  if (resolved !== 'try') endTrial(turn);
  switch (resolved) {
    case 'staged':
      storeConfig(turn, request.text);
      return reply(how);
    case 'try': {
      const timeout = request.tryTimeoutMs ?? 60_000;
      const { trial, config } = runOf(turn);
      updateRun(turn, { trial: trial ?? { previous: config } });
      activate(turn, { text: request.text, facts });
      startJob(turn, 'end-trial', timeout);
      return reply(
        `${how}\nThe config is applied in 'try' mode and will be automatically reverted back in ${goDuration(timeout)}`,
      );
    }
    case 'no-reboot':
      storeConfig(turn, request.text);
      activate(turn, { text: request.text, facts });
      return reply(how);
    default:
      storeConfig(turn, request.text);
      startSequence(turn, 'reboot', {});
      return reply(how);
  }
}

/** A complete config on a node in maintenance starts the boot; anything else only takes effect. */
function activate(turn: Turn, config: ActiveConfig): void {
  if (config.facts.isComplete && runOf(turn).config?.facts.isComplete !== true) {
    activateConfig(turn, config.text);
    return;
  }
  updateRun(turn, { config, apiGeneration: runOf(turn).apiGeneration + 1 });
  refreshStatus(turn);
}

/** The time of a tried config is over, or another config took its place. */
export function revertTrial(turn: Turn): void {
  const { trial } = runOf(turn);
  if (trial === undefined) return;
  const { trial: _, config: __, ...rest } = runOf(turn);
  const previous = trial.previous === undefined ? {} : { config: trial.previous };
  updateMachine(turn, { run: { ...rest, ...previous, apiGeneration: rest.apiGeneration + 1 } });
  refreshStatus(turn);
}

function endTrial(turn: Turn): void {
  const { trial: _, ...rest } = runOf(turn);
  updateMachine(turn, { run: rest });
  endJob(turn, 'end-trial');
}

/** The maintenance server of 1.11 and 1.12: any served mode just loads the config, and the reply says nothing. */
function applyToSmallServer(turn: Turn, request: ApplyRequest, validator: ConfigValidator): ApplyReply | Refusal {
  const served: readonly ApplyMode[] = ['try', 'reboot', 'auto'];
  const run = runOf(turn);
  if (!served.includes(request.mode)) {
    return refuse(
      'Unimplemented',
      `apply configuration --mode='${String(request.mode)}' is not supported in maintenance mode`,
    );
  }
  const verdict = validator(request.text, { version: run.version, mode: validationMode(turn) });
  const refusal = judge(verdict, run, { isMaintenance: true, text: request.text });
  if (refusal !== undefined || verdict.kind !== 'valid')
    return refusal ?? refuse('InvalidArgument', 'config not found');
  if (request.isDryRun) {
    return {
      kind: 'applied',
      mode: 'reboot',
      details: 'Dry run summary:\nNode is running in maintenance mode and does not have a config yet.',
      warnings: [],
    };
  }
  storeConfig(turn, request.text);
  activate(turn, { text: request.text, facts: verdict.facts });
  return { kind: 'applied', mode: 'reboot', details: '', warnings: [] };
}

interface Judged {
  readonly isMaintenance: boolean;
  readonly text: string;
}

function judge(verdict: Verdict, run: Run, { isMaintenance, text }: Judged): Refusal | undefined {
  const isSmallServer = isMaintenance && !maintenanceIsFullApi(run.version);
  if (verdict.kind === 'unreadable') {
    return isSmallServer && !maintenanceParseErrorIsInvalidArgument(run.version)
      ? refuse('Unknown', `failed to parse config: ${verdict.message}`)
      : refuse('InvalidArgument', verdict.message);
  }
  if (!isMaintenance && !readConfig(text).isComplete) {
    return refuse(
      'InvalidArgument',
      "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
    );
  }
  if (verdict.kind === 'invalid')
    return refuse(
      'InvalidArgument',
      isSmallServer ? `configuration validation failed: ${verdict.message}` : verdict.message,
    );
  return undefined;
}

/** What the asked mode means before the change itself is looked at. */
function effectiveMode(mode: ApplyMode, isMaintenance: boolean, run: Run): ApplyMode | Refusal {
  if (typeof mode === 'number')
    return refusesUnknownApplyMode(run.version)
      ? refuse('InvalidArgument', `incorrect mode '${mode}' specified for the apply config call`)
      : mode;
  if (isMaintenance && (mode === 'reboot' || mode === 'auto')) return 'no-reboot';
  if (mode === 'reboot' && applyNeverReboots(run.version)) {
    return refuse('Unimplemented', 'the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead');
  }
  return mode;
}

function resolveMode(mode: ApplyMode, text: string, run: Run): ApplyMode | Refusal {
  if (applyNeverReboots(run.version)) return mode === 'auto' ? 'no-reboot' : mode;
  const changesAtReboot = needsReboot(run.config?.text ?? '', text);
  if (mode === 'auto') return changesAtReboot ? 'reboot' : 'no-reboot';
  if ((mode === 'no-reboot' || mode === 'try') && changesAtReboot) {
    return refuse(
      'InvalidArgument',
      `this config change can't be applied in immediate mode\ndiff:\n${configDiff(run, text)}`,
    );
  }
  return mode;
}

function isRebooting(run: Run): boolean {
  return run.stage === 'rebooting' && hasNetworkDocuments(run.version) && !applyNeverReboots(run.version);
}

function appliedText(mode: ApplyMode): string {
  if (mode === 'staged') return 'Staged configuration to be applied after the next reboot';
  return mode === 'no-reboot' || mode === 'try'
    ? 'Applied configuration without a reboot'
    : 'Applied configuration with a reboot';
}

function configDiff(run: Run, text: string): string {
  const before = run.config?.text ?? '';
  if (before === text) return 'No changes.';
  const patch = createTwoFilesPatch('a', 'b', before, text, undefined, undefined, { context: 3 });
  return patch.slice(patch.indexOf('--- a')).replace('--- a\t', '--- a').replace('+++ b\t', '+++ b');
}

function validationMode(turn: Turn): 'metal' | 'cloud' | 'container' {
  const { platform } = machineOf(turn).definition;
  if (platform === 'container') return 'container';
  return platform === 'metal' ? 'metal' : 'cloud';
}

/** Go's way of writing a duration. */
export function goDuration(ms: number): string {
  const seconds = ms / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
