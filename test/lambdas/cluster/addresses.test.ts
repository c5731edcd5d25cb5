import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressChanges, addressesOf, oursOf } from '../../../lambdas/cluster/addresses.ts';
import { ClusterNotConfigurable } from '../../../lambdas/config/errors.ts';

const region = 'eu-central';
const branch = (...addresses: string[]) => ({ addresses, region });
const ours = (address: string) => ({ address, isOurs: true });
const theirs = (address: string) => ({ address, isOurs: false });

describe("PlanetScale's addresses", () => {
  it('are written as EC2 writes them, each once', () => {
    expect(addressesOf(branch('3.64.1.2', '3.64.1.17/28', '3.64.1.16/28', '3.64.1.2/32', '2001:db8::1'))).toEqual([
      '3.64.1.16/28',
      '3.64.1.2/32',
    ]);
  });

  it.each(['0.0.0.0/0', '0.0.0.0/1', '3.64.0.0/23', '3.64.1', '3.64.1.2/33', '3.64.1.2/24/1', '3.64.1.2/', 'localhost', '', '3.64.1.2\n'])(
    'are refused where one of them is %j',
    (wrong) => {
      expect(() => addressesOf(branch('3.64.1.2', wrong))).toThrow(ClusterNotConfigurable);
      expect(() => addressesOf(branch('3.64.1.2', wrong))).toThrow(/No rule was changed.*planetscaleEgress/);
    },
  );

  it('keep the network of whatever address of it is named', () => {
    const property = fc.property(fc.ipV4(), fc.integer({ min: 24, max: 32 }), (address, bits) => {
      const [network = ''] = addressesOf(branch(`${address}/${bits}`));
      const number = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
      const size = 2 ** (32 - bits);
      expect(network.endsWith(`/${bits}`)).toBe(true);
      expect(number(network.split('/')[0] ?? '')).toBe(Math.floor(number(address) / size) * size);
    });
    fc.assert(property);
  });
});

describe('the rules for them', () => {
  it('are those that are missing, and ours that PlanetScale no longer names', () => {
    const allowed = [ours('3.64.1.2/32'), ours('3.64.1.9/32'), theirs('3.64.1.3/32'), theirs('10.0.0.0/8')];
    expect(addressChanges(branch('3.64.1.2', '3.64.1.3', '3.64.1.4'), allowed)).toEqual({
      allow: ['3.64.1.4/32'],
      disallow: ['3.64.1.9/32'],
    });
  });

  it('stay as they are where PlanetScale names none', () => {
    expect(addressChanges(branch(), [ours('3.64.1.2/32')])).toEqual({ allow: [], disallow: [] });
    expect(() => addressChanges(branch('2001:db8::1'), [])).toThrow(/names no outgoing IPv4 address of eu-central.*planetscaleEgress/);
  });

  it('are nobody else to take away', () => {
    expect(oursOf([ours('3.64.1.2/32'), theirs('3.64.1.3/32')])).toEqual(['3.64.1.2/32']);
    expect(oursOf(undefined)).toEqual([]);
  });
});
