import { describe, expect, it } from 'vitest';
import { makeMachine } from '../../../test/contract/sim-support.ts';
import { readConfig } from './config.ts';
import { networkOf, type EffectiveNetwork } from './network.ts';
import { newMachine } from './state.ts';

const MACHINE = newMachine(
  makeMachine(1, {
    links: [
      { name: 'eno1', mac: '00:23:24:00:00:01', driver: 'e1000e' },
      { name: 'eno2', mac: '00:23:24:00:00:02', driver: 'mlx5_core' },
    ],
    addresses: [
      { kind: 'dhcp', link: 'eno1', ip: '10.0.4.150', prefix: 24, gateway: '10.0.4.1' },
      { kind: 'dhcp', link: 'eno2', ip: '10.0.9.150', prefix: 24 },
    ],
  }),
);

function networkFor(config: string): EffectiveNetwork {
  return networkOf(MACHINE, readConfig(config).network, 'seed');
}

function addresses(network: EffectiveNetwork): readonly string[] {
  return network.addresses.map((address) => `${address.link} ${address.ip}/${address.prefix}`);
}

describe('the network that a machine really has', () => {
  it('without a config every link with a lease has it', () => {
    expect(addresses(networkOf(MACHINE, undefined, 'seed'))).toEqual(['eno1 10.0.4.150/24', 'eno2 10.0.9.150/24']);
  });

  it('a v1alpha1 interface ends DHCP on its own link only', () => {
    const network = networkFor(
      'machine:\n  network:\n    interfaces:\n      - deviceSelector: {hardwareAddr: "00:23:24:00:00:01"}\n        addresses: [10.0.4.101/24]\n',
    );

    expect(addresses(network)).toEqual(['eno1 10.0.4.101/24', 'eno2 10.0.9.150/24']);
  });

  it('one link document ends default DHCP on all links', () => {
    const network = networkFor(
      'machine: {type: worker}\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: eno1\naddresses: [{address: 10.0.4.101/24}]\n',
    );

    expect(addresses(network)).toEqual(['eno1 10.0.4.101/24']);
  });

  it('a DHCP document brings it back on its link', () => {
    const network = networkFor(
      'machine: {type: worker}\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: eno1\naddresses: [{address: 10.0.4.101/24}]\n---\napiVersion: v1alpha1\nkind: DHCPv4Config\nname: eno2\n',
    );

    expect(addresses(network)).toEqual(['eno1 10.0.4.101/24', 'eno2 10.0.9.150/24']);
  });

  it('an alias by MAC stands for its link', () => {
    const network = networkFor(
      'machine: {type: worker}\n---\napiVersion: v1alpha1\nkind: LinkAliasConfig\nname: net0\nselector:\n  match: mac(link.permanent_addr) == "00:23:24:00:00:02"\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: net0\naddresses: [{address: 10.0.9.5/24}]\n',
    );

    expect(addresses(network)).toEqual(['eno2 10.0.9.5/24']);
  });

  it('takes its name from the config, from its identity where names are stable, else from its address', () => {
    expect(networkFor('machine: {network: {hostname: a.example}}').hostname).toBe('a');
    expect(networkFor('machine: {features: {stableHostname: true}}').hostname).toMatch(
      /^talos-[0-9a-z]{3}-[0-9a-z]{3}$/,
    );
    expect(networkFor('machine: {type: worker}').hostname).toBe('talos-10-0-4-150');
  });
});
