import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatementFailed } from '../../../lambdas/config/errors.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import { REPLICATION_ROLE, subscriptionName } from '../../../lambdas/config/names.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { conninfo, identifier, literal, qualified } from '../../../lambdas/postgres/quote.ts';
import { INSUFFICIENT_PRIVILEGE, QUERY_CANCELED } from '../../../lambdas/postgres/sqlstates.ts';
import { writeNote } from '../../../lambdas/replication/connection.ts';
import { compareData } from '../../../lambdas/steps/compare-data.ts';
import { silent, startWorld, type World } from '../../support/world.ts';
import { finished, letReadersIn, rowsFound } from '../comparison/finished.ts';

const HOSTILE = 'Weird "schema"\\%';
const LONG = `ü${'x'.repeat(61)}`;
const hostile = qualified(HOSTILE, LONG);

/** Keys of every kind; each large table is several ranges, since none was ever analyzed (4,096 rows each). */
const SCHEMA = `
create schema ${identifier(HOSTILE)};
create table "Numbers" (id bigint primary key, note text, total numeric generated always as (id * 2) stored, filler char(100) default '');
create table by_text (name text collate "en-x-icu" primary key, note int, filler char(150) default '');
create table by_bytes (name text collate "C" primary key, note int);
create table by_uuid (id uuid primary key, note int);
create table ${hostile} ("A ""key""" int, "%s \\" timestamptz, "b" varchar(3), note text, primary key ("%s \\", "A ""key""", b));
create table by_identity (id int not null, name text, gone int);
create unique index by_identity_key on by_identity (id) include (name);
alter table by_identity replica identity using index by_identity_key;
alter table by_identity drop column gone;
create table no_key (a int, b text);
alter table no_key replica identity full;
create table empty (id int primary key);
create table "no columns" ();
create table parts (id int, region text, note text, primary key (id, region)) partition by list (region);
create table parts_north partition of parts for values in ('north');
create table parts_south partition of parts for values in ('south');
create table parent (id int primary key);
create table child (extra text, primary key (id)) inherits (parent);
create table no_order (name "char"[] primary key, note int);
`;
const ROWS = `
insert into "Numbers" (id, note) select n, 'note ' || n from generate_series(1, 20000) n;
insert into by_text select chr(65 + n % 26 + 32 * (n % 2)) || n, n from generate_series(1, 9000) n;
insert into by_bytes select chr(65 + n % 60) || n, n from generate_series(1, 300) n;
insert into by_uuid select md5(n::text)::uuid, n from generate_series(1, 300) n;
insert into ${hostile} select n, timestamptz '2024-03-31 00:30+00' + n % 7 * interval '1 hour', 'k' || n % 3, 'x' from generate_series(1, 300) n;
insert into by_identity select n, 'name' from generate_series(1, 300) n;
insert into no_key select n % 50, 'twice' from generate_series(1, 3000) n;
insert into "no columns" select from generate_series(1, 3);
insert into parts select n, case when n % 2 = 0 then 'north' else 'south' end from generate_series(1, 300) n;
insert into parent values (1);
insert into child values (2, 'x');
insert into no_order select array['a', chr(65 + n)]::"char"[], n from generate_series(1, 20) n;
`;

const PLANTED = `
delete from "Numbers" where id in (1, 12345, 20000);
insert into "Numbers" (id, note) values (-5, ''), (99999, '');
update "Numbers" set note = 'other' where id in (4096, 4097);
update by_text set note = -1 where name = 'b1';
delete from by_text where note = 8999;
insert into by_text values ('b 1', 0), ('zzzz', 0), ('', 0);
delete from by_bytes where note = 7;
update by_uuid set note = note + 1 where note = 5;
update ${hostile} set note = 'X' where "A ""key""" = 17;
update by_identity set name = 'swapped' where id = 3;
insert into parts values (1001, 'north', '');
update parts set note = '' where id = 7;
update parent set id = 5 where id = 1;
insert into no_key values (1, 'twice');
delete from "no columns" where ctid = '(0,1)';
update no_order set note = 0 where note = 3;
`;

