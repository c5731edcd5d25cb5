import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { code } from '../../../../lambdas/checks/cutover/code.ts';
import { leftBehind } from '../../../../lambdas/checks/readiness/left-behind.ts';
import { CUTOVER } from '../../../../lambdas/config/direction.ts';
import { isLeftBehind } from '../../../../lambdas/schema/dump/left-behind.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { findingsOf, summary } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';
import { letReadersIn } from '../../comparison/finished.ts';

/** One of each kind that only a superuser may make, with what hangs on it and holds no rows. */
const HARMLESS = `
create table public.t (id int primary key, v int); insert into t values (1, 1);
create function public.leak(int) returns boolean language sql immutable leakproof as 'select $1 > 0';
create table public.checked (id int primary key, v int check (public.leak(v)));
create function public.quiet() returns void language sql set log_min_duration_statement = '-1' set search_path = 'public', 'pg_temp' as 'select';
create function public.replica_mode() returns void language plpgsql set session_replication_role = replica as 'begin end';
create function public."C; add"(int, int) returns int language internal as 'int4pl';
comment on function public."C; add"(int, int) is 'adds';
create view public.sums as select public."C; add"(id, v) as s from public.t;
comment on view public.sums is 'sums'; comment on column public.sums.s is 'sum';
create function public.no_write() returns trigger language plpgsql as 'begin return null; end';
create trigger no_write instead of insert on public.sums for each row execute procedure public.no_write();
create view public.more_sums as select s + 1 as s from public.sums;
create materialized view public.kept_sums as select s from public.sums;
create index on public.kept_sums (s);
create aggregate public.total (int) (sfunc = public."C; add", stype = int, initcond = '0');
create operator public.@+ (leftarg = int, rightarg = int, procedure = public."C; add");
create type public.money2 as (amount numeric, unit text);
create cast (public.money2 as text) with inout as assignment;
create cast (int as xml) with inout;
create cast (date as int) without function;
create operator class public.by_int for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
  function 1 btint4cmp(int, int);
create type public.raw;
create function public.raw_in(cstring) returns public.raw language internal immutable strict as 'int4in';
create function public.raw_out(public.raw) returns cstring language internal immutable strict as 'int4out';
create type public.raw (input = public.raw_in, output = public.raw_out, like = int4);
create function public.uses_raw(public.raw) returns int language sql as 'select 1';
create domain public.raw_domain as public.raw;
create text search template public.tmpl (lexize = dsimple_lexize);
create text search dictionary public.dict (template = public.tmpl);
create text search configuration public.conf (parser = default);
alter text search configuration public.conf add mapping for word with public.dict;
alter text search configuration public.conf add mapping for asciiword with english_stem;
create foreign data wrapper nowhere;
create server nobody foreign data wrapper nowhere;
create foreign table public.far (id int) server nobody;
comment on foreign table public.far is 'far away';
create view public.afar as select * from public.far;
create function public.noted() returns event_trigger language plpgsql as 'begin raise notice $$%$$, tg_tag; end';
create event trigger note_ddl on ddl_command_end execute procedure public.noted();
comment on event trigger note_ddl is 'noted';
create event trigger "Off; ddl" on sql_drop execute procedure public.noted();
alter event trigger "Off; ddl" disable;
`;
/** In the order of the dump, reasons cut off. */
const LEFT = [
  'aggregate public.total(integer)',
  'cast (integer AS xml)',
  'cast (date AS integer)',
  'event trigger "Off; ddl"',
  'event trigger note_ddl',
  'foreign data wrapper nowhere',
  'foreign table public.far',
  'function public."C; add"(integer, integer)',
  'function public.raw_in(cstring)',
  'function public.raw_out(public.raw)',
  'function public.replica_mode()',
  'function public.uses_raw(public.raw)',
  'materialized view public.kept_sums',
  'operator class public.by_int',
  'operator family public.by_int',
  'operator public.@+',
  'server nobody',
  'text search configuration public.conf',
  'text search dictionary public.dict',
  'text search template public.tmpl',
  'type public.raw',
  'domain public.raw_domain',
  'view public.afar',
  'view public.more_sums',
  'view public.sums',
];

