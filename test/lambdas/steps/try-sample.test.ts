/** What would stop the copy, found before it begins; and what code of users can do while it is looked for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SampleRefused } from '../../../lambdas/config/errors.ts';
import { trialRole } from '../../../lambdas/config/names.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type VisitOptions, type World } from '../../support/world.ts';

/** Every kind of value and of table that travels, with names that need quoting. */
const HARMLESS = (version: number): string => `
create schema "S; 'x'";
create type "S; 'x'".mood as enum ('sad', 'so "so"', 'null');
create type "S; 'x'".pair as (a int, b text);
create domain "S; 'x'".word as text check (length(value) < 100);
create domain "S; 'x'".pairs as "S; 'x'".pair[];
create type "S; 'x'".span as range (subtype = numeric);
create table "S; 'x'"."T ""1""" (id bigint generated always as identity primary key, place int, values text, m "S; 'x'".mood, ms "S; 'x'".mood[],
  p "S; 'x'".pair, ps "S; 'x'".pairs, w "S; 'x'".word, j json, jb jsonb, x xml, b bytea, d date, tz timestamptz, iv interval, n numeric(8, 2), f float8,
  v varchar(5), c char(4), bits bit(3), s "S; 'x'".span, ip inet, u uuid, ts tsvector, pt point, t2 text[][]);
insert into "S; 'x'"."T ""1""" (place, values, m, ms, p, ps, w, j, jb, x, b, d, tz, iv, n, f, v, c, bits, s, ip, u, ts, pt, t2)
select i, case when i % 3 = 0 then null when i % 3 = 1 then 'null' else '' end, 'null', array['sad', null, 'so "so"']::"S; 'x'".mood[],
  case when i % 2 = 0 then row(null, null)::"S; 'x'".pair else row(1, 'a,"b')::"S; 'x'".pair end, array[row(1, null)]::"S; 'x'".pair[], 'w', '{"a": [1]}', '{"a": 1}', '<a>b</a>',
  '\\x00ff', 'infinity', now(), '-1 mon 2 days 03:04:05.678', 1.25, 'NaN', 'abc', 'ab', b'101', '[1,2.5)', '10.0.0.0/8', md5(i::text)::uuid, 'a:1 b', '(1,2)', '{{a,NULL},{"c,d","NULL"}}'
from generate_series(1, 500) as i;
create table by_day (d date, i int, primary key (d, i)) partition by range (d);
create table by_day_1 partition of by_day for values from ('2020-01-01') to ('2021-01-01');
create table by_day_2 partition of by_day default;
insert into by_day select '2020-06-01'::date + i, i from generate_series(1, 400) as i;
create table parent (id int, v text); create table child (more int) inherits (parent);
insert into parent values (1, 'a'); insert into child values (2, 'b', 3);
create table keyless (a int); insert into keyless select i from generate_series(1, 5000) as i;
create table no_columns (); insert into no_columns default values;
create table empty_one (a int check (a / 0 > 1));
create index on keyless ((100 / a)) where a > 0;
create table broken_before (id int primary key, v int); insert into broken_before values (1, -1);
alter table broken_before add constraint later check (v > 0) not valid;
create materialized view counted as select count(*) from keyless; create materialized view of_view as select * from counted;
create view seen as select i from by_day; create materialized view by_view as select max(i) from seen;
${version >= 12 ? 'create table computed (a int primary key, twice int generated always as (a * 2) stored); insert into computed values (1), (2);' : ''}
${version >= 14 ? 'create statistics on_expression on (a % 2), (a % 3) from keyless;' : ''}
`;

