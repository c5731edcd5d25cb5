/** Code of users that runs where rows are written, and would like to have a word in what is copied; and rows that take too long. */
import { describe, expect, it } from 'vitest';
import { endsEqual, nothingTwice, partsDone, seededKeyless, within, workOn } from '../../support/exactly-once.ts';
import { leftToStream, partsOf } from '../../support/in-parts.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

/** A check of the first table whose function does this for every hundredth row, whatever comes of it. */
const whenWritten = (body: string, number = 0): string => `
create function public.mischief_${number}(n bigint) returns boolean language plpgsql as $mischief$
begin
  if n % 100 = ${number} then
    begin
      ${body};
    exception when others then null;
    end;
  end if;
  return true;
end $mischief$;
alter table first add constraint mischief_${number} check (public.mischief_${number}(id))`;

/** Attempts that come to nothing: the copy is as it would be without them. */
const IN_VAIN: readonly (readonly [what: string, body: string])[] = [
  ['marks parts as there', 'update planetscale_migration.copy_part set done_at = now()'],
  ['leaves tables to the stream', `update planetscale_migration.copy_table set streamed = 'mine'`],
  ['writes to the plan', 'update planetscale_migration.copy_plan set finished_at = now()'],
  ['makes a table in the schema of the migration', 'create table planetscale_migration.mine (a int)'],
  [
    'becomes another role',
    `execute 'set role ' || quote_ident((select rolname from pg_roles where rolname !~ '^pg_' and rolsuper limit 1))`,
  ],
  [
    'takes the locks of other parts',
    `perform pg_advisory_xact_lock(l.classid::int, n) from pg_locks as l, generate_series(1, 200) as n
      where l.locktype = 'advisory' and l.objsubid = 2 and l.pid = pg_backend_pid() and not exists (select from pg_locks as o where o.objid = n and o.locktype = 'advisory')`,
  ],
  [
    'keeps the locks of other parts for the session',
    `perform pg_try_advisory_lock(l.classid::int8::bit(32)::int, n) from generate_series(1, 200) as n,
      (select classid from pg_locks where locktype = 'advisory' and objsubid = 2 and pid = pg_backend_pid() limit 1) as l`,
  ],
  ['gives the lock of its part back', 'perform pg_advisory_unlock_all()'],
  [
    'changes how values are read',
    `perform set_config('DateStyle', 'German', false), set_config('search_path', 'public, pg_catalog', false), set_config('xmloption', 'document', false)`,
  ],
  [
    'makes what follows read-only and short',
    `perform set_config('default_transaction_read_only', 'on', false), set_config('lock_timeout', '1', false), set_config('default_transaction_isolation', 'serializable', false)`,
  ],
  ['puts names of its own before the system’s', `perform set_config('search_path', 'mine, pg_catalog', false)`],
];

/** A type by the name of the system's, with a cast to it that lies about a transaction's number. */
const LIAR = `create schema mine; create type mine.text as enum ('3', '4'); create type mine.int as enum ('1', '2');
create function mine.lie(pg_catalog.xid8) returns mine.text language sql as $$ select '3'::mine.text $$;
grant usage on schema mine to public`;