/** As the server describes them. */
const FORETOLD = [
  'cast from date to integer',
  'cast from integer to xml',
  'event trigger Off; ddl',
  'event trigger note_ddl',
  'foreign table public.far',
  'foreign-data wrapper nowhere',
  'function public.C; add(integer,integer)',
  'function public.raw_in(cstring)',
  'function public.raw_out(public.raw)',
  'function public.replica_mode()',
  'function public.total(integer)',
  'function public.uses_raw(public.raw)',
  'materialized view public.kept_sums',
  'operator class public.by_int for access method btree',
  'operator family public.by_int for access method btree',
  'operator public.@+(integer,integer)',
  'server nobody',
  'text search configuration public.conf',
  'text search dictionary public.dict',
  'text search template public.tmpl',
  'type public.raw',
  'type public.raw_domain',
  'view public.afar',
  'view public.more_sums',
  'view public.sums',
];

describe.each(versions<readonly [ServerVersion, ServerVersion]>([11, 17], [15, 18], [18, 18]))(
  'objects that only a superuser may create, from %d to %d (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, plainSource: 'superuser' });
    });
    afterAll(() => world?.destroy());
    let made = 0;
    const withSchema = async (schema: string): Promise<World> => {
      made += 1;
      const one = await world.sibling(`left ${made}`);
      await one.asSourceRole(schema); // event triggers of rdsadmin's own would be the platform's
      return one;
    };

    it('are left out and reported together where no table needs them, and the rest is copied and built', async () => {
      const copied = await withSchema(HARMLESS);
      const found = await findingsOf(copied, [leftBehind]);
      const { evidence } = await copied.until('CopySchema');
      const listed = (evidence as { leftBehind: string[] }).leftBehind;
      const expected = [...LEFT, 'function public.leak(integer)', 'function public.quiet()'];
      expect(expected.filter((name) => !isLeftBehind(listed, name))).toEqual([]);
      expect(listed).toHaveLength(expected.length);
      expect(listed).toContain('function public.leak(integer) (made without LEAKPROOF)');
      expect(listed).toContain('function public.quiet() (made without SET log_min_duration_statement)');
      expect(listed.find((one) => one.startsWith('event trigger note_ddl'))).toContain('(42501)');
      await letReadersIn(copied);
      expect((await copied.until('TrySample')).evidence).toMatchObject({ untried: [], materializedViews: 0 });
      expect((await copied.until('BuildIndexes')).evidence).toMatchObject({ failures: [] });
      expect(await copied.target('select proconfig from pg_proc where proname = $1', ['quiet'])).toEqual([
        { proconfig: ['search_path=public, pg_temp'] },
      ]);
      expect(await copied.target("select count(*)::int as n from pg_cast where castsource = 'public.money2'::regtype")).toEqual([{ n: 1 }]);
      // Preflight foretold as many, with the server's own names.
      const told = summary(found);
      expect(Object.keys(told).toSorted()).toEqual(['LeftBehind', 'MadeInLesserForm']);
      expect(told.LeftBehind?.severity).toBe('warning');
      expect(told.LeftBehind?.objects.map((one) => one.replace(/ \((?:[^()]|\([^()]*\))*\)$/, '').replaceAll('"', '')).toSorted()).toEqual(
        FORETOLD,
      );
      expect(told.MadeInLesserForm?.objects).toEqual([
        expect.stringMatching(/^function public\.leak\(integer\) without LEAKPROOF$/),
        'function public.quiet() without SET log_min_duration_statement',
      ]);
      // What is not there does not differ when it changes.
      await copied.asSourceRole(`create or replace function public."C; add"(int, int) returns int language internal as 'int4mi';
        create or replace view public.sums as select public."C; add"(v, id) as s from public.t`);
      expect(await switchFindings(copied, [code], { direction: CUTOVER })).toEqual([]);
      await copied.asSourceRole(`create or replace view public.more_sums as select s + 2 as s from public.sums;
        create or replace function public.quiet() returns void language sql set search_path = 'public', 'pg_temp' as 'select 1'`);
      expect(summary(await switchFindings(copied, [code], { direction: CUTOVER })).CodeChanged?.objects).toEqual([
        expect.stringContaining('function public.quiet()'),
      ]);
    });

    it('are refused together where tables need them, by Preflight and before the copy', async () => {
      const copied = await withSchema(`
      create function public.plus(int, int) returns int language internal immutable as 'int4pl';
      create table public.by_default (id int primary key, v int default public.plus(1, 2));
      create table public.by_check (id int primary key, v int, constraint kept check (public.plus(id, v) > 0));
      create table public.by_index (id int primary key, v int); create index on public.by_index (public.plus(id, v));
      create table public.by_policy (id int primary key); alter table public.by_policy enable row level security;
      create policy seen on public.by_policy using (public.plus(id, 1) > 0);
      create function public.internal_trigger() returns trigger language internal as 'suppress_redundant_updates_trigger';
      create table public.by_trigger (id int primary key);
      create trigger same before update on public.by_trigger for each row execute procedure public.internal_trigger();
      create domain public.word as int check (public.plus(value, 0) > 0);
      create table public.by_domain (id int primary key, w public.word);
      create table public.plain (id int primary key);
      create view public.harmless as select public.plus(id, 1) as n from public.plain;
      create table public.out (id int primary key, v int default public.plus(1, 2));`);
      const input = { excludeTables: ['public.out'] };
      const told = summary(await findingsOf(copied, [leftBehind], { input }));
      expect(told.NeedsWhatIsLeftBehind?.severity).toBe('blocker');
      for (const part of [
        /by_default/,
        /kept on table .*by_check/,
        /index public\.by_index_\w+/,
        /policy seen/,
        /trigger same/,
        /by_domain/,
      ]) {
        expect(told.NeedsWhatIsLeftBehind?.objects).toContainEqual(expect.stringMatching(part));
      }
      expect(JSON.stringify(told.NeedsWhatIsLeftBehind)).not.toMatch(/harmless|plain|public\.out/);
      const error = (await copied.until('CopySchema', { input }).catch((refused: unknown) => refused)) as Error;
      for (const part of [/TABLE by_default/, /TABLE by_check/, /TABLE by_domain/, /INDEX by_index_\w+ on public\.by_index/]) {
        expect(error.message).toMatch(part);
      }
      for (const part of [/POLICY seen/, /TRIGGER same/, /stay behind.*function public\.plus\(integer, integer\)/s]) {
        expect(error.message).toMatch(part);
      }
      expect(error.message).toMatch(/target is as it was/);
      expect(await copied.target("select to_regclass('public.plain')::text as t")).toEqual([{ t: null }]);
      const rest = ['default', 'check', 'domain', 'index', 'policy', 'trigger'].map((kind) => `public.by_${kind}`);
      const none = { excludeTables: ['public.out', ...rest] };
      await copied.until('CopySchema', { input: none });
      expect((await copied.until('BuildIndexes', { input: none })).evidence).toMatchObject({ failures: [] });
    });

    it('are none in ordinary schemas', async () => {
      const plain = await withSchema(`
      create extension citext; create type public.mood as enum ('a'); create cast (varchar as public.mood) with inout as implicit;
      create function public.one() returns int language plpgsql set search_path = public set work_mem = '8MB' as 'begin return 1; end';
      create table public.t (id int primary key, c citext, m public.mood, n int default public.one());`);
      expect(await findingsOf(plain, [leftBehind])).toEqual([]);
      expect((await plain.until('CopySchema')).evidence).toMatchObject({ leftBehind: [] });
    });
  },
);
