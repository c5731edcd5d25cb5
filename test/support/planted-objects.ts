/**
 * User code behind every kind of object that an inspection can touch. It does what it should until it is armed; from then on the server's log
 * has a line for each time that any of it ran, whatever becomes of the transaction, and whether that may write or not.
 */
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import { identifier } from '../../lambdas/postgres/quote.ts';
import { createHeartbeat } from '../../lambdas/state/heartbeat.sql.ts';
import type { Server } from '../../rehearsal/servers/server.ts';
import type { World } from './world.ts';

const LINE = /PLANTED (.*) ran as (\S+)/g;

/** A function that tells that it ran, and returns `value`. */
const telling = (signature: string, returns: string, value: string): string => `
create function evil.${signature} returns ${returns} language plpgsql immutable as $$
begin perform evil.tell('${signature.replaceAll("'", "''")}'); return ${value}; end $$;`;

/** Operators and functions with the names of the server's own, which an altered search_path would put first. */
const OVERLOADS = [
  ...['int', 'bigint', 'text', 'evil.mood', 'evil.season'].flatMap((type) =>
    ['=', '>', '<', '<='].map((operator, n) => {
      const name = `op_${type.replace('.', '_')}_${n}`;
      return `${telling(`${name}(${type}, ${type})`, 'boolean', 'true')}
create operator evil.${operator} (leftarg = ${type}, rightarg = ${type}, procedure = evil.${name});`;
    }),
  ),
  telling('format(text, anyelement)', 'text', "'x'"),
  telling('hashtextextended(text, bigint)', 'bigint', '1'),
  telling('int4send(int)', 'bytea', "'x'"),
  telling('textsend(text)', 'bytea', "'x'"),
  telling('set_config(text, text, boolean)', 'text', '$2'),
  telling('current_setting(text)', 'text', "'1'"),
  telling('to_regclass(text)', 'regclass', 'null'),
  telling('pg_current_wal_lsn()', 'pg_lsn', "'0/0'"),
  telling('pg_sequence_last_value(regclass)', 'bigint', '1'),
  telling('added(bigint, bigint)', 'bigint', '1'),
  'create aggregate evil.sum (bigint) (sfunc = evil.added, stype = bigint);',
];

/** @param version of the server whose schema it is; @param common the lower of both, since both sides have the same columns */
const plantedSchema = (version: number, common: number): string => `
create schema evil;
grant usage on schema evil to public;
create function evil.tell(what text) returns void language plpgsql as $$ begin end $$;
create type evil.mood as enum ('happy', 'sad');
create type evil.season as enum ('spring', 'autumn');
create type evil.pair as (a int, b evil.mood);
${telling('checked(int)', 'boolean', '$1 > 0')}
create domain evil.positive as int check (evil.checked(value));
${telling('apart(float8, float8)', 'float8', '$1 - $2')}
create type evil.span as range (subtype = float8, subtype_diff = evil.apart);
${telling('mood_text(evil.mood)', 'text', "'x'")}
${telling('mood_json(evil.mood)', 'json', "'1'")}
${telling('season_text(evil.season)', 'text', "'x'")}
${telling('text_season(text)', 'evil.season', "'spring'")}
${telling('text_mood(text)', 'evil.mood', "'happy'")}
${telling('pair_text(evil.pair)', 'text', "'x'")}
${telling('pair_json(evil.pair)', 'json', "'1'")}
create cast (evil.mood as text) with function evil.mood_text as implicit;
create cast (evil.mood as json) with function evil.mood_json as implicit;
create cast (evil.season as text) with function evil.season_text as assignment;
create cast (text as evil.season) with function evil.text_season as implicit;
create cast (text as evil.mood) with function evil.text_mood as implicit;
create cast (evil.pair as text) with function evil.pair_text as implicit;
create cast (evil.pair as json) with function evil.pair_json as implicit;
create collation evil.own (provider = icu, locale = 'und');
${telling('defaulted()', 'text', "'default'")}
${telling('derived(int)', 'int', '$1 + 1')}
${telling('allowed(int)', 'boolean', 'true')}
create function evil.fired() returns trigger language plpgsql as $$ begin perform evil.tell('trigger'); return new; end $$;
create table evil.by_mood (k evil.mood, n int, note text collate evil.own, primary key (k, n));
create table evil.by_season (k evil.season, n int, note text, primary key (k, n));
create table evil.by_domain (id evil.positive primary key, p evil.pair, s evil.span, note text default evil.defaulted());
create table evil.loose (m evil.mood, p evil.pair, n int);
alter table evil.loose replica identity full;
create table evil.derived (id int primary key, n int
  ${common >= 12 ? ', g int generated always as (evil.derived(n)) stored' : ''}
  ${common >= 18 ? ', v int generated always as (1 / (n - n)) virtual' : ''});
create index on evil.derived (evil.derived(n));
create index on evil.derived (n) where evil.derived(n) > 0;
${version >= 14 ? 'create statistics evil.derivations on (evil.derived(n)), id from evil.derived;' : ''}
create rule told as on update to evil.derived do also select evil.tell('rule');
create trigger fired after insert or update on evil.derived for each row execute function evil.fired();
create sequence evil.counted;
create sequence evil.untouched start 7;`;

