/** Rules of BGPInstanceConfig (Talos' `config/types/network/bgp.go`, 1.14). */
import { quote } from '../checks.ts';
import { at, integer, isSet, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import { all } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';
import { isMasked, overlap, prefixOf } from '../subnet.ts';
import type { Subnet } from '../subnet.ts';
import { named } from './links.ts';

export const bgpRules: DocumentRules = { BGPInstanceConfig: all(named, instance, neighbors, importRoutes) };

function instance(document: Field, context: RuleContext): void {
  if (integer(at(document, 'localASN')) === 0) context.error(at(document, 'localASN'), 'localASN is required');
  const id = at(document, 'routerID');
  if (text(id).includes(':')) context.error(id, 'routerID must be an IPv4 address');
}

function neighbors(document: Field, context: RuleContext): void {
  const list = items(at(document, 'neighbors'));
  if (list.length === 0) context.warning(at(document, 'neighbors'), 'the instance has no neighbours');
  const seen = new Set<string>();
  for (const neighbor of list) {
    const [address, link] = [text(at(neighbor, 'address')), text(at(neighbor, 'link'))];
    if ((address === '') === (link === ''))
      context.error(neighbor, 'a neighbour has an address or a link, one of both');
    else if (seen.has(address + link)) context.error(neighbor, `the neighbour ${quote(address + link)} is there twice`);
    seen.add(address + link);
    behaviour(neighbor, text(at(document, 'vrf')), context);
  }
}

function behaviour(neighbor: Field, vrf: string, context: RuleContext): void {
  const hold = at(neighbor, 'holdTime');
  if (integer(hold) < 0) context.error(hold, 'holdTime cannot be negative');
  const bfd = at(neighbor, 'bfd');
  if (!isSet(bfd)) return;
  if (vrf !== '') context.error(bfd, 'BFD is not supported in a VRF');
  for (const key of ['transmitInterval', 'receiveInterval']) {
    if (integer(at(bfd, key)) < 0) context.error(at(bfd, key), `${key} cannot be negative`);
  }
}

interface Selected {
  readonly route: number;
  readonly subnet: Subnet;
}

function importRoutes(document: Field, context: RuleContext): void {
  const own = text(at(document, 'name'));
  const sources = new Set<string>();
  const selected: Selected[] = [];
  for (const [index, route] of items(at(document, 'importRoutes')).entries()) {
    const source = at(route, 'bgpInstance');
    if (text(source) === '') context.error(source, 'bgpInstance is required');
    else if (text(source) === own) context.error(source, 'an instance cannot import from itself');
    if (text(source) !== '' && sources.has(text(source)))
      context.error(source, `routes of ${quote(text(source))} are imported twice`);
    sources.add(text(source));
    prefixes(at(route, 'prefixes'), index, selected, context);
  }
}

function prefixes(list: Field, route: number, selected: Selected[], context: RuleContext): void {
  if (items(list).length === 0) context.error(list, 'at least one prefix is required');
  for (const field of items(list)) {
    const subnet = prefixOf(text(field));
    if (subnet === undefined) {
      context.error(field, 'a prefix is required');
      continue;
    }
    if (!isMasked(subnet)) context.error(field, `${quote(text(field))} has bits set beyond its length`);
    for (const other of selected) {
      const isHeard = other.route === route || (isMasked(subnet) && isMasked(other.subnet));
      if (isHeard && overlap(other.subnet, subnet))
        context.error(field, `${quote(text(field))} overlaps another prefix`);
    }
    selected.push({ route, subnet });
  }
}
