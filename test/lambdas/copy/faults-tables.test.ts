/** Tables that are rewritten, dropped or replaced on the source while parts are copied. */
import { describe, expect, it } from 'vitest';
import {
  atGate,
  contentsOf,
  endsEqual,
  gated,
  openGate,
  schemaOf,
  seededKeyless,
  TABLES,
  within,
  withPorts,
  workOn,
} from '../../support/exactly-once.ts';
import { leftToStream, partsOf, planned, streamed } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

/** Of these tables two parts are copied and the others wait; the last table waits as a whole. */
async function copiedInPart(world: World, tables: readonly string[]): Promise<void> {
  await world.target(`update planetscale_migration.copy_part as p set execution = 'test', attempts = 9
    where part not in (select part from (select part, row_number() over (partition by tables order by part) as place from planetscale_migration.copy_part) as n where place <= 2)`);
  await workOn(world, { workers: 2 });
  for (const table of tables) {
    const parts = (await partsOf(world)).filter((part) => JSON.stringify(part.tables).includes(`"${table}"`));
    expect(parts.filter(({ done }) => done)).toHaveLength(2);
    expect(parts.length).toBeGreaterThan(2);
  }
}

/** By the table that it is done to. VACUUM FULL and CLUSTER cannot be part of a transaction. */
const REWRITES: Readonly<Record<string, readonly string[]>> = {
  vacuumed: ['vacuum full vacuumed'],
  clustered: ['cluster clustered using clustered_pkey'],
  truncated: ['truncate truncated', `insert into truncated values (5, 'after it')`],
  retyped: ['alter table retyped alter column id type numeric', 'alter table retyped alter column id type bigint'],
  widened: ['alter table widened add column more double precision default random()', 'alter table widened drop column more'],
};
const REWRITTEN = Object.keys(REWRITES);

describe.each(versions([13, 18], [17, 18]))('from %i to %i, in the middle of tables', (source, target) => {
  it('VACUUM FULL, CLUSTER, TRUNCATE and ALTER TABLE leave them to the stream, and the others go on', () => {
    const tables = [...REWRITTEN, 'untouched'];
    return within(seededKeyless({ source, target, tables, rows: 500 }), async (world) => {
      await copiedInPart(world, tables);
      for (const table of REWRITTEN) for (const statement of REWRITES[table] ?? []) await world.source(statement);
      await workOn(world, { execution: 'again' });
      expect(Object.keys(await leftToStream(world)).toSorted()).toEqual(REWRITTEN.toSorted());
      await endsEqual(world, { execution: 'again' }, tables);
    });
  });
});

const REPLACED: Readonly<Record<string, string>> = {
  dropped: 'drop table dropped',
  renamed: 'alter table renamed rename to of_old; create view renamed as select * from of_old',
  hidden: 'drop table hidden; create table hidden (id bigint, v text); revoke all on hidden from planetscale_migration_replication',
  away: 'create schema elsewhere; alter table away set schema elsewhere',
};

describe('in the middle of a table', () => {
  it('a rewrite while a part of it is copied waits for that part', () =>
    within(seededKeyless({ partBytes: 64_000, atTarget: gated() }), async (world) => {
      const working = workOn(world, { workers: 2 });
      await atGate(world, 2);
      const rewriting = world.source('vacuum full first');
      await eventually(async () => (await world.source('select from pg_locks where not granted')).length > 0);
      await openGate(world);
      await rewriting;
      await working;
      expect(Object.keys(await leftToStream(world)).filter((table) => table !== 'first')).toEqual([]);
      await endsEqual(world);
    }));

  it('one that is dropped, renamed, replaced by a view or by a table that cannot be read goes to the stream, and the others go on', () => {
    const tables = [...Object.keys(REPLACED), 'untouched'];
    return within(seededKeyless({ tables, rows: 500 }), async (world) => {
      await copiedInPart(world, tables);
      for (const statements of Object.values(REPLACED)) await world.source(statements);
      await workOn(world, { execution: 'again' });
      expect(Object.keys(await leftToStream(world)).toSorted()).toEqual(Object.keys(REPLACED).toSorted());
      await world.until('FinishParts', { execution: 'again' });
      for (const table of Object.keys(REPLACED)) expect(await world.target(`select from ${table}`)).toEqual([]);
      expect(await contentsOf(world, 'target', ['untouched'])).toEqual(await contentsOf(world, 'source', ['untouched']));
    });
  });

  it('a rewrite between the snapshot and the list of parts loses no row', () =>
    within(planned(schemaOf({ rows: 500 })), async (world) => {
      const rewriting = withPorts('SeedCopy', (ctx) => ({
        ...ctx,
        partCopy: {
          ...ctx.partCopy,
          async createSlot(name, limitMs) {
            const slot = await ctx.partCopy.createSlot(name, limitMs);
            await world.source('alter table second alter column id type numeric; alter table second alter column id type bigint');
            await world.source('vacuum full third');
            return slot;
          },
        },
      }));
      await world.run('SeedCopy', rewriting);
      await workOn(world);
      expect(Object.keys(await leftToStream(world))).toEqual(['second', 'third']);
      await endsEqual(world);
    }));

  it('a column more on the source hinders nobody', () =>
    within(seededKeyless({ rows: 500 }), async (world) => {
      await copiedInPart(world, TABLES);
      await world.source('alter table first add column more int');
      await workOn(world, { execution: 'again' });
      expect(await leftToStream(world)).toEqual({});
      await world.until('FinishParts', { execution: 'again' });
      await world.asTargetRole(TABLES.map((table) => `alter table ${table} add primary key (id)`).join(';'));
      await streamed(world, { execution: 'again' });
      const others = TABLES.slice(1);
      expect(await contentsOf(world, 'target', others)).toEqual(await contentsOf(world, 'source', others));
      expect(await world.target('select count(*)::int as rows from first')).toEqual([{ rows: 500 }]);
    }));
});
