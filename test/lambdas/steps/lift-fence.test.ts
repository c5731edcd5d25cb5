import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { commitGate, createGate, fenceGate, gateState } from '../../../lambdas/state/gates.sql.ts';
import { holdForward } from '../../support/held.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, type SharedServers, sharedServers } from '../../support/replicated.ts';
import { fenceOn, letInApplication, SWITCHABLE, writableSides, writeAt } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

const ATTEMPT = randomUUID();

/** What a function leaves that is killed inside the fence, its dead man's switch included. */
async function killedInside(world: World, execution = 'test', seconds = 30): Promise<World> {
  const { source } = world.ports('SwitchOver').acting;
  await source.query(createGate());
  await source.query(fenceGate({ seen: { epoch: 0, cancellations: 0 }, epoch: 1, execution, attempt: ATTEMPT, seconds }));
  await holdForward(world);
  return world;
}

describe('LiftFence', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());
  const fresh = async (): Promise<World> => letInApplication(await servers.replicated());
  const within = (make: () => Promise<World>, test: (world: World) => Promise<void>) => async () => {
    const world = await make();
    try {
      await test(world);
    } finally {
      await world.destroy();
    }
  };

  describeLifecycle('LiftFence', { world: async () => killedInside(await fresh()), effect: (world) => fenceOn(world, 'source') });

  it(
    'has nothing to do without a switch',
    within(fresh, async (world) => {
      expect(await world.visit('LiftFence')).toMatchObject({ verdict: 'done', evidence: { serving: 'source', interrupted: null } });
    }),
  );

  it(
    'aborts a switch that was not committed, and the changes flow again',
    within(fresh, async (world) => {
      const before = await fenceOn(world, 'source');
      await killedInside(world);
      expect(await writableSides(world)).toEqual(['target']); // where the secret does not lead, and SwitchOver would have closed it
      await world.until('LiftFence');
      expect(await fenceOn(world, 'source')).toEqual(before);
      await writeAt(world, 'source');
      await eventually(async () => (await world.target('select id from public.written where id = 1')).length === 1);
    }),
  );

  it(
    'leaves the fence of an execution that may be running, until its deadline',
    within(fresh, async (world) => {
      await killedInside(world, 'another', 2);
      expect(await world.visit('LiftFence')).toMatchObject({
        verdict: 'pending',
        evidence: { interrupted: { left: ['the source is fenced'] } },
      });
      expect(await writeAt(world, 'source')).toBe(INSUFFICIENT_PRIVILEGE);
      await world.until('LiftFence');
      expect(await writeAt(world, 'source')).toBe('written');
    }),
  );

  it(
    'lifts the fence of the named execution at once',
    within(fresh, async (world) => {
      await killedInside(world, 'another');
      await world.until('LiftFence', { input: { execution: 'another' }, tries: 2 });
      expect(await writeAt(world, 'source')).toBe('written');
    }),
  );

  it(
    'cancels the attempt of an aborted execution before its fence, and no other',
    within(fresh, async (world) => {
      await world.until('LiftFence', { input: { execution: 'aborted' } });
      await expect(world.visit('SwitchOver', { execution: 'aborted' })).rejects.toThrow(
        /Nothing was switched: this attempt was called off/,
      );
      expect(await writeAt(world, 'source')).toBe('written');
      await world.visit('SwitchOver', { execution: 'another' });
      expect(await writableSides(world)).toEqual(['target']);
    }),
  );

  it(
    'creates nothing without a migration',
    within(
      () => servers.empty(),
      async (world) => {
        expect(await world.visit('LiftFence', { input: { execution: 'aborted' } })).toMatchObject({ verdict: 'done' });
        expect(await world.source(`select from pg_namespace where nspname = 'planetscale_migration'`)).toEqual([]);
      },
    ),
  );

  it(
    'completes a committed switch, and keeps its fence',
    within(fresh, async (world) => {
      await world.visit('SwitchOver');
      await world.visit('SwitchBack');
      // As after a function that died right behind the commit point.
      const { source } = world.ports('SwitchOver').acting;
      const [gate] = await source.query(gateState());
      await source.query(
        fenceGate({
          seen: { epoch: gate?.epoch ?? 0, cancellations: gate?.cancellations ?? 0 },
          epoch: 9,
          execution: 'test',
          attempt: ATTEMPT,
          seconds: 30,
        }),
      );
      expect(await source.query(commitGate(ATTEMPT))).toEqual([{ state: 'closed' }]);
      expect(await writableSides(world)).toEqual([]);
      expect(await world.until('LiftFence')).toMatchObject({ evidence: { serving: 'target', interrupted: null } });
      expect(await writableSides(world)).toEqual(['target']);
      const name = subscriptionName(world.database.name);
      expect(await world.target(`select from pg_subscription where subname = '${name}'`)).toEqual([]);
      expect(await world.source(`select from pg_replication_slots where slot_name = '${name}'`)).toEqual([]);
    }),
  );

  it(
    'is not needed while a server runs: the fence lifts itself after its deadline',
    within(fresh, async (world) => {
      const before = await fenceOn(world, 'source');
      const ports = world.ports('SwitchOver');
      const { armDeadMan } = await import('../../../lambdas/switch/fence.ts');
      await killedInside(world, 'dead', 1);
      const [lifts, unblocks] = [await ports.acting.source.session('fence'), await ports.acting.source.session('fence-locks')];
      armDeadMan({ lifts, unblocks }, { attempt: ATTEMPT, seconds: 1 });
      await eventually(async () => (await world.source(`select from pg_stat_activity where query like 'select pg_sleep%'`)).length > 0);
      for (const session of [lifts, unblocks]) session.leave();
      await eventually(async () => (await writeAt(world, 'source')) === 'written');
      expect(await fenceOn(world, 'source')).toEqual(before);
    }),
  );
});
