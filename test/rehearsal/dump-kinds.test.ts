import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { passByPolicies } from '../../rehearsal/application/row-security.ts';
import { loadDump } from '../../rehearsal/dump/load-dump.ts';
import { actAsOperator, keysTo } from '../../rehearsal/dump/operator.ts';
import { APPLICATION_ROLE, SOURCE_ROLE, startSource } from '../../rehearsal/servers/pair.ts';
import { sql } from '../support/rehearsal.ts';
import { versions } from '../support/versions.ts';

const T = 'create table t (id integer primary key, v text);\n';

describe.each(versions(11, 15, 18))('loading a dump into %i (#11)', (version) => {
  let side: Awaited<ReturnType<typeof startSource>>;
  let folder: string;
  let databases = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
    side = await startSource(version);
  });
  afterAll(() => {
    side?.server.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Loaded {
    readonly source: ConnectionSettings;
    readonly notes: string;
  }
  /** @param files beside the dump, by their names */
  const load = async (dump: string | Buffer, files: Readonly<Record<string, string | Buffer>> = {}): Promise<Loaded> => {
    databases += 1;
    const source = await side.createDatabase(`dump "${databases}"`);
    const place = join(folder, String(databases));
    for (const [name, content] of Object.entries({ 'a dump.sql': dump, ...files })) {
      const path = join(place, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const path = join(place, 'a dump.sql');
    return { source, notes: (await loadDump({ path, source, ...keysTo({ source: side.server, target: undefined }) })).notes.join('\n') };
  };
  const rows = async ({ source }: Loaded, text: string): Promise<unknown[]> => (await sql(source, text)).map((row) => Object.values(row));
  const superuser = (): ConnectionSettings => side.server.superuser(`dump "${databases}"`);

  it('creates every missing role, from any statement, and sets owners and grants of the dump', async () => {
    const loaded = await load(`
${T}create table u (id integer primary key);
create function f() returns integer language sql as 'select 1';
create policy p on t to "a ""Reader""", writer_of_t, "Ünïcode" using (true);
alter table t owner to its_owner; alter function f() owner to "its_Owner 2";
grant select, insert on table u to reader_1, reader_2 with grant option; revoke execute on function f() from public;
alter default privileges for role "Some Body" grant select on tables to somebody_else;
create role made_here login; grant made_here to reader_1; alter role made_here in database elsewhere set work_mem = '8MB';
`);
    expect(await rows(loaded, `select polroles::regrole[]::text from pg_policy`)).toEqual([
      ['{"\\"a \\"\\"Reader\\"\\"\\"",writer_of_t,"\\"Ünïcode\\""}'],
    ]);
    expect(await rows(loaded, `select relowner::regrole::text from pg_class where relname in ('t', 'u') order by relname`)).toEqual([
      ['its_owner'],
      [SOURCE_ROLE],
    ]);
    expect(
      await rows(
        loaded,
        `select has_table_privilege('reader_2', 'u', 'insert with grant option'), has_function_privilege('public', 'f()', 'execute')`,
      ),
    ).toEqual([[true, false]]);
    expect(await rows(loaded, `select defaclrole::regrole::text from pg_default_acl`)).toEqual([['"Some Body"']]);
    // The role that restores a dump on Aurora is a member of the owners.
    expect(await rows(loaded, `select pg_has_role('its_owner', 'usage') as one, pg_has_role('its_Owner 2', 'member') as other`)).toEqual([
      [true, true],
    ]);
    expect(await rows(loaded, 'select rolsuper or rolreplication from pg_roles where rolname = current_user')).toEqual([[false]]);
  });

  it('skips and reports attributes that Aurora grants to no role, and creates the role', async () => {
    const { notes, ...loaded } = await load(
      `create role boss superuser; alter role boss with replication;\n${T}alter table t owner to boss;`,
    );
    expect(await rows({ notes, ...loaded }, `select rolsuper, rolreplication from pg_roles where rolname = 'boss'`)).toEqual([
      [false, false],
    ]);
    expect(notes).toContain('create role boss superuser: ');
  });

  it('creates an extension of this machine as the superuser with a report, and skips one that is absent', async () => {
    const loaded = await load(`
create extension if not exists pg_stat_statements with schema public;
create extension if not exists "uuid-ossp" with schema public version '0.0.7';
create extension aws_commons;
comment on extension aws_commons is 'of Aurora'; comment on extension plpgsql is 'of the platform';
${T}`);
    expect(
      await rows(loaded, `select extname::text, extowner::regrole::text from pg_extension where extname <> 'plpgsql' order by 1`),
    ).toEqual([
      ['pg_stat_statements', SOURCE_ROLE],
      ['uuid-ossp', SOURCE_ROLE],
    ]);
    expect(loaded.notes).toContain('create extension aws_commons: ');
    expect(loaded.notes).toContain('not on this machine in this version');
    if (version >= 13) expect(loaded.notes).toMatch(/pg_stat_statements.*: done by the superuser/);
  });

  it('creates what needs a superuser, reports it, and gives it to the master user', async () => {
    const loaded = await load(`
${T}begin;
create function public.leak(integer) returns boolean language sql immutable leakproof as 'select $1 > 0';
create operator class public.odd for type integer using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(integer, integer);
create function public.quiet() returns void language sql set log_min_duration_statement = '-1' as 'select';
create function public.noted() returns event_trigger language plpgsql as 'begin end';
create event trigger note on ddl_command_end execute procedure public.noted();
commit;
set session_replication_role = replica;
insert into t values (1, 'x');
`);
    expect(
      await rows(
        loaded,
        `select proowner::regrole::text from pg_proc where proname in ('leak', 'quiet')
union all select opcowner::regrole::text from pg_opclass where opcname = 'odd'
union all select evtowner::regrole::text from pg_event_trigger where evtname = 'note'`,
      ),
    ).toEqual(Array.from({ length: 4 }, () => [SOURCE_ROLE]));
    expect(loaded.notes).toContain('create event trigger note on ddl_command_end execute procedure public.noted(): done by the superuser');
    expect(await rows(loaded, 'select rolsuper from pg_roles where rolname = current_user')).toEqual([[false]]);
  });

  it('accepts CRLF line ends and a byte order mark', async () => {
    const loaded = await load(
      `\ufeff\\restrict abc\nSET standard_conforming_strings = on;\n${T}COPY t (id, v) FROM stdin;\n1\tone\n2\ttwo \\r\n\\.\n\nCOPY t FROM stdin WITH (FORMAT csv, HEADER);\nid,v\n3,"three"\n\\.\n\\unrestrict abc\n`.replaceAll(
        '\n',
        '\r\n',
      ),
    );
    expect(await rows(loaded, 'select * from t order by 1')).toEqual([
      [1, 'one'],
      [2, 'two \r'],
      [3, 'three'],
    ]);
  });

  it('accepts data in every form of COPY, in the dump and in files beside it', async () => {
    const loaded = await load(
      `${T}create table w (a text, b text);
COPY t (id, v) FROM stdin (FORMAT csv, HEADER true, DELIMITER ';', NULL '-');
id;v
1;"a
b"
2;-
\\.
copy w(a)from stdin with delimiter '|'; select 1; -- and more on the line
a ; b
\\.
\\copy t (id, v) from 'rows of t.csv' csv header
\\copy w from stdin
x\ty
\\.
`,
      { 'rows of t.csv': 'id,v\n3,three\n' },
    );
    expect(await rows(loaded, 'select * from t order by 1')).toEqual([
      [1, 'a\nb'],
      [2, null],
      [3, 'three'],
    ]);
    expect(await rows(loaded, 'select * from w order by 1')).toEqual([
      ['a ; b', null],
      ['x', 'y'],
    ]);
  });

  it('accepts other encodings, in statements and in data', async () => {
    const text = `set client_encoding = 'LATIN1';\n${T}insert into t values (1, 'Größe');\ncopy t from stdin;\n2\t\u0085é\n\\.\n\\encoding UTF8\n`;
    const loaded = await load(Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(`insert into t values (3, '☃');\n`)]));
    expect(await rows(loaded, 'select v from t order by id')).toEqual([['Größe'], ['\u0085é'], ['☃']]);
    await expect(load(Buffer.from(`${T}insert into t values (1, 'Größe');`, 'latin1'))).rejects.toThrow(
      'Line 2 of the dump is in another encoding',
    );
    const ascii = await load(`set client_encoding = 'SQL_ASCII';\n${T}insert into t values (1, 'é');`);
    expect(await rows(ascii, 'select v from t')).toEqual([['é']]);
  });

  it('does what psql does for files written by hand', async () => {
    const loaded = await load(
      `\\set ON_ERROR_STOP on
\\set schema 'app "1"'
\\set who Ada
\\echo :schema
/* a comment /* in a comment; */ ; */ create schema :"schema"; set search_path to :"schema"; \\i tables/all.sql
insert into t values (1, :'who'), (2, 'a:who::text' || 1::text) \\g
select format('create table %I (id integer primary key)', 'gen ' || n) from generate_series(1, 2) as n \\gexec
create function f() returns text language sql as $a$ select ':who;' $a$; \\dt
\\q
this is never read
`,
      { 'tables/all.sql': '\\ir one.sql\n', 'tables/one.sql': T },
    );
    expect(await rows(loaded, `select id, v, "app ""1""".f() from "app ""1""".t order by id`)).toEqual([
      [1, 'Ada', ':who;'],
      [2, 'a:who::text1', ':who;'],
    ]);
    expect(await rows(loaded, `select to_regclass('"app ""1"""."gen 2"') is not null`)).toEqual([[true]]);
  });

  it('accepts statements of many lines, with semicolons wherever a literal or a body may have them', async () => {
    const loaded = await load(`${T}
insert into t values (1, 'a;
b\\'), (2, E'it''s \\' ;
-- no comment'), (3, $$;
'$$);
create rule r as on delete to t do instead (update t set v = ';' where false;
 select 1;);
${version >= 14 ? 'create function g() returns integer begin atomic select 1;\nselect case when true then 2 end;\nend;' : ''}
`);
    expect(await rows(loaded, 'select v from t order by id')).toEqual([['a;\nb\\'], ["it's ' ;\n-- no comment"], [";\n'"]]);
  });

  it("keeps the dump's own transactions across skipped statements", async () => {
    const loaded = await load(
      `begin;\nset some_setting_of_version_99 = 0;\n${T}create policy p on t to made_inside using (true);\ndrop table no_such_table;\ncommit;`,
    );
    expect(loaded.notes).toContain('some_setting_of_version_99');
    expect(await rows(loaded, 'select count(*)::integer from pg_policy')).toEqual([[1]]);
    await expect(load(`begin;\n${T}`)).rejects.toThrow('does not end it');
  });

  it('applies settings of a database of another name to ours, and none to the session', async () => {
    const loaded = await load(`
create database shop with template = template0 encoding = 'UTF8';
alter database shop owner to postgres;
\\connect shop
set statement_timeout = 1; set statement_timeout = 0;
alter database shop set datestyle = 'SQL, DMY';
revoke connect, temporary on database shop from public; grant connect on database shop to shopper;
set role somebody; set session authorization 'somebody';
${T}create publication p for all tables; create subscription s connection 'host=nowhere' publication p;
set default_tablespace = fast; create index i on t (v) tablespace fast; create table u (id integer, primary key (id) using index tablespace fast) tablespace fast;
alter system set work_mem = '1GB';
`);
    expect(await rows(loaded, 'show datestyle')).toEqual([['SQL, DMY']]);
    expect(
      await rows(loaded, `select has_database_privilege('shopper', current_database(), 'connect'), current_setting('search_path')`),
    ).toEqual([[true, '"$user", public']]);
    for (const said of [
      'alter database shop set',
      'set role somebody',
      'create publication p',
      'create subscription s',
      'tablespace fast',
      'alter system',
    ]) {
      expect(loaded.notes).toContain(said);
    }
    expect(await sql(superuser(), 'select count(*)::integer as n from pg_publication')).toEqual([{ n: 0 }]);
  });

  it('accepts what pg_dump --clean and pg_dumpall write before the database itself', async () => {
    const loaded = await load(`
create role rds_superuser; create role dumped_role; alter role dumped_role with login password 'md5c9b31c5fd3ea55b68bb5ab2d1d0dd6ba';
\\connect template1
create table in_the_template (id integer);
\\connect postgres
set statement_timeout = 0;
\\connect -reuse-previous=on "dbname='my shop'"
alter table only public.t drop constraint t_pkey; drop table public.t; drop schema public; create schema public; alter schema public owner to postgres;
drop extension if exists hstore; create extension if not exists plpgsql with schema pg_catalog;
${T.replace(' t ', ' public.t ')}`);
    expect(await rows(loaded, `select to_regclass('public.t')::text, to_regclass('in_the_template') is null`)).toEqual([['t', true]]);
    await expect(load(`\\c one\n${T}\\c two\n${T}`)).rejects.toThrow('Line 3 of the dump goes on with another database, two.');
  });

  it('creates foreign servers with user mappings, and skips them without their wrapper', async () => {
    const loaded = await load(`
create extension postgres_fdw; create server s foreign data wrapper postgres_fdw options (host 'nowhere');
create user mapping for mapped_role server s options (user 'x'); create foreign table f (id integer) server s;
create server odd foreign data wrapper tds_fdw; create foreign table g (id integer) server odd;
${T}`);
    expect(await rows(loaded, `select srvname::text, srvowner::regrole::text from pg_foreign_server`)).toEqual([['s', SOURCE_ROLE]]);
    expect(loaded.notes).toMatch(/create server odd .*tds_fdw/);
  });

  it('reports exhausted lock tables, so that the server can be given more', async () => {
    const many = 'select count(pg_advisory_xact_lock(i)) from generate_series(1, 100000) as i;';
    await expect(load(`${T}${many}`)).rejects.toMatchObject({ name: 'OutOfLocks' });
  });

  it.each([
    ['holds nothing', 'set statement_timeout = 0;', 'holds no table'],
    ['is empty', '', 'holds no table'],
    ['is in the custom format', 'PGDMP\x01', 'pg_restore --file=plain.sql'],
    ['is compressed', Buffer.from('1f8b0800', 'hex'), 'gunzip'],
    ['is in UTF-16', Buffer.from('\ufeffselect 1;', 'utf16le'), 'iconv'],
    ['asks psql to decide', `${T}\\if :x\n`, 'Line 2 of the dump is a command of psql that cannot be carried out here: \\if'],
    ['reads a file that is not there', '\\i nothing.sql\n', 'nothing.sql cannot be read'],
    ['includes itself', '\\ir "a dump.sql"\n', 'included by itself'],
    ['needs a locale that is not here', `${T}set lc_monetary = 'xx_XX.UTF-8';`, 'does not have the locale xx_XX.UTF-8'],
    [
      'needs such a locale deep inside',
      `${T}do $$ begin execute format('alter database %I set lc_monetary = ''xx_XX.UTF-8''', current_database()); end $$;`,
      'does not have the locale xx_XX.UTF-8',
    ],
    ['sorts by such a locale', `create collation c (locale = 'xx_XX.UTF-8');`, 'does not have the locale xx_XX.UTF-8'],
    ['copies from a file of the server', `${T}copy t from '/nowhere';`, 'Line 2 of the dump was refused: copy t from'],
  ])('refuses a dump that %s: says why it cannot be loaded', async (_, dump, reason) => {
    await expect(load(dump)).rejects.toMatchObject({ name: 'DumpRefused', message: expect.stringContaining(reason) });
  });

  it('reports a failure that follows from a skipped statement as such', async () => {
    await expect(
      load('create extension h3; create extension aws_s3;\ncreate table t (id integer primary key, cell h3index);'),
    ).rejects.toThrow(
      /Line 2 of the dump was refused: create table t .*: type "h3index" does not exist Before that, not done as the dump says: create extension h3: .*; create extension aws_s3: /,
    );
  });

  it('loads privileges and rows of owners created by the dump, under row security and with newer privileges too', async () => {
    const { source } = await load(
      `begin; create role keeper_${version} nologin; create role guest_${version};
${T}alter table t owner to keeper_${version}; create function f() returns integer language sql as 'select 1';
alter function f() owner to keeper_${version}; commit;
copy t (id, v) from stdin;\n1\tx\n\\.\n
revoke all on function f() from public; grant select, nonsense_of_tomorrow, update on t to guest_${version};
alter table t enable row level security; alter table t force row level security;
copy t (id, v) from stdin;\n2\ty\n\\.\n
begin;\ncopy t (id, v) from stdin;\n3\tz\n\\.\ncommit;\nalter table t no force row level security;`,
    );
    expect(
      await sql(
        source,
        'select pg_get_userbyid(relowner) as owner, (select count(*)::int from t) as n from pg_class where relname = $$t$$',
      ),
    ).toEqual([{ owner: `keeper_${version}`, n: 3 }]);
    expect(
      await sql(
        source,
        `select has_function_privilege('guest_${version}', 'f()', 'execute') as f, has_table_privilege('guest_${version}', 't', 'update') as t`,
      ),
    ).toEqual([{ f: false, t: true }]);
  });

  it('applies settings of roles that only a superuser may make', async () => {
    const role = `"Set ${version}"`;
    const { source } = await load(
      `${T}create role ${role} login; alter role ${role} set log_min_duration_statement = '5s'; alter role ${role} in database "elsewhere" set "app.tenant" = 'x';`,
    );
    expect(
      await sql(source, `select setdatabase <> 0 as here, setconfig from pg_db_role_setting where setrole = '${role}'::regrole order by 1`),
    ).toEqual([
      { here: false, setconfig: ['log_min_duration_statement=5s'] },
      { here: true, setconfig: ['app.tenant=x'] },
    ]);
  });

  it('accepts memberships as newer versions write them, and reports a truncated dump', async () => {
    const head = '--\n-- PostgreSQL database dump\n--\n\n';
    const grants = `create role team_${version}; create role member_${version};
GRANT team_${version} TO member_${version} WITH INHERIT TRUE GRANTED BY postgres; grant pg_monitor to team_${version} with admin option granted by "some body";\n`;
    const { source, notes } = await load(`${head}${grants}${T}`);
    expect(
      await sql(
        source,
        `select pg_has_role('member_${version}', 'team_${version}', 'member') as one, pg_has_role('team_${version}', 'pg_monitor', 'member') as other`,
      ),
    ).toEqual([{ one: true, other: true }]);
    expect(notes).toContain('may mean that it is cut off');
    expect((await load(`${head}${T}\n--\n-- PostgreSQL database dump complete\n--\n`)).notes).not.toContain('cut off');
  });

  it('loads tables under row security, which the replication role passes under any owner', async () => {
    const { source } = await load(`${T}alter table t enable row level security; alter table t owner to "Lord ${version}";
create table u (id integer primary key); alter table u enable row level security; revoke all on database elsewhere from public;`);
    await actAsOperator({ source: side.server, target: undefined }, source.database);
    await passByPolicies(source);
    expect(
      await sql(
        source,
        `select distinct pg_get_userbyid(relowner)::text as owner, pg_has_role('${REPLICATION_ROLE}', relowner, 'member') as may from pg_class
where oid in ('t'::regclass, 'u'::regclass) order by 1`,
      ),
    ).toEqual([`Lord ${version}`, 'rehearsal_owner'].map((owner) => ({ owner, may: true })));
    expect(await sql(source, `select has_database_privilege('${APPLICATION_ROLE}', current_database(), 'connect') as may`)).toEqual([
      { may: true },
    ]);
  });
});
