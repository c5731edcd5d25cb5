/** A copy in parts on real servers, from the plan to the stream. */
import { describe, expect, it } from 'vitest';
import { hostileRows } from '../../support/hostile.ts';
import { copyAll, leftToStream, partsOf, planned, seeded, streamed } from '../../support/in-parts.ts';
import { eventually, sidesAgree } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

const within = async (making: Promise<World>, test: (world: World) => Promise<void>): Promise<void> => {
  const world = await making;
  try {
    await test(world);
  } finally {
    await world.destroy();
  }
};

describe.each(versions([11, 17], [13, 18], [15, 18], [17, 18], [18, 18]) as readonly (readonly [11, 17])[])(
  'a copy in parts from %i to %i',
  (source, target) => {
    it('brings every row once, with writers at work', () =>
      within(planned({ source, target }), async (world) => {
        await world.until('SeedCopy');
        const parts = await partsOf(world);
        expect(parts.length).toBeGreaterThan(20);
        let next = 10_000;
        const writing = (async () => {
          for (; next < 10_020; next += 1) {
            await world.asSourceRole(hostileRows(next, 1));
            await world.asSourceRole(
              `update public.plain set "Some Text" = 'written ${next}' where id = ${next - 9_000}; delete from public.plain where id = ${next - 9_900}`,
            );
          }
        })();
        await copyAll(world);
        await writing;
        expect((await partsOf(world)).every(({ done, attempts }) => done === true && attempts === 1)).toBe(true);
        await streamed(world);
        await eventually(() => sidesAgree(world));
        expect(await leftToStream(world)).toEqual({});
      }));
  },
);

describe('rows of peculiar tables', () => {
  /** Generated columns came with version 12. */
  const schemaOf = (source: number): string => `
create type "Mood" as enum ('sad', 'so so', 'glad');
create domain positive as int check (value > 0);
create type pair as (a int, b text);
create table always (id bigint generated always as identity primary key, v text);
create table made (id int primary key, ${source < 12 ? 'twice int' : 'twice int generated always as (id * 2) stored'}, note text default 'none');
create table typed (id int primary key, m "Mood", p positive, c pair, ms "Mood"[], cs pair[], r int4range, j json, x xml, b bytea, f float8, big text);
create table named (id int primary key, what regclass);
create table guarded (id int primary key, v text); alter table guarded enable row level security;
create policy nobody on guarded using (false);
create table nothing ();
create table void (id int primary key);
create table base (id int primary key, v text);
create table child (extra text) inherits (base);
create table split (id int, region text) partition by list (region);
create table split_eu partition of split for values in ('eu');
create table split_us partition of split for values in ('us');
`;
  const ROWS = `
insert into always (v) select 'v' || n from generate_series(1, 3000) as n;
insert into made (id) select generate_series(1, 3000);
insert into typed (id, m, p, c, ms, cs, r, j, x, b, f, big) select n, (array['sad', 'so so', 'glad'])[1 + n % 3]::"Mood", n, row(n, 'x,"y' || n)::pair, array['glad', null]::"Mood"[],
  array[row(n, null)::pair], int4range(n, n + 5), '{"a": 1}', '<a>b</a>', decode(md5(n::text), 'hex'), 'nan', repeat(md5(n::text), case when n % 500 = 0 then 5000 else 1 end)
from generate_series(1, 2000) as n;
insert into named values (1, 'typed'), (2, 'pg_class');
insert into guarded select n, 'secret' from generate_series(1, 500) as n;
insert into base select n, 'base' from generate_series(1, 300) as n;
insert into child select n, 'child', 'more' from generate_series(1000, 1300) as n;
insert into split select n, case when n % 2 = 0 then 'eu' else 'us' end from generate_series(1, 4000) as n;
`;
  const TABLES = ['always', 'made', 'typed', 'named', 'guarded', 'void', 'only base', 'child', 'split'];
  /** What both sides print; a regclass prints its name. */
  const contentOf = async (world: World, side: 'source' | 'target') => {
    const found: Record<string, unknown> = {};
    for (const table of TABLES) {
      const [row] = await world[side](
        `select count(*)::int as rows, md5(coalesce(string_agg(md5(to_jsonb(t)::text), '' order by md5(to_jsonb(t)::text)), '')) as hash from ${table} as t`,
      );
      found[table] = row;
    }
    return found;
  };

  it.each(versions([11, 17], [13, 18], [15, 18], [17, 17], [18, 18]) as readonly (readonly [11, 17])[])(
    'from %i to %i: generated columns, identities, policies, types of their own, inheritance, partitions',
    (source, target) =>
      within(
        planned({
          source,
          target,
          schema: `${schemaOf(source)}; alter table typed drop column f; alter table typed add column f float8; ${ROWS}`,
          targetSchema: schemaOf(source),
        }),
        async (world) => {
          // What Preflight asks for, where a policy would keep rows from the role.
          await world.source('alter role planetscale_migration_replication bypassrls');
          await world.until('SeedCopy');
          await copyAll(world);
          expect((await partsOf(world)).filter(({ error }) => error !== null)).toEqual([]);
          await streamed(world);
          expect(await contentOf(world, 'target')).toEqual(await contentOf(world, 'source'));
        },
      ),
  );
});

