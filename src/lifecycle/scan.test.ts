import { describe, expect, it, test } from 'vitest';
import { hostsOf, isScannable, scanSubnet, searchRange } from './scan.ts';

describe('scanSubnet', () => {
  test('asks every host of the subnet once, and returns those that answer in order', async () => {
    const asked: string[] = [];
    const probe = {
      isOpen: async (host: string) => {
        asked.push(host);
        return host.endsWith('.7') || host.endsWith('.250');
      },
    };

    const found = await scanSubnet(probe, '10.0.4.0/24', 50_000, new AbortController().signal);

    expect(found).toEqual(['10.0.4.7', '10.0.4.250']);
    expect(new Set(asked).size).toBe(254);
    expect(asked).toHaveLength(254);
  });

  test('stops with its signal', async () => {
    const stop = new AbortController();
    const probe = {
      isOpen: async () => {
        stop.abort(new Error('stopped'));
        return false;
      },
    };

    await expect(scanSubnet(probe, '10.0.4.0/29', 50_000, stop.signal)).rejects.toThrow('stopped');
  });

  test.each([
    ['10.0.4.8/30', ['10.0.4.9', '10.0.4.10']],
    ['10.0.4.8/31', ['10.0.4.8', '10.0.4.9']],
    ['10.0.4.8/32', ['10.0.4.8']],
    ['10.0.4.200/30', ['10.0.4.201', '10.0.4.202']],
  ])('%s', (subnet, hosts) => {
    expect(hostsOf(subnet)).toEqual(hosts);
  });

  test('a large network is refused, not searched for minutes', () => {
    expect(isScannable('10.0.0.0/22')).toBe(true);
    expect(isScannable('10.0.0.0/21')).toBe(false);
    expect(isScannable('fd00::/120')).toBe(false);
    expect(() => hostsOf('10.0.0.0/8')).toThrow('too large');
  });
});

describe('where to search', () => {
  it.each([
    ['10.0.4.0/24', ['10.0.4.101'], '10.0.4.0/24'],
    ['10.0.0.0/17', ['10.0.4.101', '10.0.9.1'], '10.0.4.0/22'],
    ['10.2.0.0/16', ['192.0.2.1', '10.2.1.1'], '10.2.0.0/22'],
    ['10.0.0.0/8', [], undefined],
    [undefined, ['10.0.4.101'], undefined],
  ])('%s with %j is searched in %s', (subnet, wanted, range) => {
    expect(searchRange(subnet, wanted)).toBe(range);
  });
});