/** What cannot be moved as it is: the statement, and what the message says about it. */
const REFUSED = (version: number): readonly (readonly [name: string, schema: string, says: RegExp])[] => [
  [
    'a check whose function was tightened',
    `create function tightened(v int) returns boolean language sql immutable as 'select v < 1000';
create table measure (a int, b text, v int, constraint v_ok check (tightened(v)), primary key (b, a));
insert into measure select n, 'k' || n, n from generate_series(1, 500) as n;
create or replace function tightened(v int) returns boolean language sql immutable as 'select v < 100'`,
    /table public\.measure \(b = k\d+, a = \d+ and \d+ more of the sample\): new row .*violates check constraint "v_ok" \(23514\)\. Evaluated: check v_ok: .*tightened\(v\).*Correct the rows/,
  ],
  [
    'hash partitions by an enum',
    `do $$ begin execute 'create type shade as enum (' || (select string_agg(quote_literal('s' || n), ',') from generate_series(1, 24) as n) || ')'; end $$;
create table shades (id int, s shade, primary key (id, s)) partition by hash (s);
do $$ begin for i in 0..3 loop execute format('create table shades_%s partition of shades for values with (modulus 4, remainder %1$s)', i); end loop; end $$;
insert into shades select n, (enum_range(null::shade))[1 + n % 24] from generate_series(1, 200) as n`,
    /table public\.shades_\d \(id = \d+, s = \w.*violates partition constraint.*Alike: table public\.shades_\d.*another partition.*public\.shades is partitioned by HASH \(s\).*excludeTables/,
  ],
  [
    'a function that leans on a path, in a check',
    `create function is_even(i int) returns boolean language sql immutable as 'select i % 2 = 0';
create function is_good(i int) returns boolean language plpgsql immutable as 'begin return is_even(i); end';
create table widget (id int primary key, size int check (is_good(size))); insert into widget select n, n * 2 from generate_series(1, 9) as n`,
    /table public\.widget \(id = \d and 8 more.*\): function is_even\(integer\) does not exist \(42883\) in function public\.is_good\(integer\)\. Evaluated: check widget_size_check.*alter routine public\.is_good\(integer\) set search_path/,
  ],
  [
    'one in an expression of an index that is made after the copy',
    `create function half(i int) returns int language sql immutable as 'select i / 2';
create function quarter(i int) returns int language plpgsql immutable as 'begin return half(half(i)); end';
create table piece (id int primary key, size int); create index piece_quarter on piece (quarter(size)); insert into piece values (7, 8)`,
    /table public\.piece \(id = 7\): function half\(integer\) does not exist.*index piece_quarter: (?:public\.)?quarter\(size\)/,
  ],
  [
    'one in the predicate of an index',
    'create table part (id int primary key, size int); create index part_some on part (id) where quarter(size) > 0; insert into part values (3, 8)',
    /table public\.part \(id = 3\): function half.*index part_some: where .*quarter\(size\) > 0/,
  ],
  [
    'a domain whose rows do not meet it any more',
    `create function is_word(t text) returns boolean language sql immutable as 'select true'; create domain term as text constraint is_term check (is_word(value));
create table terms (id int primary key, t term); insert into terms values (5, 'x');
create or replace function is_word(t text) returns boolean language sql immutable as 'select length(t) > 1'`,
    /table public\.terms \(id = 5\): value for domain .*term violates check constraint "is_term" \(23514\)\. Evaluated: check of the domain public\.term, is_term/,
  ],
  [
    'a materialized view whose function leans on a path',
    'create table base (id int primary key, v int); create materialized view derived as select quarter(v) as q from base; insert into base values (1, 8)',
    /materialized view public\.derived: function half\(integer\) does not exist \(42883\) in function public\.quarter\(integer\)/,
  ],
  [
    'a function that fails for a row, and says its values',
    `create function says(i int) returns int language sql immutable as 'select i'; create table said (id int primary key, i int);
create index said_all on said (says(i)); insert into said values (1, 4711);
create or replace function says(i int) returns int language plpgsql immutable as 'begin raise exception ''secret-%'', i; end'`,
    /table public\.said \(id = 1\): raise_exception \(P0001\) in function public\.says\(integer\); its words may hold data.*index said_all: public\.says\(i\).*repair the row/,
  ],
  [
    'a function that makes a name of a value',
    `create function named(i int) returns int language sql immutable as 'select i'; create table name_of (id int primary key, i int);
create index name_of_all on name_of (named(i)); insert into name_of values (1, 4711);
create or replace function named(i int) returns int language plpgsql immutable as 'declare r int; begin execute ''select column_'' || i into r; return r; end'`,
    /table public\.name_of \(id = 1\): undefined_column \(42703\) in function public\.named\(integer\); its words may hold data/,
  ],
  ...(version >= 12
    ? ([
        [
          'a generated column',
          `create function key_of(t text) returns text language plpgsql immutable as 'begin return half(length(t))::text; end';
create table person (id int primary key, name text, k text generated always as (key_of(name)) stored); insert into person (id, name) values (1, 'A')`,
          /table public\.person \(id = 1\): function half\(integer\).*generated column k: .*key_of\(name\)/,
        ],
      ] as const)
    : []),
  ...(version >= 14
    ? ([
        [
          'statistics of an expression',
          'create table stats (id int primary key, a int); create statistics of_expression on (quarter(a)), id from stats; insert into stats values (1, 1)',
          /table public\.stats \(id = 1\): function half.*statistics of_expression/,
        ],
      ] as const)
    : []),
];

const prepare = async (world: World, schema: string, visit: VisitOptions = {}): Promise<void> => {
  await world.asSourceRole(schema);
  await world.asSourceRole(`do $$ declare t text; begin for t in select oid::regclass from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text !~ '^(pg_|information)'
    loop begin execute 'analyze ' || t; exception when others then null; end; end loop; end $$`);
  await world.until('CreateReplicationRole', visit);
  await world.until('CopySchema', visit);
};

/** What a trial must not leave: rows, pages, the role, rights. */
const traces = async ({ target, database }: World) => ({
  roles: await target('select rolname from pg_roles where rolname = $1', [trialRole(database.name)]),
  pages: await target(`select oid::regclass::text as name from pg_class where relkind = 'r' and pg_relation_size(oid) > 0
    and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'planetscale_migration')`),
  rights: await target(`select c.oid::regclass::text as name from pg_class as c cross join aclexplode(c.relacl) as a
    where not exists (select from pg_roles where oid = a.grantee) and a.grantee <> 0`),
});
const NO_TRACES = { roles: [], pages: [], rights: [] };

describe.each<[ServerVersion, ServerVersion]>([
  [11, 18],
  [15, 17],
])('TrySample from %i to %i (#11)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target });
  });
  afterAll(() => world?.destroy());

  let made = 0;
  const next = async (schema: string, visit?: VisitOptions): Promise<World> => {
    made += 1;
    const one = await world.sibling(`trial ${made} "é"`);
    await prepare(one, schema, visit);
    return one;
  };

  it('passes rows of every type and kind of table, and leaves nothing behind', async () => {
    const one = await next(HARMLESS(source));
    const { evidence } = await one.until('TrySample');
    expect(evidence).toMatchObject({ slow: [], more: 0 });
    expect((evidence as { rows: number }).rows).toBeGreaterThan(200);
    expect((evidence as { untried: string[] }).untried).toEqual([expect.stringMatching(/of_view.*counted.*not been populated/)]);
    expect(await traces(one)).toEqual(NO_TRACES);
  });

  it('reads a column as a column where its name became a function after the version of the source', async () => {
    const one = await next(`create domain "system_user" as int check (value > 0);
create table later (id int primary key, system_user int, d "system_user" default 5, check (system_user + 1 > 1), check (system_user < 100) not valid);
insert into later select n, n from generate_series(1, 50) as n;
create index on later ((system_user + 1)) where system_user between 1 and 60;
create materialized view sums as select system_user % 3 as system_user, count(*) from later group by 1;
${source >= 12 ? 'alter table later add g int generated always as (system_user * 2) stored;' : ''}
${source >= 14 ? 'create statistics on_it on (system_user + 1), (system_user / 2) from later;' : ''}`);
    await expect(one.until('TrySample')).resolves.toMatchObject({ evidence: { slow: [], untried: [] } });
  });

  it('refuses all rows that cannot be copied at once, each with table, key, expression, message and remedy, and leaves nothing behind', async () => {
    const all = REFUSED(source);
    const visit = { input: { searchPath: 'as-is' } };
    const one = await next(all.map(([, schema]) => schema).join(';\n'), visit);
    const error = (await one.until('TrySample', visit).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(SampleRefused);
    for (const [, , says] of all) expect(error.message).toMatch(says);
    expect(error.message).toMatch(/nothing was copied, the tables of the target are empty as before.*Cleanup/s);
    expect(error.message).not.toMatch(/4711/);
    expect(await traces(one)).toEqual(NO_TRACES);
  });

  it('passes functions that depend on search_path once CopySchema has given them one', async () => {
    const leaning = REFUSED(source).filter(([, schema]) => /half|quarter|is_even/.test(schema));
    const one = await next(leaning.map(([, schema]) => schema).join(';\n'));
    await expect(one.until('TrySample')).resolves.toMatchObject({ evidence: { slow: [], untried: [] } });
  });

  it('passes generated columns, partition keys and defaults that depend on search_path as soon as they are created', async () => {
    const one = await next(`create schema app; set search_path = app, public;
create type app.mood as enum ('sad', 'ok'); create function app.fold(t text) returns text language sql immutable as $$ select lower(t) $$;
create function app.key_of(t text) returns text language sql immutable as $$ select fold(t) || 'ok'::mood::text $$;
create function app.number_of(m app.mood) returns int language sql immutable as $$ select case m when 'sad'::mood then 1 else 2 end $$;
create cast (app.mood as int) with function app.number_of(app.mood);
create function app.bucket(t text) returns text language sql immutable as $$ select fold(left(t, 1)) $$;
create table app.book (id int, name text default app.key_of('X')) partition by list (${source >= 15 ? 'app.bucket(name)' : 'left(name, 1)'}); create table app.book_a partition of app.book for values in ('a', 'A');
insert into app.book values (1, 'A1'), (2, 'a2');
create function app.of_book(b app.book) returns text language sql immutable as $$ select fold(b.name) $$;
create table app.after_book (id int primary key, b app.book, check (app.of_book(b) <> 'z'));
insert into app.after_book values (1, row(1, 'A'));
${source >= 12 ? `create table app.person (id int primary key, name text, m app.mood, k text generated always as (app.bucket(name)) stored, n int generated always as (m::int) stored); insert into app.person values (1, 'A', 'sad')` : ''};
do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$`);
    await expect(one.until('TrySample')).resolves.toMatchObject({ evidence: { slow: [], untried: [] } });
  });

  it('evaluates valid constraints that the target gets only after the copy', async () => {
    const names = ['a check whose function was tightened', 'a domain whose rows do not meet it any more'];
    const one = await next(
      REFUSED(source)
        .flatMap(([name, schema]) => (names.includes(name) ? [schema] : []))
        .join(';\n'),
    );
    await one.target('alter table measure drop constraint v_ok; alter domain term drop constraint is_term');
    const error = (await one.until('TrySample').catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/table public\.measure \(b = k\d+.*the row breaks v_ok \(23514\)\. Evaluated: check v_ok/);
    expect(error.message).toMatch(
      /table public\.terms \(id = 5\): the row breaks is_term \(23514\)\. Evaluated: check of the domain public\.term/,
    );
  });

  it('reports a check that reads other tables as undecided, as these are empty until they are copied', async () => {
    const one = await next(`create table code (id int primary key); insert into code values (1);
create function known(i int) returns boolean language plpgsql stable as 'begin return exists (select from public.code as c where c.id = i); end';
create table a_user (id int primary key, c int constraint is_known check (known(c))); insert into a_user values (1, 1)`);
    const { evidence } = await one.until('TrySample');
    expect(evidence).toMatchObject({ untried: [expect.stringMatching(/^table public\.a_user: check is_known: .*reads other tables/)] });
  });

  it('continues once the rows are repaired on the source, without another copy of the schema', async () => {
    const one = await next('create table t (id int primary key, v int check (v > 0)); insert into t values (1, 1)');
    await one.source('alter table t drop constraint t_v_check; update t set v = -1');
    await expect(one.until('TrySample')).rejects.toThrow(/public\.t \(id = 1\)/);
    await one.source('update t set v = 1');
    await expect(one.until('TrySample')).resolves.toMatchObject({ evidence: { tables: 1, rows: 1 } });
  });

  it('waits for a lock held for a moment, and blames no table for it', async () => {
    const one = await next('create table t (id int primary key); insert into t values (1)');
    const holder = await one.ports('Test').acting.target.session('holder');
    await holder.script('begin; lock table public.t in access share mode');
    await expect(one.until('TrySample')).rejects.toMatchObject({ name: 'TransientError' });
    await holder.end();
    await one.until('TrySample');
    expect(await traces(one)).toEqual(NO_TRACES);
  });

  it('leaves a table that is not empty after all', async () => {
    const one = await next('create table t (id int primary key, v int); insert into t values (1, 1)');
    await one.target('insert into t values (1, 42)');
    await one.until('TrySample');
    expect(await one.target('select v from t')).toEqual([{ v: 42 }]);
  });
});

