/** The life of CopyParts. */
import { describe, expect, it } from 'vitest';
import { endsEqual, nothingTwice, partsDone, seededKeyless, within, workOn } from '../../support/exactly-once.ts';
import { partsOf } from '../../support/in-parts.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import type { World } from '../../support/world.ts';

const effect = async (world: World) => ({
  parts: (await partsOf(world)).map(({ part, done, rows }) => ({ part, done, rows })),
  rows: await world.target('select count(*)::int as rows, count(distinct id)::int as ids from first'),
});

const STEP = 'CopyParts';
const SLEEPY = `create function sleepy(bigint) returns boolean language plpgsql as 'begin perform pg_sleep(0.02); return true; end';
alter table first add constraint sleepy check (sleepy(id))`;

describe('CopyParts', () => {
  describeLifecycle('CopyParts', { world: () => seededKeyless({ rows: 500 }), effect, state: { worker: 1 } });

  it('abandoned at its deadline leaves whole parts, and nothing of the one that was under way', () =>
    within(seededKeyless({ rows: 1_000, partBytes: 100_000, atTarget: SLEEPY }), async (world) => {
      expect((await world.visit(STEP, { budgetMs: 4_000, state: { worker: 1 } })).verdict).toBe('pending');
      await nothingTwice(world);
      const [there] = await world.target('select count(*)::int as rows from first');
      const [noted] = await world.target(
        `select coalesce(sum(rows), 0)::int as rows from planetscale_migration.copy_part where done_at is not null and tables::text like '%"first"%'`,
      );
      expect(there).toEqual(noted);
      await world.asTargetRole('alter table first drop constraint sleepy');
      await workOn(world);
      await endsEqual(world);
    }));

  it('waits where its number may not work, and goes on when it may', () =>
    within(seededKeyless({ rows: 500, workers: 1 }), async (world) => {
      expect((await world.visit(STEP, { state: { worker: 2 } })).verdict).toBe('pending');
      expect(await partsDone(world)).toBe(0);
      await world.target('update planetscale_migration.copy_plan set workers = 2');
      await workOn(world, { from: 2, workers: 1 });
      expect(await partsDone(world)).toBe((await partsOf(world)).length);
      await endsEqual(world);
    }));

  it('waits in a pause, in which nothing is copied', () =>
    within(seededKeyless({ rows: 500, workers: 0 }), async (world) => {
      expect((await world.visit(STEP, { state: { worker: 1 } })).verdict).toBe('pending');
      expect(await partsDone(world)).toBe(0);
      await world.target('update planetscale_migration.copy_plan set workers = 3');
      await workOn(world);
      await endsEqual(world);
    }));
});