describe('values near the limit of a gigabyte', () => {
  const MEGABYTES = 540;
  const SCHEMA = `create table in_binary (id int primary key, v bytea); create table in_text (id int primary key, what regclass, v bytea)`;

  it('travel in binary, and are named with the server’s words where they have to travel as text', () =>
    within(
      seeded({
        schema: `${SCHEMA}; insert into in_binary values (1, convert_to(repeat('x', ${MEGABYTES}000000), 'UTF8'));
          insert into in_text select id, 'in_binary', v from in_binary`,
        targetSchema: SCHEMA,
        partBytes: 1_000_000_000,
      }),
      async (world) => {
        await copyAll(world, 1);
        expect(await world.target('select length(v) / 1000000 as megabytes from in_binary')).toEqual([{ megabytes: MEGABYTES }]);
        const error = await world.until('FinishParts').catch((thrown: unknown) => thrown as Error);
        expect(error).toHaveProperty('name', 'CopyStalled');
        expect(String((error as Error).message)).toMatch(/public\.in_text.*XX000/s);
      },
    ));
});

describe('a part that the target refuses', () => {
  it('is named with the server’s words, and does not stop the others', () =>
    within(
      seeded({
        schema: `create table good (id int primary key); create table bad (id int primary key, v int);
          insert into good select generate_series(1, 5000); insert into bad select n, n from generate_series(1, 5000) as n`,
        targetSchema: 'create table good (id int primary key); create table bad (id int primary key, v int check (v <> 777))',
      }),
      async (world) => {
        await copyAll(world, 2);
        await expect(world.until('FinishParts')).rejects.toMatchObject({
          name: 'CopyStalled',
          message: expect.stringMatching(/public\.bad.*23514/s),
        });
        const parts = await partsOf(world);
        expect(parts.filter(({ done }) => done === false)).toHaveLength(1);
        await world.asTargetRole('alter table bad drop constraint bad_v_check');
        await copyAll(world, 2, { execution: 'again' });
        await streamed(world, { execution: 'again' });
        expect(await world.target('select count(*)::int as bad from bad')).toEqual([{ bad: 5000 }]);
      },
    ));
});

describe('a snapshot that is lost', () => {
  it('leaves complete tables as they are, and the others to the subscription', () =>
    within(
      seeded({
        schema: `create table done (id int primary key); create table half (id int primary key, v text);
          insert into done select generate_series(1, 200); insert into half select n, repeat('x', 500) from generate_series(1, 3000) as n`,
        targetSchema: 'create table done (id int primary key); create table half (id int primary key, v text)',
        partBytes: 100_000,
      }),
      async (world) => {
        // The large table comes first; of it one part is there, as is the small table.
        const [{ seed } = {}] = await world.target('select seed from planetscale_migration.copy_plan');
        await world.target(
          `update planetscale_migration.copy_part set attempts = 9, execution = 'test' where part > 1 and tables::text not like '%"done"%'`,
        );
        await copyAll(world, 1);
        expect((await partsOf(world)).filter(({ done }) => done === true)).toHaveLength(2);
        await world.source('select pg_terminate_backend($1)', [(seed as { holder: number }).holder]);
        await eventually(
          async () =>
            (await world.source('select from pg_stat_activity where pid = $1', [(seed as { holder: number }).holder])).length === 0,
        );
        await world.asSourceRole(`insert into done values (900); update half set v = 'after' where id = 3`);
        expect((await world.visit('SeedCopy')).evidence).toMatchObject({ snapshot: 'lost', workers: [] });
        await streamed(world);
        expect(Object.keys(await leftToStream(world))).toEqual(['half']);
        await eventually(async () => {
          const counts = await world.target(`select (select count(*) from done)::int as done, (select count(*) from half)::int as half`);
          return JSON.stringify(counts) === JSON.stringify([{ done: 201, half: 3000 }]);
        });
      },
    ));
});
