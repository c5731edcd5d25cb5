import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Followed, followWriter } from '../../../lambdas/cluster/follow-writer.ts';
import { TransientError } from '../../../lambdas/config/errors.ts';
import type { Entrance } from '../../../lambdas/ports/entrance.ts';
import { loadBalancer } from '../../support/load-balancer.ts';

const [A, B, C] = ['10.0.0.1', '10.0.1.1', '10.0.2.1'];

describe('following the writer', () => {
  it('registers it where nothing is registered yet', async () => {
    const balancer = loadBalancer({ name: [A] });
    expect(await followWriter(balancer)).toEqual({ writer: [A], registered: [A], deregistered: [], isSettled: true });
    expect(balancer.leadsTo()).toEqual([A]);
  });

  it('changes nothing where it leads there already', async () => {
    const balancer = loadBalancer({ name: [A], leadsTo: [A] });
    expect(await followWriter(balancer)).toEqual({ writer: [A], registered: [], deregistered: [], isSettled: true });
    expect(balancer.calls).toEqual([]);
  });

  it('leaves the old address only after the new one is registered', async () => {
    const balancer = loadBalancer({ name: [B], leadsTo: [A] });
    expect(await followWriter(balancer)).toEqual({ writer: [B], registered: [B], deregistered: [A], isSettled: true });
    expect(balancer.calls).toEqual([`register ${B}`, `deregister ${A}`]);
  });

  it('looks again between the two, so that what it leaves is not the writer of a moment later', async () => {
    const balancer = loadBalancer({ name: [B], leadsTo: [A] });
    const order: string[] = [];
    const noting =
      <Args extends readonly unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        order.push(name);
        return call(...args);
      };
    await followWriter({
      addresses: noting('addresses', balancer.addresses),
      targets: noting('targets', balancer.targets),
      register: noting('register', balancer.register),
      deregister: noting('deregister', balancer.deregister),
    });
    expect(order).toEqual(['targets', 'addresses', 'register', 'targets', 'addresses', 'deregister', 'targets', 'addresses']);
  });

  it('leaves nothing where the writer goes back as soon as its new address is registered', async () => {
    const balancer = loadBalancer({ name: [B], leadsTo: [A] });
    const register = async (address: string) => {
      await balancer.register(address);
      balancer.moveTo([A]);
    };
    await followWriter({ ...balancer, register });
    expect(balancer.calls).toEqual([`register ${B}`, `deregister ${B}`]);
  });

  it('leaves addresses that are nobody knows whose', async () => {
    const balancer = loadBalancer({ name: [A], leadsTo: [A, B, C] });
    await followWriter(balancer);
    expect(balancer.leadsTo()).toEqual([A]);
  });

  it('registers anew an address that is on its way out', async () => {
    const balancer = loadBalancer({ name: [A], leadsTo: [B], draining: [A] });
    await followWriter(balancer);
    expect(balancer.leadsTo()).toEqual([A]);
  });

  it('leads to both while the name has two addresses, and to one as soon as it has decided', async () => {
    const balancer = loadBalancer({ name: [A, B], leadsTo: [A] });
    expect(await followWriter(balancer)).toMatchObject({ registered: [B], deregistered: [], isSettled: true });
    balancer.moveTo([B]);
    expect(await followWriter(balancer)).toMatchObject({ registered: [], deregistered: [A], isSettled: true });
    expect(balancer.leadsTo()).toEqual([B]);
  });

  it.each([[[]], [[A]], [[A, B]]])('changes nothing where the name has no address, with %j registered', async (leadsTo) => {
    const balancer = loadBalancer({ name: [], leadsTo });
    await expect(followWriter(balancer)).rejects.toThrow(/no address at the moment.*goes on leading where it led/);
    expect(balancer.calls).toEqual([]);
  });

  it('changes nothing where the name cannot be resolved', async () => {
    const balancer = loadBalancer({ name: [B], leadsTo: [A] });
    const addresses = () => Promise.reject(new TransientError('The resolver did not answer.'));
    await expect(followWriter({ ...balancer, addresses })).rejects.toThrow('did not answer');
    expect(balancer.calls).toEqual([]);
  });

  it('says that it is not settled where the writer moves all the while', async () => {
    const balancer = loadBalancer({ name: [A], leadsTo: [A] });
    let turn = 0;
    const addresses = async () => [[B, C][turn++ % 2] ?? B];
    expect(await followWriter({ ...balancer, addresses })).toMatchObject({ isSettled: false });
    expect(balancer.leadsTo().length).toBeGreaterThan(0);
  });
});

/** What happens between two calls of the port. */
type Event = { readonly move: readonly string[] } | { readonly fail: keyof Entrance } | { readonly follower: number };

const address = fc.constantFrom(A, B, C);
const name = fc.oneof(
  { weight: 8, arbitrary: address.map((one) => [one]) },
  { weight: 2, arbitrary: fc.uniqueArray(address, { minLength: 2, maxLength: 2 }) },
  fc.constant([] as string[]),
);
const happens = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1).map((follower): Event => ({ follower })) },
  name.map((move): Event => ({ move })),
  fc.constantFrom<keyof Entrance>('addresses', 'targets', 'register', 'deregister').map((fail): Event => ({ fail })),
);

/** A follower that goes on by one call whenever it is its turn, and begins again when it has ended. */
function stepping(entrance: Entrance) {
  let turn: (() => void) | undefined;
  let running: Promise<Followed | undefined> | undefined;
  const waiting =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await new Promise<void>((resolve) => {
        turn = resolve;
      });
      return call(...args);
    };
  const waits: Entrance = {
    addresses: waiting(entrance.addresses),
    targets: waiting(entrance.targets),
    register: waiting(entrance.register),
    deregister: waiting(entrance.deregister),
  };
  return {
    async step(): Promise<void> {
      if (!running) {
        running = followWriter(waits).catch(() => undefined);
        void running.then(() => {
          running = undefined;
        });
      }
      turn?.();
      turn = undefined;
      await new Promise(setImmediate);
    },
    async finish(): Promise<void> {
      while (running) await this.step();
    },
  };
}

/** Plays the events with as many followers, and calls back after each. */
async function play(events: readonly Event[], followers: number, check: (balancer: ReturnType<typeof loadBalancer>) => void) {
  const balancer = loadBalancer({ name: [A], leadsTo: [A] });
  const all = Array.from({ length: followers }, () => stepping(balancer));
  for (const event of events) {
    if ('move' in event) balancer.moveTo(event.move);
    else if ('fail' in event) balancer.failNext(event.fail);
    else await all[event.follower % followers]?.step();
    check(balancer);
  }
  for (const follower of all) await follower.finish();
  return balancer;
}

describe('following the writer through every order of events', () => {
  it('never leads to nothing', async () => {
    const property = fc.asyncProperty(fc.array(happens, { maxLength: 60 }), async (events) => {
      await play(events, 1, (balancer) => expect(balancer.leadsTo()).not.toEqual([]));
    });
    await fc.assert(property, { numRuns: 400 });
  });

  it('ends where the name leads, as soon as one call is left alone, with two at once before it', async () => {
    const property = fc.asyncProperty(fc.array(happens, { maxLength: 60 }), address, async (events, end) => {
      const balancer = await play(events, 2, () => {});
      balancer.moveTo([end]);
      balancer.failNext(undefined);
      expect(await followWriter(balancer)).toMatchObject({ writer: [end], isSettled: true });
      expect(balancer.leadsTo()).toEqual([end]);
    });
    await fc.assert(property, { numRuns: 400 });
  });
});
