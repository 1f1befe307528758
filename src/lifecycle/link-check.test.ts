import { describe, expect, test } from 'vitest';
import { macOf, smallCluster } from '../../test/support/small-cluster.ts';
import type { NodeSpec } from '../spec/model.ts';
import { checkLinks } from './link-check.ts';
import type { ObservedLink } from './observation.ts';

function link(name: string, mac: string, up = true): ObservedLink {
  return { name, mac, physical: true, up };
}

function rules(spec: Partial<NodeSpec>, links: readonly ObservedLink[]): readonly string[] {
  const cluster = smallCluster({ controlPlanes: 1, nodes: { 'cp-1': spec } });
  return cluster.nodes.flatMap((node) =>
    checkLinks(cluster, node, links).map((remark) => `${remark.severity} ${remark.rule}`),
  );
}

describe('checkLinks', () => {
  test('the link with the MAC of the spec is there', () => {
    expect(rules({}, [link('enp1s0', macOf(101)), link('enp2s0', '00:23:24:ff:ff:ff', false)])).toEqual([]);
  });

  test('a bonded link is known by its permanent address', () => {
    expect(rules({}, [{ ...link('enp1s0', '00:23:24:ff:ff:ff'), permanentMac: macOf(101) }])).toEqual([]);
  });

  test('a static address on a MAC that the machine does not have is an error', () => {
    expect(rules({}, [link('enp1s0', '00:23:24:ff:ff:ff')])).toEqual(['error link-missing']);
  });

  test('the link that is to carry the address has no cable', () => {
    expect(rules({}, [link('enp1s0', macOf(101), false)])).toEqual(['warning link-down']);
  });

  test('S4-8 F3-11 a link named by the kernel that is not there is a warning that lists those that are', () => {
    const cluster = smallCluster({ controlPlanes: 1, nodes: { 'cp-1': { link: 'eth0' } } });

    const [remark] = cluster.nodes.flatMap((node) => checkLinks(cluster, node, [link('enp1s0', macOf(101))]));

    expect(remark).toMatchObject({
      severity: 'warning',
      rule: 'link-missing',
      message: expect.stringContaining('enp1s0'),
      hint: expect.stringContaining('mac'),
    });
  });

  test('without MAC or name one physical link is meant, several are a guess', () => {
    const spec = { identity: { macs: [], uuid: 'x' } };

    expect(rules(spec, [link('enp1s0', macOf(101))])).toEqual([]);
    expect(rules(spec, [link('enp1s0', macOf(101)), link('enp2s0', macOf(102))])).toEqual(['warning link-ambiguous']);
    expect(rules(spec, [])).toEqual(['error link-missing']);
  });
});
