import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, type SharedServers, sharedServers, sidesAgree } from '../../support/replicated.ts';
import { applicationSession, fenceOn, letInApplication, SWITCHABLE, writableSides, writeAt } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

const SUBSCRIPTIONS = `select subname, subenabled from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()`;

describe('SwitchBack', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());

  const switched = async (input = {}): Promise<World> => {
    const world = await letInApplication(await servers.replicated());
    await writeAt(world, 'source');
    await world.visit('SwitchOver', { input });
    return world;
  };

  describeLifecycle('SwitchBack', {
    world: switched,
    effect: async ({ source, target }) => ({ source: await source(SUBSCRIPTIONS), target: await target(SUBSCRIPTIONS) }),
  });

  it('brings back what was written at the target, sequences included, and opens the source as it was before', async () => {
    const world = await letInApplication(await servers.replicated());
    try {
      const before = await fenceOn(world, 'source');
      await world.visit('SwitchOver');
      for (let writes = 0; writes < 3; writes += 1) expect(await writeAt(world, 'target')).toBe('written');
      const { evidence } = await world.visit('SwitchBack');
      expect(evidence).toMatchObject({ serving: 'source', left: [], roundTrips: { inSequence: expect.any(Number) } });
      expect(await writableSides(world)).toEqual(['source']);
      expect(await world.source('select array_agg(id order by id)::text as ids from public.written')).toEqual([{ ids: '{1,2,3,4}' }]);
      expect(await fenceOn(world, 'source')).toEqual(before);
    } finally {
      await world.destroy();
    }
  });

  it('ends a session that writes at the target', async () => {
    const world = await switched();
    const session = await applicationSession(world, 'target');
    try {
      await session.query('begin; insert into public.written default values');
      await world.visit('SwitchBack');
      await expect(session.query('commit')).rejects.toThrow();
      expect(await world.source('select count(*)::int as count from public.written')).toEqual([{ count: 1 }]);
    } finally {
      await session.end().catch(() => {});
      await world.destroy();
    }
  });

  it('leaves a migration that can be cut over again, any number of times', async () => {
    const world = await switched();
    try {
      for (let rounds = 0; rounds < 2; rounds += 1) {
        await world.visit('SwitchBack');
        expect(await writeAt(world, 'source')).toBe('written');
        await world.visit('SwitchOver');
        expect(await writeAt(world, 'target')).toBe('written');
      }
      const ids = 'select array_agg(id order by id)::text as ids from public.written';
      await eventually(async () => (await world.source(ids))[0]?.ids === '{1,2,3,4,5}');
      expect(await world.target(ids)).toEqual([{ ids: '{1,2,3,4,5}' }]);
      expect(await sidesAgree(world)).toBe(true);
    } finally {
      await world.destroy();
    }
  });

  it('fences nothing without a stream back', async () => {
    const world = await switched({ reverse: false });
    try {
      await expect(world.visit('SwitchBack')).rejects.toThrow(/The subscription .*reverse.* is gone\. Nothing was fenced/);
      expect(await writableSides(world)).toEqual(['target']);
    } finally {
      await world.destroy();
    }
  });
});
