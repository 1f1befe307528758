/** Link selectors in Talos' two languages: `deviceSelector` of v1alpha1, and CEL over `link` for `LinkAliasConfig`. */
import { IchorError } from '../../errors.ts';
import type { LinkChoice } from '../../spec/network/link-forms.ts';
import type { Fragment } from '../setting.ts';

/** The expression that finds the link, or undefined when it goes by its name. */
export function linkExpression(choice: LinkChoice): string | undefined {
  if (choice.kind === 'name') return undefined;
  if (choice.kind === 'mac') return `mac(link.permanent_addr) == "${choice.mac}"`;
  const { match } = choice.selector;
  return typeof match === 'string' ? match : selectorExpression(choice.selector);
}

/**
 * The same in v1alpha1's words. `isShared`: VLANs on it, or a bond over it, have the same hardware address, which Talos would
 * otherwise take for the link itself (`DeviceConfigController.selectDevices`).
 */
export function deviceSelector(choice: LinkChoice, isShared: boolean): Fragment | undefined {
  if (choice.kind === 'name') return undefined;
  if (choice.kind === 'mac') {
    return isShared ? { permanentAddr: choice.mac } : { hardwareAddr: choice.mac };
  }
  if (choice.selector['match'] !== undefined) {
    throw new IchorError('invalid-input', 'a link is selected by an expression, which Talos knows from 1.12 on', {
      hint: 'Use mac, or a selector with busPath, driver, pciID or physical.',
    });
  }
  return choice.selector;
}

function selectorExpression(selector: Fragment): string {
  return Object.entries(selector)
    .map(([key, value]) => selectorTerm(key, value))
    .join(' && ');
}

function selectorTerm(key: string, value: unknown): string {
  switch (key) {
    case 'hardwareAddr':
      return `glob(${lower(value)}, mac(link.hardware_addr))`;
    case 'permanentAddr':
      return `glob(${lower(value)}, mac(link.permanent_addr))`;
    case 'busPath':
      return `glob(${JSON.stringify(value)}, link.bus_path)`;
    case 'pciID':
      return `glob(${JSON.stringify(value)}, link.pciid)`;
    case 'driver':
      return `glob(${JSON.stringify(value)}, link.driver)`;
    case 'physical':
      return value === false ? '!(link.kind == "" && link.type == 1)' : 'link.kind == "" && link.type == 1';
    default:
      throw new IchorError('invalid-input', `a link cannot be selected by ${key}`, {
        hint: 'Talos knows busPath, hardwareAddr, permanentAddr, pciID, driver and physical; from 1.12 on also match, an expression.',
      });
  }
}

/** Talos prints addresses in lower case. */
function lower(value: unknown): string {
  return JSON.stringify(String(value).toLowerCase());
}
