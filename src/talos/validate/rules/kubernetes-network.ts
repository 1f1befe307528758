/** Rules of KubeNetworkConfig: pod and service subnets (Talos' `config/types/k8s/network.go`, 1.14). */
import { quote } from '../checks.ts';
import { at, integer, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import type { RuleContext } from '../rule.ts';
import { isMasked, prefixOf } from '../subnet.ts';
import type { Subnet } from '../subnet.ts';

type SizeCheck = (subnet: Subnet) => string | undefined;

const DEFAULT_NODE_MASK = { 4: 24, 6: 64 } as const;
const LEAST_HOST_BITS = 4;
const MOST_SERVICE_HOST_BITS = 20;
const MOST_NODE_BITS = 16;

export function kubeNetwork(document: Field, context: RuleContext): void {
  const masks = { 4: at(document, 'nodeCIDRMaskSizeIPv4'), 6: at(document, 'nodeCIDRMaskSizeIPv6') };
  for (const [mask, width] of [
    [masks[4], 32],
    [masks[6], 128],
  ] as const) {
    if (!isMask(mask, width)) context.error(mask, `it must be between 1 and ${width}`);
  }
  const [pods, services] = [at(document, 'podSubnets'), at(document, 'serviceSubnets')];
  subnets(pods, (subnet) => podSubnetProblem(subnet, masks[subnet.family]), context);
  subnets(services, serviceSubnetProblem, context);
  if (items(pods).length !== items(services).length)
    context.error(services, 'there must be as many service subnets as pod subnets');
}

function isMask(mask: Field, width: number): boolean {
  return integer(mask) >= 0 && integer(mask) <= width;
}

function subnets(list: Field, sizeProblem: SizeCheck, context: RuleContext): void {
  const found = items(list);
  if (found.length === 0) context.error(list, 'at least one subnet is required');
  if (found.length > 2) context.error(list, 'at most two subnets can be given, one of each address family');
  const families = new Set<number>();
  for (const field of found) {
    const subnet = prefixOf(text(field));
    if (subnet === undefined) {
      context.error(field, `${quote(text(field))} is not a subnet`);
      continue;
    }
    const problem = subnetProblem(subnet) ?? sizeProblem(subnet);
    if (problem !== undefined) context.error(field, `${text(field)} ${problem}`);
    if (families.has(subnet.family)) context.error(field, `there is another IPv${subnet.family} subnet`);
    families.add(subnet.family);
  }
}

function subnetProblem(subnet: Subnet): string | undefined {
  if (!isMasked(subnet)) return 'has bits set beyond its length';
  return subnet.width - subnet.bits < LEAST_HOST_BITS
    ? `is too small: /${subnet.width - LEAST_HOST_BITS} is the smallest`
    : undefined;
}

function podSubnetProblem(subnet: Subnet, mask: Field): string | undefined {
  if (!isMask(mask, subnet.width)) return undefined;
  const perNode = integer(mask) || DEFAULT_NODE_MASK[subnet.family];
  if (subnet.bits > perNode) return `is smaller than the /${perNode} that each node gets`;
  return perNode - subnet.bits > MOST_NODE_BITS
    ? `is too large for nodes that get a /${perNode} each: at most ${MOST_NODE_BITS} bits may lie between`
    : undefined;
}

function serviceSubnetProblem(subnet: Subnet): string | undefined {
  if (subnet.width - subnet.bits <= MOST_SERVICE_HOST_BITS) return undefined;
  return `is too large: /${subnet.width - MOST_SERVICE_HOST_BITS} is the largest for services`;
}
