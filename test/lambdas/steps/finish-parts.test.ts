/** The life of FinishParts. */
import { describe, expect, it } from 'vitest';
import { copyRole } from '../../../lambdas/config/names.ts';
import { atGate, endsEqual, gated, nothingTwice, openGate, seededKeyless, within, workOn } from '../../support/exactly-once.ts';
import { leftToStream } from '../../support/in-parts.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

const HOLDERS = `select from pg_stat_activity where application_name like '%:SeedCopy:snapshot %' and datname = current_database()`;

const effect = async (world: World) => ({
  finished: await world.target('select finished_at is not null as finished from planetscale_migration.copy_plan'),
  holders: (await world.source(HOLDERS)).length,
  roles: (await world.target('select from pg_roles where rolname = $1', [copyRole(world.database.name)])).length,
  streamed: await leftToStream(world),
  rows: await world.target('select (select count(*) from first)::int as first, (select count(*) from third)::int as third'),
});

const copied = async (): Promise<World> => {
  const world = await seededKeyless({ rows: 500 });
  await workOn(world);
  return world;
};

const loseSnapshot = async (world: World): Promise<void> => {
  await world.source(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%:SeedCopy:snapshot %'`);
  await eventually(async () => (await world.source(HOLDERS)).length === 0);
};

/** One table is complete, one is in part, and then the snapshot is lost. */
const lost = async (): Promise<World> => {
  const world = await seededKeyless({ rows: 500 });
  await world.target(
    `update planetscale_migration.copy_part set execution = 'test', attempts = 9 where tables::text like '%"first"%' and part > 3 or tables::text like '%"second"%'`,
  );
  await workOn(world);
  await loseSnapshot(world);
  return world;
};

describe('FinishParts', () => {
  describe('where every part is there', () => describeLifecycle('FinishParts', { world: copied, effect }));
  describe('where the snapshot is lost', () => describeLifecycle('FinishParts', { world: lost, effect }));

  it('abandoned at its deadline has emptied some tables, and the next visit goes on', () =>
    within(lost(), async (world) => {
      // So short that there is no time after any table.
      const visit = await world.visit('FinishParts', { budgetMs: 1 });
      expect(visit.verdict).toBe('pending');
      expect(await world.target('select finished_at from planetscale_migration.copy_plan')).toEqual([{ finished_at: null }]);
      await endsEqual(world);
      expect(Object.keys(await leftToStream(world))).toEqual(['first', 'second']);
    }));

  it('waits while parts are open, and ends a worker that still copies what is left to the stream', () =>
    within(
      seededKeyless({
        rows: 1_000,
        partBytes: 1_000_000,
        atTarget: gated(),
      }),
      async (world) => {
        expect((await world.visit('FinishParts')).verdict).toBe('pending');
        let isOver = false;
        const working = workOn(world, { workers: 2, isOver: () => isOver });
        await atGate(world, 1);
        expect((await world.visit('FinishParts')).verdict).toBe('pending');
        await loseSnapshot(world);
        await world.until('FinishParts');
        isOver = true;
        await working;
        await openGate(world);
        await nothingTwice(world);
        expect(Object.keys(await leftToStream(world))).toContain('first');
        expect(await world.target('select from first')).toEqual([]);
        await endsEqual(world);
      },
    ));
});