const ROWS = `
insert into evil.by_mood select m, n, 'note' from unnest('{happy,sad}'::evil.mood[]) as m, generate_series(1, 50) n;
insert into evil.by_season select s, n, 'note' from unnest('{spring,autumn}'::evil.season[]) as s, generate_series(1, 50) n;
insert into evil.by_domain select n, ('(' || n || ',sad)')::evil.pair, '[1,2]', 'note' from generate_series(1, 50) n;
insert into evil.loose select 'sad', ('(' || n || ',happy)')::evil.pair, n from generate_series(1, 50) n;
insert into evil.derived (id, n) select n, n from generate_series(1, 50) n;
alter table evil.by_mood add column late evil.mood not null default 'sad';
alter table evil.by_domain add column late evil.pair default '(1,sad)';
select nextval('evil.counted');`;

/** After the rows, so that adding a column leaves its default in the catalog. */
export const plantedSource = (version: number, common: number): string => plantedSchema(version, common) + ROWS;
export const plantedTarget = (version: number, common: number): string => `${createHeartbeat().text};
${plantedSchema(version, common)}
alter table evil.by_mood add column late evil.mood not null default 'sad';
alter table evil.by_domain add column late evil.pair default '(1,sad)';`;

/** Rows that differ, so that a comparison looks into them value by value. */
const DIFFERENT = `
update evil.by_mood set note = 'other' where n = 7;
update evil.by_season set note = 'other' where n = 7;
update evil.by_domain set note = 'other' where id = 7;
update evil.loose set n = 0 where n = 7;
delete from evil.derived where id = 7;`;

export async function arm(world: World): Promise<void> {
  await world.target(DIFFERENT);
  // As a role that may: policies hide no row, and would still be run where they are looked at.
  await world.source(`alter role ${REPLICATION_ROLE} bypassrls`);
  for (const side of ['source', 'target'] as const) {
    await world[side](`
${OVERLOADS.join('\n')}
alter table evil.derived enable row level security;
create policy allowed on evil.derived using (evil.allowed(n));
create function evil.on_ddl() returns event_trigger language plpgsql as $$ begin perform evil.tell('event trigger'); end $$;
create event trigger evil_ddl on ddl_command_start execute function evil.on_ddl();
alter database ${identifier(world.database.name)} set search_path = evil, public, pg_catalog;
create or replace function evil.tell(what text) returns void language plpgsql as $$
begin raise log 'PLANTED % ran as %', what, current_user; end $$;`);
  }
  for (const server of [world.pair.source, world.pair.target]) marks.set(server, server.log.length);
}
const marks = new WeakMap<Server, number>();

/** What ran since the last question, as `source: what as role`. */
export async function ran(world: World): Promise<string[]> {
  const found: string[] = [];
  for (const side of ['source', 'target'] as const) {
    await world[side](`set search_path = pg_catalog; do $$ begin raise log 'asked %', now(); end $$`); // the log is complete up to here
    const server = world.pair[side];
    const log = await settled(server);
    found.push(...[...log.slice(marks.get(server)).matchAll(LINE)].map(([, what, role]) => `${side}: ${what} as ${role}`));
    marks.set(server, log.length);
  }
  return [...new Set(found)];
}

async function settled(server: Server): Promise<string> {
  for (let before = ''; ; ) {
    const now = server.log;
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
