/**
 * Keeps the load balancer leading to the writer. A failover moves the writer's name to another address, while the load balancer knows addresses
 * only, and the old one may go on answering as a reader.
 */
import { TransientError } from '../config/errors.ts';
import type { Entrance } from '../ports/entrance.ts';

/** What one call has found and done. */
export interface Followed {
  /** Addresses of the writer's name at the last look. */
  readonly writer: readonly string[];
  readonly registered: readonly string[];
  readonly deregistered: readonly string[];
  /** Whether the load balancer leads to those addresses and to no other. If not, the writer moved all the while; the next call goes on. */
  readonly isSettled: boolean;
}

/** Looks of one call. Three are enough for a move; more are needed where it moves again, or where another call works at the same time. */
const LOOKS = 8;

/**
 * In each look one thing is done: what the name has is registered; else, what it does not have is deregistered. So an address goes only after a
 * look that has found the writer's own address registered, and one look more proves the end. Where the name has two addresses, which of them is
 * the writer is not known, and the load balancer leads to both until the name has decided: a reader refuses what it cannot do, and the
 * subscription tries again.
 *
 * May be called by several at once and at any time.
 * @throws TransientError where the name has no address: then everything stays as it is
 */
export async function followWriter(entrance: Entrance): Promise<Followed> {
  const registered = new Set<string>();
  const deregistered = new Set<string>();
  let writer: readonly string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const led = (await entrance.targets()).flatMap(({ address, state }) => (isOnItsWayOut(state) ? [] : [address]));
    writer = await entrance.addresses(); // last, so that it is as fresh as can be where something is deregistered
    if (writer.length === 0) throw new TransientError(WITHOUT_ADDRESS);
    const missing = writer.filter((address) => !led.includes(address));
    const strange = led.filter((address) => !writer.includes(address));
    if (missing.length === 0 && strange.length === 0) return { writer, ...sorted(registered, deregistered), isSettled: true };
    for (const address of missing) {
      await entrance.register(address);
      registered.add(address);
    }
    if (missing.length > 0) continue;
    for (const address of strange) {
      await entrance.deregister(address);
      deregistered.add(address);
    }
  }
  return { writer, ...sorted(registered, deregistered), isSettled: false };
}

const isOnItsWayOut = (state: string): boolean => state === 'draining' || state === 'unhealthy.draining';

const sorted = (registered: ReadonlySet<string>, deregistered: ReadonlySet<string>) => ({
  registered: [...registered].sort(),
  deregistered: [...deregistered].sort(),
});

const WITHOUT_ADDRESS =
  "The name of the cluster's writer has no address at the moment. The load balancer goes on leading where it led. It is looked at again each " +
  'minute; if it goes on, look at the cluster in the RDS console.';