describe('CompareData', () => {
  let world: World;
  let siblings = 0;
  const fresh = async (): Promise<World> => {
    siblings += 1;
    const one = await world.sibling(`comparison ${siblings}`);
    await letReadersIn(one);
    return one;
  };
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: SCHEMA + ROWS, targetSchema: SCHEMA + ROWS });
    await letReadersIn(world);
  });
  afterAll(() => world?.destroy());

  it('is done where all is equal, having counted every row once', async () => {
    const { verdict, evidence } = await world.until('CompareData');
    expect(verdict).toBe('done');
    expect(evidence).toMatchObject({
      tables: 14,
      rows: 20_000 + 9_000 + 300 * 4 + 3_000 + 3 + 300 + 2 + 20,
      different: [],
      moreDifferent: 0,
      moving: 0,
      finished: true,
      cursor: null,
    });
  });

  it('finds differences anywhere in a table and under any replica identity', async () => {
    const one = await fresh();
    await one.target(PLANTED);
    const found = rowsFound(await finished(one));
    expect(found).toEqual(
      [
        'Numbers: id = -5 extra',
        'Numbers: id = 1 missing',
        'Numbers: id = 12345 missing',
        'Numbers: id = 20000 missing',
        'Numbers: id = 4096 changed note',
        'Numbers: id = 4097 changed note',
        'Numbers: id = 99999 extra',
        'by_bytes: name = H7 missing',
        'by_identity: id = 3 changed name',
        'by_text: name =  extra',
        'by_text: name = b 1 extra',
        'by_text: name = b1 changed note',
        'by_text: name = d8999 missing',
        'by_text: name = zzzz extra',
        'by_uuid: id = e4da3b7f-bbce-2345-d777-2b0674a318d5 changed note',
        'no_order: a row that is not on the source and once on the target extra',
        'no_order: a row that is once on the source and not on the target missing',
        'no columns: a row that is 3 times on the source and 2 times on the target missing',
        'no_key: a row that is 60 times on the source and 61 times on the target extra',
        'parent: id = 1 missing',
        'parent: id = 5 extra',
        'parts_north: id = 1001, region = north extra',
        'parts_south: id = 7, region = south changed note',
        `${LONG}: %s \\ = 2024-03-31 03:30:00+00, A "key" = 17, b = k2 changed note`,
      ].sort(),
    );
    await expect(one.until('CompareData')).rejects.toMatchObject({
      name: 'DataDiffers',
      message: expect.stringMatching(/^12 of 14 tables differ.*"public"\."Numbers": .*id = 12345 \(missing on the target\)/s),
    });
  });

  it('tells rows that exchanged the values of a column from rows that did not', async () => {
    const one = await fresh();
    const exchange = (first: string, second: string) => `
update no_key set b = '${first}' where ctid = (select min(ctid) from no_key where a = 1);
update no_key set b = '${second}' where ctid = (select min(ctid) from no_key where a = 2);`;
    await one.source(exchange('p', 'q'));
    await one.target(`${exchange('q', 'p')} update by_uuid set note = 101 - note where note in (1, 100)`);
    expect(rowsFound(await finished(one))).toEqual([
      'by_uuid: id = c4ca4238-a0b9-2382-0dcc-509a6f75849b changed note',
      'by_uuid: id = f899139d-f5e1-0593-9643-1415e770c6dd changed note',
      'no_key: a row that is not on the source and once on the target extra',
      'no_key: a row that is not on the source and once on the target extra',
      'no_key: a row that is once on the source and not on the target missing',
      'no_key: a row that is once on the source and not on the target missing',
    ]);
  });

  it('stops at 20 rows of a table that is missing whole, and continues with the others', async () => {
    const one = await fresh();
    await one.target(`delete from "Numbers"; delete from by_text; truncate no_key; delete from by_uuid where note = 9`);
    const { different } = await finished(one);
    expect(different.map(({ table, rows }) => [table, rows.length])).toEqual([
      ['Numbers', 20],
      ['by_text', 20],
      ['by_uuid', 1],
      ['no_key', 20],
    ]);
  });

  it('reports a table or column on one side only as a schema change with its remedy, and compares nothing (#11)', async () => {
    const one = await fresh();
    await one.target(
      `drop table by_uuid; drop table parts_north; alter table by_bytes rename note to "Note"; insert into empty values (1)`,
    );
    const error = await one.until('CompareData').catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'SchemaDrift' });
    expect(error.message).toContain('2 tables (public.by_uuid, public.parts_north) came into being on the source');
    expect(error.message).toContain(`create table "public"."parts_north" partition of "public"."parts" FOR VALUES IN ('north');`);
    expect(error.message).toContain(`--table-and-children='"public"."by_uuid"'`);
    expect(error.message).toContain('The target lacks what was added on the source: column public.by_bytes.note (integer).');
    expect(error.message).toContain('alter table "public"."by_bytes" add column "note" integer;');
    expect(error.message).toContain('alter table "public"."by_bytes" drop column "Note";');
    await one.asTargetRole(`create table by_uuid (id uuid primary key, note int); alter table by_bytes drop column "Note", add column note int;
create table parts_north partition of parts for values in ('north')`);
    await letReadersIn(one);
    await expect(one.until('CompareData')).rejects.toMatchObject({ name: 'DataDiffers' });
  });

  it('leaves out what the input excludes', async () => {
    const one = await fresh();
    await one.target(PLANTED);
    const input = { excludeSchemas: ['public'] };
    expect(rowsFound(await finished(one, { input }))).toHaveLength(1);
  });

  it('continues from visit to visit, each as short as possible', async () => {
    const one = await fresh();
    await one.target(`delete from "Numbers" where id in (1, 20000); delete from by_text where note in (1, 9000)`);
    const { visits, rows, tables, different } = await finished(one, { budgetMs: 1 });
    // 20,000 rows and twice 9,000 by 4,096; the small tables before, between and after these two, of which the one without columns is taken by
    // itself; the last visit finds nothing left.
    expect(visits).toBe(5 + 6 + (1 + 1 + 3) + 1);
    expect({ rows, tables }).toEqual({ rows: 33_525, tables: 14 });
    expect(different.flatMap((table) => table.rows.map(({ key }) => key)).sort()).toEqual([
      'id = 1',
      'id = 20000',
      'name = E9000',
      'name = b1',
    ]);
  });

  it('keeps its progress when time runs out, and names a table that takes longer than a visit', async () => {
    const one = await fresh();
    const { looking } = one.ports('CompareData');
    const visit = (snapshots: number) => {
      let left = snapshots;
      const source: Reader = {
        ...looking.comparison.source,
        async snapshot(look) {
          left -= 1;
          if (left < 0) throw new StatementFailed('canceling statement due to statement timeout', { code: QUERY_CANCELED });
          return looking.comparison.source.snapshot(look);
        },
      };
      const context = {
        input: parseInput({}),
        execution: 'test',
        previous: undefined,
        results: {},
        waitedSeconds: 0,
        remainingMs: () => 60_000,
        log: silent,
      };
      return compareData.inspect({ ...context, executions: looking.executions, comparison: { ...looking.comparison, source } });
    };
    expect(await visit(4)).toMatchObject({ finished: false, tables: 1, cursor: { schema: HOSTILE, table: LONG, within: null } });
    await expect(visit(0)).rejects.toMatchObject({
      name: 'StatementFailed',
      message: expect.stringContaining(LONG),
      complaint: { code: QUERY_CANCELED },
    });
  });

  it('compares tables whose indexes depend on functions of an unpublished schema (#11)', async () => {
    const one = await world.sibling('comparison beside extensions');
    const schema = `create schema extensions; create extension unaccent schema extensions;
create function public.plainly(text) returns text language sql immutable as $$ select extensions.unaccent($1) $$;
create table public.word (id int primary key, v text); insert into public.word values (1, 'Élan');`;
    const index = 'create index word_plain on public.word (public.plainly(v))';
    await one.asSourceRole(`${schema} ${index}`);
    await one.asTargetRole(schema);
    await letReadersIn(one);
    await one.asTargetRole(index); // as BuildIndexes does, later
    await expect(one.until('CompareData')).resolves.toMatchObject({ evidence: { different: [], finished: true } });
  });

  it('compares tables whose indexes depend on search_path, and runs no namesakes on it (#11)', async () => {
    const one = await world.sibling('comparison by a path');
    const namesake = (head: string, result: string) =>
      `create function app.${head} returns ${result} language plpgsql as $$ begin raise exception 'a namesake ran'; end $$;`;
    const schema = (path: string) => `create schema app; set search_path = app, public;
do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$;
create function app.add(a int, b int) returns int language sql immutable as 'select a + b';
create operator app.#+ (leftarg = int, rightarg = int, procedure = app.add);
create function app.plus(i int) returns int language sql immutable ${path} as 'select i #+ 1';
create function app.fold(t text) returns text language sql immutable as 'select lower(t)';
create function app.key_of(t text) returns text language sql immutable ${path} as 'select fold(t)';
create table app.person (id int primary key, name text, born date);
insert into app.person select n, 'Name ' || n, date '2000-01-01' + n from generate_series(1, 400) n;
${namesake('textsend(text)', 'bytea')} ${namesake('int4send(int)', 'bytea')} ${namesake('date_send(date)', 'bytea')} ${namesake('format(text, int)', 'text')}
${namesake('hash_record_extended(record, int)', 'bigint')} ${namesake('hashtextextended(text, int)', 'bigint')}`;
    const indexes = `set search_path = app, public; create index on app.person (name) where app.plus(id) > 0; create index on app.person (app.key_of(name))`;
    await one.asSourceRole(`${schema('')} ${indexes}`);
    await one.asTargetRole(schema('set search_path = app, public')); // as CopySchema gives it
    await letReadersIn(one);
    await one.asTargetRole(indexes);
    await one.target(`update app.person set name = 'other' where id = 7`);
    await expect(one.until('CompareData')).rejects.toMatchObject({ name: 'DataDiffers', message: expect.stringContaining('id = 7') });
    await one.target(`update app.person set name = 'Name 7' where id = 7`);
    await expect(one.until('CompareData')).resolves.toMatchObject({ evidence: { different: [], finished: true } });
  });

  it('fails where a row may be hidden from it, rather than pass', async () => {
    const one = await fresh();
    await one.target(`alter table by_uuid enable row level security; alter table by_uuid force row level security;
alter role ${REPLICATION_ROLE} nobypassrls`);
    try {
      await expect(one.until('CompareData')).rejects.toMatchObject({
        name: 'StatementFailed',
        complaint: { code: INSUFFICIENT_PRIVILEGE },
        message: expect.stringContaining('give the role BYPASSRLS'),
      });
    } finally {
      await one.target(`alter role ${REPLICATION_ROLE} bypassrls`);
    }
  });
});

