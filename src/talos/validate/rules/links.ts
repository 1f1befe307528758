/** Rules of the documents that make or set up network links (Talos' `config/types/network`, 1.12 on). */
import { byteLength, isBase64Of, quote } from '../checks.ts';
import { at, integer, isSet, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import { all } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';

export const linkRules: DocumentRules = {
  LinkConfig: all(named, addressing),
  DummyLinkConfig: all(named, addressing),
  BridgeConfig: all(named, addressing),
  BondConfig: all(named, bond, addressing),
  VLANConfig: all(named, vlan, addressing),
  VRFConfig: all(named, vrf, addressing),
  WireguardConfig: all(named, wireguard, addressing),
  VethConfig: all(veth, addressing),
};

export function named(document: Field, context: RuleContext): void {
  if (text(at(document, 'name')) === '') context.error(at(document, 'name'), 'a name is required');
}

function addressing(link: Field, context: RuleContext): void {
  for (const item of items(at(link, 'addresses'))) {
    const address = at(item, 'address');
    if (text(address) === '') context.error(address, 'an address with prefix length is required');
    else if (isUnspecified(text(address)))
      context.error(address, `${quote(text(address))} is not the address of a host`);
  }
  for (const route of items(at(link, 'routes'))) {
    for (const key of ['destination', 'gateway', 'source']) {
      const field = at(route, key);
      if (isUnspecified(text(field))) {
        const hint = key === 'destination' ? '; leave it out for the default route' : '';
        context.error(field, `${quote(text(field))} cannot be the ${key} of a route${hint}`);
      }
    }
  }
}

/** `0.0.0.0` and `::`, with or without prefix length; addresses are held in canonical form. */
function isUnspecified(address: string): boolean {
  const host = address.split('/')[0];
  return host === '0.0.0.0' || host === '::';
}

function bond(document: Field, context: RuleContext): void {
  if (items(at(document, 'links')).length === 0) context.error(at(document, 'links'), 'a bond needs at least one link');
  const mode = at(document, 'bondMode');
  if (!isSet(mode)) context.error(mode, 'a bond needs its mode');
  if (text(mode) !== '802.3ad') return;
  for (const key of ['miimon', 'updelay', 'downdelay']) {
    if (!isSet(at(document, key))) context.warning(at(document, key), `an 802.3ad bond should set ${key}`);
  }
}

function vlan(document: Field, context: RuleContext): void {
  const id = at(document, 'vlanID');
  if (integer(id) < 1 || integer(id) > 4094) context.error(id, 'vlanID must be between 1 and 4094');
  if (text(at(document, 'parent')) === '') context.error(at(document, 'parent'), 'a VLAN needs its parent link');
}

const RESERVED_TABLES = new Set(['', 'unspec', 'local', 'main', 'default']);

function vrf(document: Field, context: RuleContext): void {
  const table = at(document, 'table');
  if (RESERVED_TABLES.has(text(table)))
    context.error(table, `a VRF needs a routing table of its own, not ${quote(text(table) || 'unspec')}`);
}

function wireguard(document: Field, context: RuleContext): void {
  key(at(document, 'privateKey'), true, context);
  const port = at(document, 'listenPort');
  if (integer(port) < 0 || integer(port) > 65535) context.error(port, 'listenPort must be between 0 and 65535');
  for (const peer of items(at(document, 'peers'))) {
    key(at(peer, 'publicKey'), true, context);
    key(at(peer, 'presharedKey'), false, context);
    const interval = at(peer, 'persistentKeepaliveInterval');
    if (integer(interval) < 0) context.error(interval, 'the interval cannot be negative');
  }
}

function key(field: Field, isRequired: boolean, context: RuleContext): void {
  if (text(field) === '') {
    if (isRequired) context.error(field, 'a WireGuard key is required');
  } else if (!isBase64Of(text(field), 32)) context.error(field, 'a WireGuard key is 32 bytes in base64');
}

function veth(document: Field, context: RuleContext): void {
  const peer = at(document, 'peer');
  for (const field of [at(document, 'name'), at(peer, 'name')]) interfaceName(field, context);
  const name = text(at(document, 'name'));
  if (name !== '' && name === text(at(peer, 'name')))
    context.error(at(peer, 'name'), 'both ends of the pair have the same name');
  addressing(peer, context);
}

function interfaceName(field: Field, context: RuleContext): void {
  const name = text(field);
  if (name === '') context.error(field, 'a name is required');
  else if (byteLength(name) > 15) context.error(field, 'the name of a link is at most 15 bytes long');
  else if (name === '.' || name === '..') context.error(field, `${quote(name)} is not a name for a link`);
  else if (/[/:]/.test(name)) context.error(field, 'the name of a link holds neither / nor :');
  else if (/[\s\p{C}\p{Z}]/u.test(name))
    context.error(field, 'the name of a link holds neither white space nor control characters');
}
