/** Servers that restart, or are replaced, while parts are copied. */
import { describe, expect, it } from 'vitest';
import { statement } from '../../../lambdas/postgres/quote.ts';
import { stepNamed } from '../../../lambdas/steps/index.ts';
import { failSourceOver, switchTargetOver } from '../../../rehearsal/servers/switchover.ts';
import { atGate, endsEqual, gated, openGate, partsDone, seededKeyless, TABLES, within, workOn } from '../../support/exactly-once.ts';
import { leftToStream } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

const parts = async (world: World) =>
  Number((await world.target('select count(*)::int as parts from planetscale_migration.copy_part'))[0]?.parts);

describe.each(versions([11, 17], [17, 18]))('from %i to %i, while workers copy', (source, target) => {
  it.each(['fast', 'crash'] as const)('the source stops (%s): what is complete stays, and the rest goes to the stream', (shutdown) =>
    within(seededKeyless({ source, target, rows: 1_500, atTarget: gated() }), async (world) => {
      // The last table is complete, and nothing else.
      await world.target(
        `update planetscale_migration.copy_part set execution = 'test', attempts = 9 where tables::text not like '%"third"%'`,
      );
      await workOn(world);
      const complete = await partsDone(world);
      await world.target(`update planetscale_migration.copy_part set execution = null, attempts = 0 where done_at is null`);
      const working = workOn(world);
      await atGate(world, 3);
      expect(await partsDone(world)).toBeGreaterThan(complete);
      await world.pair.source.restart({}, shutdown);
      await working;
      expect(await partsDone(world)).toBeLessThan(await parts(world));
      expect((await world.visit('SeedCopy')).evidence).toMatchObject({ snapshot: 'lost', workers: [] });
      await openGate(world);
      await endsEqual(world);
      const left = await leftToStream(world);
      expect(Object.keys(left)).toContain('first');
      expect(Object.keys(left)).not.toContain('third');
    }),
  );
});

describe('while workers copy', () => {
  it.each<[string, (world: World) => Promise<void>]>([
    ['the target restarts', (world) => world.pair.target.restart({}, 'fast')],
    ['the target crashes', (world) => world.pair.target.restart({}, 'crash')],
    ['the target is switched over', (world) => switchTargetOver(world.pair.target, [], { shutdown: 'crash' })],
  ])('%s, twice: the workers go on', (_, strike) =>
    within(seededKeyless({ rows: 1_500, atTarget: gated() }), async (world) => {
      const working = workOn(world);
      for (const beyond of [900, undefined]) {
        await atGate(world, 3);
        await strike(world);
        await openGate(world, beyond);
      }
      await working;
      expect(await partsDone(world)).toBe(await parts(world));
      await endsEqual(world);
      expect(await leftToStream(world)).toEqual({});
    }),
  );

  it('the source fails over with its slots: the slot is there and the snapshot is not', () =>
    within(seededKeyless({ rows: 1_500, atTarget: gated() }), async (world) => {
      const working = workOn(world);
      await atGate(world, 3);
      await failSourceOver(world.pair.source, 'stay');
      await working;
      await openGate(world);
      await endsEqual(world);
      expect(Object.keys(await leftToStream(world))).toContain('first');
    }));

  it('the source fails over without its slots: nobody goes on', () =>
    within(seededKeyless({ rows: 1_500, atTarget: gated() }), async (world) => {
      const working = workOn(world);
      await atGate(world, 3);
      await failSourceOver(world.pair.source, 'go');
      await working;
      for (const step of ['SeedCopy', 'FinishParts'] as const) {
        await expect(world.visit(step)).rejects.toMatchObject({ name: 'ReplicationBroken' });
      }
      expect(await partsDone(world)).toBeGreaterThan(0);
    }));
});

describe('a snapshot of another session', () => {
  it('is not read, though it has the name of the one that was lost', () =>
    within(seededKeyless(), async (world) => {
      const [plan] = await world.target('select seed from planetscale_migration.copy_plan');
      const seed = plan?.seed as { readonly holder: number; readonly snapshot: string };
      await world.source(`delete from first where id < 500`);
      const another = await world.ports('another').acting.source.session('another');
      await another.script('begin isolation level repeatable read');
      const [exported] = await another.query(statement<{ readonly snapshot: string }>('select pg_export_snapshot() as snapshot'));
      // As after a restart that a worker did not notice: the holder is gone, and its snapshot's name leads to one that is younger.
      await world.target('update planetscale_migration.copy_plan set seed = $1::jsonb', [JSON.stringify({ ...seed, ...exported })]);
      await world.source('select pg_terminate_backend($1)', [seed.holder]);
      await eventually(async () => (await world.source('select from pg_stat_activity where pid = $1', [seed.holder])).length === 0);
      await world.run('CopyParts', { ...stepNamed('CopyParts'), judge: () => 'todo' }, { state: { worker: 1 } }).catch(() => {});
      expect(await partsDone(world)).toBe(0);
      await another.end();
      await endsEqual(world);
      expect(Object.keys(await leftToStream(world)).toSorted()).toEqual(TABLES.toSorted());
    }));
});
