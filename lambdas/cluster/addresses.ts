/** PlanetScale's outgoing addresses and the rules that let them in: which are to be made, and which of ours are to go. */
import { isIPv4 } from 'node:net';
import { ClusterNotConfigurable } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { AllowedAddress } from '../ports/cluster.ts';
import type { Branch } from '../ports/planetscale.ts';

export interface AddressChanges {
  readonly allow: readonly string[];
  readonly disallow: readonly string[];
}

/** As for the setting `planetscaleEgress`: a wider network is a mistake, and two halves of the internet are the whole of it. */
const SHORTEST_PREFIX = 24;

/**
 * As EC2 writes them. Addresses of version 6 are left out: neither the cluster nor the load balancer has one.
 * @throws ClusterNotConfigurable where one of them is no address, or a wide network
 */
export function addressesOf({ addresses, region }: Pick<Branch, 'addresses' | 'region'>): string[] {
  const refused = addresses.filter((one) => !one.includes(':') && networkOf(one) === undefined);
  if (refused.length > 0) {
    throw new ClusterNotConfigurable(
      `PlanetScale names outgoing addresses of ${region} that are not let in: ${atMost(10, refused).join(', ')}. Each has to be an IPv4 address or a network of at ` +
        `most ${2 ** (32 - SHORTEST_PREFIX)}. No rule was changed. Name the right ones in the setting planetscaleEgress, deploy without a token, then start again.`,
    );
  }
  return [...new Set(addresses.flatMap((one) => networkOf(one) ?? []))].sort();
}

/** `3.64.1.16/28` of `3.64.1.17/28`: EC2 keeps the network of a rule, without the rest of the address. */
function networkOf(text: string): string | undefined {
  const [address = '', prefix = '32', ...rest] = text.split('/');
  if (rest.length > 0 || !isIPv4(address) || !/^[0-9]{1,2}$/.test(prefix)) return undefined;
  const bits = Number(prefix);
  if (bits < SHORTEST_PREFIX || bits > 32) return undefined;
  const bytes = address.split('.').map(Number);
  const last = (bytes[3] ?? 0) & ~(2 ** (32 - bits) - 1);
  return `${bytes.slice(0, 3).join('.')}.${last}/${bits}`;
}

/**
 * Rules of others are never taken away. Where PlanetScale names no address at all, everything stays: that is no answer by which to shut it out.
 * @throws ClusterNotConfigurable where it names none and none is let in
 */
export function addressChanges(branch: Pick<Branch, 'addresses' | 'region'>, allowed: readonly AllowedAddress[]): AddressChanges {
  const wanted = addressesOf(branch);
  if (wanted.length === 0 && allowed.length === 0) {
    throw new ClusterNotConfigurable(
      `PlanetScale names no outgoing IPv4 address of ${branch.region}, so nobody is let in to the cluster. Nothing was changed. Name its addresses in ` +
        'the setting planetscaleEgress, deploy, then start again.',
    );
  }
  if (wanted.length === 0) return { allow: [], disallow: [] };
  return {
    allow: wanted.filter((one) => !allowed.some(({ address }) => address === one)),
    disallow: oursOf(allowed).filter((one) => !wanted.includes(one)),
  };
}

export const oursOf = (allowed: readonly AllowedAddress[] = []): string[] =>
  allowed.flatMap(({ address, isOurs }) => (isOurs ? [address] : []));