/** A check that calls a function which does this; and what the function sees is what the trial lets it do. */
const hostile = (table: string, body: string): string => `
create function ${table}_check(i int) returns boolean language plpgsql as $f$ begin return true; end $f$;
create table ${table} (id int primary key, i int check (${table}_check(i))); insert into ${table} values (1, 1);
create or replace function ${table}_check(i int) returns boolean language plpgsql as $f$ ${body} $f$;`;

describe('user code that TrySample runs (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('can SET ROLE to no other, creates nothing that lasts, and blocks nothing but its own table', async () => {
    await prepare(
      world,
      `${hostile('becomes', `begin perform set_config('role', 'postgres', false); return true; end`)}
${hostile('resets', `begin execute 'reset role'; return current_user like 'planetscale_migration_trial%'; end`)}
${hostile('makes', `begin execute 'create role mallory superuser'; return true; end`)}
${hostile('makes_table', `begin execute 'create table public.mine ()'; return true; end`)}
${hostile('hides', `begin begin execute 'create role mallory'; exception when others then null; end; execute 'truncate public.plain'; return true; end`)}
${hostile('sleeps', 'begin perform pg_sleep(60); return true; end')}
${hostile('never_ends', 'begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end')}
${hostile('leaves', 'begin perform pg_terminate_backend(pg_backend_pid()); return true; end')}
create table plain (id int primary key); insert into plain values (1);`,
    );
    await world.target('create table public.theirs (id int); insert into public.theirs values (1)');
    const before = await world.target('select rolname from pg_roles order by 1');
    const { evidence } = await world.until('TrySample');
    const { slow, untried } = evidence as { slow: string[]; untried: string[] };
    expect(slow.toSorted()).toEqual(['table public.leaves', 'table public.never_ends', 'table public.sleeps']);
    expect(untried.map((text) => text.replace(/:.*/s, '')).toSorted()).toEqual(
      ['becomes', 'makes', 'makes_table'].map((name) => `table public.${name}`),
    );
    expect(await world.target('select rolname from pg_roles order by 1')).toEqual(before);
    expect(
      await world.target("select to_regclass('public.mine') is null as gone, (select count(*)::int from public.theirs) as theirs"),
    ).toEqual([{ gone: true, theirs: 1 }]);
    expect(await traces(world)).toMatchObject({ roles: [], rights: [] });
    expect(await world.target("select 1 from pg_locks where relation = 'public.never_ends'::regclass")).toEqual([]);
  });

  it('has a login that is dropped at the next visit, or by Cleanup, where the function crashed', async () => {
    const one = await world.sibling('interrupted');
    await prepare(one, 'create table t (id int primary key); insert into t values (1)');
    const role = `"${trialRole('interrupted')}"`;
    const leave = () =>
      one.asTargetRole(`set role postgres; create role ${role} login; reset role;
grant select, insert, truncate on t to ${role}; grant usage on schema planetscale_migration to ${role}`);
    await leave();
    await one.until('TrySample');
    expect(await traces(one)).toEqual(NO_TRACES);
    await leave();
    await one.until('DropReplication');
    expect(await traces(one)).toEqual(NO_TRACES);
  });

  it('is tried in hundreds of tables in a few transactions', async () => {
    const one = await world.sibling('many');
    await prepare(
      one,
      `do $$ begin for i in 1..300 loop execute format('create table %I (id int primary key, v text check (length(v) > 0)); insert into %1$I select n, ''x'' from generate_series(1, 20) as n', 't ' || i);
      end loop; end $$`,
    );
    await expect(one.until('TrySample')).resolves.toMatchObject({ evidence: { tables: 300, rows: 6000, slow: [], untried: [] } });
    expect(await traces(one)).toEqual(NO_TRACES);
  });

  let lives = 0;
  describeLifecycle('TrySample', {
    async world() {
      lives += 1;
      const one = await world.sibling(`life ${lives} %`);
      await prepare(one, 'create table t (id int primary key); insert into t values (1)');
      return one;
    },
    effect: async ({ target }) => target("select to_regclass('planetscale_migration.sample_trial') is not null as tried"),
  });
});
