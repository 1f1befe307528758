/** What runs on a machine: Talos version, stage, boot, extensions and the schematic that they came with. */
import { isAtLeastMinor } from '../../catalog/version.ts';
import { isTalosError } from '../../talos-api/errors.ts';
import type { CallOptions, TalosNodeSession } from '../../talos-api/port.ts';
import type { Resource } from '../../talos-api/resource.ts';
import type { MachineStage } from '../observation.ts';
import { fieldsOf, isFields, listField, textField } from '../../health/resource-fields.ts';
import { BOOT_ID, EXTENSIONS, REBOOT_REQUEST, TALOS_VERSION, UNATTENDED_INSTALL } from './talos-types.ts';

/** The Version call is refused in maintenance by ≤1.12; the resource is readable there. */
export async function readTalosVersion(session: TalosNodeSession, options: CallOptions): Promise<string> {
  try {
    return (await session.version(options)).tag;
  } catch (reason) {
    if (!isTalosError(reason, 'unimplemented', 'permission-denied')) throw reason;
    const resource = await session.getResource(TALOS_VERSION, options);
    const version = textField(fieldsOf(resource?.spec), 'version');
    if (version === undefined) throw reason;
    return version;
  }
}

/** What was read when the machine was met. */
export interface MetMachine {
  readonly status: Resource | undefined;
  readonly talos: string | undefined;
}

/** Undefined while the node has not published its status yet. */
export async function readStage(
  session: TalosNodeSession,
  met: MetMachine,
  options: CallOptions,
): Promise<MachineStage | undefined> {
  const { status, talos } = met;
  if (status === undefined) return undefined;
  const fields = fieldsOf(status.spec);
  const stage = textField(fields, 'stage');
  if (stage === undefined) return undefined;
  const inner = fieldsOf(fields['status']);
  const unmet = listField(inner, 'unmetConditions')
    .filter(isFields)
    .map((condition) => ({ name: textField(condition, 'name') ?? '', reason: textField(condition, 'reason') ?? '' }));
  const mayWaitForReboot =
    (stage === 'booting' || stage === 'running') && (talos === undefined || isAtLeastMinor(talos, '1.14'));
  const pendingReboot = mayWaitForReboot ? await readPendingReboot(session, options) : [];
  return { stage, ready: inner['ready'] === true && pendingReboot.length === 0, unmet: [...unmet, ...pendingReboot] };
}

/** From 1.14 on the install is a controller's work beside the boot, and its reboot a request. */
async function readPendingReboot(session: TalosNodeSession, options: CallOptions): Promise<MachineStage['unmet']> {
  const [install, reboot] = await Promise.all([
    readIfKnown(session, UNATTENDED_INSTALL, options),
    readIfKnown(session, REBOOT_REQUEST, options),
  ]);
  const phase = textField(fieldsOf(install?.spec), 'phase');
  const error = textField(fieldsOf(install?.spec), 'error');
  const unmet: { readonly name: string; readonly reason: string }[] = [];
  if (phase !== undefined && phase !== 'installed')
    unmet.push({ name: 'install', reason: error === undefined ? phase : `${phase}: ${error}` });
  if (reboot !== undefined) unmet.push({ name: 'reboot', reason: 'a reboot is requested' });
  return unmet;
}

/** Of the kernel; a node that rebooted has another one. In maintenance only ≥1.14 tells. */
export async function readBootId(
  session: TalosNodeSession,
  isSecure: boolean,
  options: CallOptions,
): Promise<string | undefined> {
  const resource = await readIfKnown(session, BOOT_ID, options);
  const bootId = textField(fieldsOf(resource?.spec), 'bootID');
  if (bootId !== undefined || !isSecure) return bootId;
  const text = new TextDecoder().decode(await session.readFile('/proc/sys/kernel/random/boot_id', options));
  return text.trim() === '' ? undefined : text.trim();
}

export interface ExtensionFacts {
  readonly extensions: readonly string[];
  /** Image Factory's images carry their schematic's id as an extension of that name (talos-2 §2.1). */
  readonly schematic: string | undefined;
}

export async function readExtensions(session: TalosNodeSession, options: CallOptions): Promise<ExtensionFacts> {
  const resources = await session.listResources(EXTENSIONS, options);
  const metadata = resources.map((resource) => fieldsOf(fieldsOf(resource.spec)['metadata']));
  const schematic = metadata.find((fields) => fields['name'] === 'schematic');
  const names = metadata.flatMap((fields) => textField(fields, 'name') ?? []);
  return {
    extensions: names.filter((name) => name !== 'schematic' && name !== 'modules.dep').toSorted(),
    schematic: schematic === undefined ? undefined : textField(schematic, 'version'),
  };
}

async function readIfKnown(
  session: TalosNodeSession,
  key: { readonly namespace: string; readonly type: string; readonly id: string },
  options: CallOptions,
): Promise<Resource | undefined> {
  try {
    return await session.getResource(key, options);
  } catch (reason) {
    // Unknown types are refused so (talos-1-api.md §1.8).
    if (isTalosError(reason, 'permission-denied', 'unimplemented')) return undefined;
    throw reason;
  }
}
