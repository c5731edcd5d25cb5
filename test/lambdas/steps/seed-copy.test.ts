/** The life of SeedCopy: what is left behind by one that was interrupted, and two at once. */
import { describe, expect, it } from 'vitest';
import { ERROR_NAMES } from '../../../lambdas/config/errors.ts';
import { copyRole } from '../../../lambdas/config/names.ts';
import { identifier } from '../../../lambdas/postgres/quote.ts';
import { contentsOf, endsEqual, schemaOf, seededKeyless, within, withPorts, workOn } from '../../support/exactly-once.ts';
import { leftToStream, partsOf, planned } from '../../support/in-parts.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

const HOLDERS = `select pid, application_name as name from pg_stat_activity where application_name like '%:SeedCopy:snapshot %' and datname = current_database()`;
const SLOTS = `select slot_name::text as name, plugin::text from pg_replication_slots where slot_name !~ '^pg_' and database = current_database() order by 1`;

/** What the step is for. Running it again changes none of it. */
const effect = async (world: World) => {
  const [there] = await world.target(`select to_regclass('planetscale_migration.copy_part') is not null as there`);
  return {
    slots: await world.source(SLOTS),
    holders: await world.source(HOLDERS),
    seed: await world.target('select seed from planetscale_migration.copy_plan'),
    parts: there?.there ? (await partsOf(world)).length : 0,
    role: await world.target('select rolname::text from pg_roles where rolname = $1', [copyRole(world.database.name)]),
  };
};

const empty = () => planned(schemaOf());

describe('SeedCopy', () => {
  describeLifecycle('SeedCopy', { world: empty, effect });

  it('abandoned at its deadline leaves nothing half done', () =>
    within(empty(), async (world) => {
      const writer = await world.ports('busy').acting.source.session('writer');
      await writer.script(`begin; insert into public.first values (-5, 'open')`);
      const before = await effect(world);
      const visit = await world.visit('SeedCopy', { budgetMs: 3_000 });
      expect(visit).toMatchObject({ verdict: 'pending', evidence: { slotWaitsForTransactions: [{}], workers: [] } });
      const after = await effect(world);
      expect({ ...after, role: [] }).toEqual({ ...before, role: [] });
      await writer.script('commit');
      await writer.end();
      await world.until('SeedCopy');
      await workOn(world);
      await endsEqual(world);
    }));

  it.each(['createSlot', 'openSource'] as const)(
    'cut off right after it called %s begins anew, and leaves one slot and one snapshot',
    (method) =>
      within(empty(), async (world) => {
        for (let at = 1; at <= 4; at += 1) {
          let calls = 0;
          const dying = withPorts('SeedCopy', (ctx) => ({
            ...ctx,
            partCopy: {
              ...ctx.partCopy,
              [method]: async (...args: readonly never[]) => {
                const made = await (ctx.partCopy[method] as (...args: readonly never[]) => Promise<unknown>)(...args);
                calls += 1;
                if (calls >= at) throw new Error('killed');
                return made;
              },
            },
          }));
          const error = await world.run('SeedCopy', dying).then(
            () => undefined,
            (thrown: Error) => thrown,
          );
          if (!error) break;
          expect(ERROR_NAMES).toContain(error.name);
          expect((await world.target('select seed from planetscale_migration.copy_plan'))[0]).toEqual({ seed: null });
          // As the kernel would have closed it, had the process been killed.
          await world.source(
            `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'walsender' and application_name like '%:SeedCopy:slot'`,
          );
          await eventually(async () => (await world.source('select from pg_replication_slots where active')).length === 0);
        }
        await world.until('SeedCopy');
        expect(await world.source(SLOTS)).toHaveLength(1);
        expect(await world.source(HOLDERS)).toHaveLength(1);
        await workOn(world);
        await endsEqual(world);
      }),
  );

  it('refuses a target that holds rows before anything is made on the source', () =>
    within(empty(), async (world) => {
      await world.target(`insert into public.second values (1, 'of somebody else')`);
      const before = await effect(world);
      await expect(world.visit('SeedCopy')).rejects.toMatchObject({
        name: 'CopyStalled',
        message: expect.stringContaining('public.second'),
      });
      expect(await effect(world)).toEqual(before);
      await world.target('truncate public.second');
      await world.until('SeedCopy');
    }));

  it('holds no snapshot where the parts could not be listed', () =>
    within(empty(), async (world) => {
      await world.target('create table planetscale_migration.copy_worker (taken int)');
      await world.target(
        `alter table planetscale_migration.copy_worker owner to ${identifier(world.database.target.user.split('.')[0] ?? '')}`,
      );
      await expect(world.visit('SeedCopy')).rejects.toHaveProperty('name', 'StatementFailed');
      await eventually(async () => (await world.source(HOLDERS)).length === 0);
      await world.target('drop table planetscale_migration.copy_worker');
      await world.until('SeedCopy');
      expect(await effect(world)).toMatchObject({ slots: [{}], holders: [{}] });
    }));

  it('gives the role of the copy its rights again, where it is gone', () =>
    within(seededKeyless(), async (world) => {
      const role = identifier(copyRole(world.database.name));
      await world.target(`drop owned by ${role}; drop role ${role}`);
      await world.until('SeedCopy');
      await workOn(world);
      expect((await partsOf(world)).filter(({ done }) => !done)).toEqual([]);
      await endsEqual(world);
    }));

  it('after a snapshot that was lost lists no worker, and nothing is copied twice', () =>
    within(seededKeyless(), async (world) => {
      await world.source(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%:SeedCopy:snapshot %'`);
      await eventually(async () => (await world.source(HOLDERS)).length === 0);
      expect(await world.visit('SeedCopy')).toMatchObject({ verdict: 'done', evidence: { workers: [], snapshot: 'lost' } });
      await workOn(world);
      expect((await contentsOf(world, 'target')) as Record<string, unknown>).toMatchObject({ first: { rows: 0 } });
      await endsEqual(world);
      expect(Object.keys(await leftToStream(world))).toHaveLength(3);
    }));
});
