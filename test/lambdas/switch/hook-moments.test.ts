/** What a function of the user's is told of a switch, and that it is told until it has heard. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import type { Moment } from '../../../lambdas/ports/application.ts';
import { type SharedServers, sharedServers } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, writableSides } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

/** A function that fails at the moments that it is told to. */
function faultyHook() {
  const calls: string[] = [];
  const fails = new Set<Moment>();
  return {
    ...{ configured: true, calls, fails },
    async call(moment: Moment, to: string, execution: string) {
      calls.push(`${moment} ${to} ${execution}`);
      if (fails.has(moment)) throw new InvalidConfiguration(`it fails ${moment}`);
    },
  };
}

describe('the hook function', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());

  const inWorld = (test: (world: World, hook: ReturnType<typeof faultyHook>) => Promise<void>) => async () => {
    const world = await letInApplication(await servers.replicated());
    const hook = faultyHook();
    (world.places as { hook: unknown }).hook = hook;
    try {
      await test(world, hook);
    } finally {
      await world.destroy();
    }
  };

  it(
    'is called again after a switch until it succeeds, and then no more (#9.16)',
    inWorld(async (world, hook) => {
      hook.fails.add('after');
      await expect(world.visit('SwitchOver', { execution: 'over' })).rejects.toMatchObject({ name: 'SwitchIncomplete' });
      expect(await writableSides(world)).toEqual(['target']);
      await expect(world.visit('LiftFence')).rejects.toThrow('it fails after');
      hook.fails.clear();
      await world.until('LiftFence');
      await world.until('LiftFence');
      await world.visit('SwitchOver', { execution: 'over' });
      expect(hook.calls).toEqual(['before target over', 'after target over', 'after target over', 'after target over']);
    }),
  );

  it(
    'is told by Recovery that a switch has failed that it was asked about, if it did not hear it at once (#9.16)',
    inWorld(async (world, hook) => {
      hook.fails.add('before').add('failed');
      await expect(world.visit('SwitchOver', { execution: 'over' })).rejects.toThrow(/Nothing was switched: .*it fails before/);
      expect(await writableSides(world)).toEqual(['source']);
      await expect(world.visit('LiftFence', { input: { execution: 'over' } })).rejects.toThrow('it fails failed');
      expect(await writableSides(world)).toEqual(['source']);
      hook.fails.clear();
      await world.until('LiftFence', { input: { execution: 'over' } });
      await world.until('LiftFence', { input: { execution: 'over' } });
      expect(hook.calls).toEqual(['before target over', 'failed target over', 'failed target over', 'failed target over']);
      await world.visit('SwitchOver', { execution: 'again' });
      expect(hook.calls.slice(4)).toEqual(['before target again', 'after target again']);
    }),
  );

  it(
    'is not told of a switch that failed before it was asked (#9.16)',
    inWorld(async (world, hook) => {
      await world.target(`alter subscription "${(await world.target('select subname from pg_subscription'))[0]?.subname}" disable`);
      await expect(world.visit('SwitchOver')).rejects.toThrow(/Nothing was fenced/);
      expect(hook.calls).toEqual([]);
    }),
  );
});