describe('code of users that runs in the session of a part', () => {
  it(`in vain ${IN_VAIN.map(([what]) => what).join(', ')}`, () =>
    within(seededKeyless({ atTarget: [LIAR, ...IN_VAIN.map(([, body], at) => whenWritten(body, at))].join(';\n') }), async (world) => {
      await workOn(world, { workers: 2 });
      expect((await partsOf(world)).filter(({ done, error }) => !done || error !== null)).toEqual([]);
      expect(await leftToStream(world)).toEqual({});
      await nothingTwice(world);
      await world.asTargetRole(IN_VAIN.map((_, at) => `alter table first drop constraint mischief_${at}`).join(';'));
      await endsEqual(world);
    }));

  it('ends other workers’ sessions, which costs them attempts and no row', () =>
    within(
      seededKeyless({
        atTarget: whenWritten(
          `perform pg_terminate_backend(pid) from pg_stat_activity where usename = session_user and pid <> pg_backend_pid()`,
        ),
      }),
      async (world) => {
        await workOn(world, { workers: 3 });
        await nothingTwice(world);
        await world.asTargetRole('alter table first drop constraint mischief_0');
        await workOn(world, { execution: 'again' });
        await endsEqual(world, { execution: 'again' });
      },
    ));

  it('says that the disk is full: its own table is named, and the others are copied', () =>
    within(
      seededKeyless({
        atTarget: `create function public.full_disk(n bigint) returns boolean language plpgsql as $$
          begin if n = 700 then raise exception 'no room' using errcode = '53100'; end if; return true; end $$;
          alter table first add constraint mischief check (public.full_disk(id))`,
      }),
      async (world) => {
        await workOn(world, { workers: 2 });
        expect((await partsOf(world)).filter(({ done }) => !done)).toMatchObject([{ code: '53100' }]);
        await expect(world.visit('FinishParts')).rejects.toMatchObject({
          name: 'CopyStalled',
          message: expect.stringMatching(/public\.first.*53100/s),
        });
        await world.asTargetRole('alter table first drop constraint mischief');
        await workOn(world, { execution: 'again' });
        await endsEqual(world, { execution: 'again' });
      },
    ));

  it('swallows rows: the part names itself, and is not there', () =>
    within(
      seededKeyless({
        atTarget: `create function public.swallow() returns trigger language plpgsql as $$ begin if new.id = 700 then return null; end if; return new; end $$;
          create trigger swallow before insert on first for each row execute function public.swallow()`,
      }),
      async (world) => {
        await workOn(world, { workers: 2 });
        expect((await partsOf(world)).filter(({ done }) => !done)).toMatchObject([{ error: expect.stringContaining('The source sent') }]);
        await expect(world.visit('FinishParts')).rejects.toMatchObject({ name: 'CopyStalled' });
        await world.asTargetRole('drop trigger swallow on first');
        await workOn(world, { execution: 'again' });
        await endsEqual(world, { execution: 'again' });
      },
    ));
});

/** Of a row by its number. */
const sleepingFor = (condition: string, seconds: number): string =>
  `create function public.sleepy(n bigint) returns boolean language plpgsql as $$ begin if ${condition} then perform pg_sleep(${seconds}); end if; return true; end $$;
   alter table first add constraint sleepy check (public.sleepy(id))`;

const BUDGET_MS = 6_000;
const tablesOf = (world: World) =>
  world.target(`select count(*)::int as parts from planetscale_migration.copy_part where tables::text like '%"first"%'`);

describe('a part that does not end within a visit', () => {
  it('is split until its pieces are through', () =>
    within(seededKeyless({ partBytes: 200_000, rows: 1_200, atTarget: sleepingFor('true', 0.02) }), async (world) => {
      const [before] = await tablesOf(world);
      await workOn(world, { workers: 2, budgetMs: BUDGET_MS });
      const [after] = await tablesOf(world);
      expect(Number(after?.parts)).toBeGreaterThan(Number(before?.parts));
      expect((await partsOf(world)).every(({ done }) => done)).toBe(true);
      await nothingTwice(world);
      await world.asTargetRole('alter table first drop constraint sleepy');
      expect(await leftToStream(world)).toEqual({});
      await endsEqual(world);
    }));

  it('and has one row that never ends goes to the stream, and the others go on', () =>
    within(seededKeyless({ partBytes: 100_000, rows: 1_200, atTarget: sleepingFor('n = 700', 100_000) }), async (world) => {
      await workOn(world, { workers: 2, budgetMs: BUDGET_MS });
      expect(Object.keys(await leftToStream(world))).toEqual(['first']);
      expect(await partsDone(world)).toBeGreaterThan(0);
      await world.asTargetRole('alter table first drop constraint sleepy');
      await endsEqual(world);
    }));

  it('holds nobody up who comes under another name: the server notices that its client has gone', () =>
    within(seededKeyless({ rows: 1_200, atTarget: sleepingFor('n = 700', 100_000) }), async (world) => {
      let isOver = false;
      const working = workOn(world, { workers: 1, budgetMs: BUDGET_MS, isOver: () => isOver });
      await eventually(async () => (await world.target(`select from pg_stat_activity where wait_event = 'PgSleep'`)).length > 0);
      isOver = true;
      await working;
      await eventually(async () => (await world.target(`select from pg_stat_activity where wait_event = 'PgSleep'`)).length === 0);
      await nothingTwice(world);
    }));
});