describe.each([
  [15, 18],
  [11, 17],
] as const)('CompareData while rows stream from version %i to %i', (source, target) => {
  let world: World;
  const TABLES = `
create table hot (id int primary key, n int default 0);
create table growing (name text collate "en-x-icu" primary key, n int);
create table loose (a int, b text);
alter table loose replica identity full;
create table calm (id int primary key, n int);`;
  beforeAll(async () => {
    const rows = `insert into hot select n from generate_series(1, 2000) n; insert into growing select 'n' || n, n from generate_series(1, 2000) n;
insert into loose select n % 100, 'x' from generate_series(1, 2000) n; insert into calm select n, n from generate_series(1, 100) n;`;
    world = await startWorld({ source, target, schema: TABLES + rows, targetSchema: TABLES });
    const { database } = world;
    const from = world.pair.source.superuser(database.name);
    await world.source('create publication streamed for table hot, growing, loose, calm');
    await world.target(`create subscription ${identifier(subscriptionName(database.name))}
connection ${literal(conninfo({ host: from.host, port: from.port, dbname: from.database, user: from.user, password: from.password, sslmode: 'require' }))}
publication streamed`);
    for (;;) {
      const waiting = await world.target(`select from pg_subscription_rel where srsubstate <> 'r'`);
      if (waiting.length === 0) break;
    }
    await letReadersIn(world);
  });
  afterAll(() => world?.destroy());

  it('reports no false difference, and still finds the real ones', async () => {
    let stop = false;
    let written = 0;
    const write = async (text: () => string) => {
      while (!stop) {
        await world.source(text());
        written += 1;
      }
    };
    const any = (most: number) => Math.ceil(Math.random() * most);
    const writers = [
      write(() => `update hot set n = n + 1 where id in (1, ${any(2000)}, ${any(2000)})`),
      write(
        () =>
          `insert into growing select 'w' || ${written} || '-' || n, n from generate_series(1, 5) n; delete from growing where name = 'n${any(2000)}'`,
      ),
      write(() => `insert into loose values (${any(100)}, 'y'); update loose set b = 'z' where a = ${any(100)} and b = 'y'`),
    ];
    try {
      for (let round = 1; round <= 3; round += 1) {
        const before = written;
        const found = await finished(world);
        expect(rowsFound(found)).toEqual([]);
        expect(found.tables).toBe(4);
        expect(written).toBeGreaterThan(before);
      }
      await world.target(
        `update calm set n = 0 where id = 50; delete from hot where id = 1999; insert into loose values (-1, 'only here')`,
      );
      // A writer may touch the row that is missing; nothing else can bring it back.
      expect(rowsFound(await finished(world))).toEqual([
        'calm: id = 50 changed n',
        'hot: id = 1999 missing',
        'loose: a row that is not on the source and once on the target extra',
      ]);
    } finally {
      stop = true;
      await Promise.allSettled(writers);
    }
  });

  it('waits for a target that is behind, over many visits, and then passes', async () => {
    await world.target(`update calm set n = 50 where id = 50; insert into hot values (1999); delete from loose where a = -1;
update hot set n = 0; delete from loose; delete from growing`);
    await world.source(`update hot set n = 0; delete from loose; delete from growing`);
    const subscription = identifier(subscriptionName(world.database.name));
    await world.target(`alter subscription ${subscription} disable`);
    await world.target(`comment on subscription ${subscription} is '${writeNote('of the test', 'nowhere', true)}'`);
    await world.source('update calm set n = -n');
    const first = await world.visit('CompareData', { budgetMs: 1 });
    expect(first).toMatchObject({ verdict: 'pending', evidence: { tables: 0, different: [] } });
    const second = await world.visit('CompareData', { budgetMs: 1, state: { CompareData: first } });
    expect(second).toMatchObject({ verdict: 'pending', evidence: { tables: 0, different: [] } });
    await world.target(`alter subscription ${subscription} enable; alter subscription ${subscription} disable`);
    await world.target(`comment on subscription ${subscription} is null`);
    await expect(world.visit('CompareData', { budgetMs: 1 }), 'disabled by others (#10)').rejects.toThrow(
      /is disabled, and not by this migration/,
    );
    await world.target(`alter subscription ${subscription} enable`);
    const { evidence } = await world.until('CompareData', { state: { CompareData: second } });
    expect(evidence).toMatchObject({ tables: 4, different: [] });
  });
});
