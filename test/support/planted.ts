/** Code of an ordinary user under the name of our schema, and a witness that tells whether any of it ran. */
import type { SideName } from '../../lambdas/config/side-name.ts';
import { loginAs, type Sql, sqlOn, type World } from './world.ts';

export const PLANTER = 'mallory';
const PASSWORD = 'an ordinary user';

export interface Planter {
  /** As the ordinary user. */
  readonly run: Sql;
  /** Moves whenever the planted code runs, whatever becomes of the transaction that called it. */
  runs(): Promise<number>;
  /** The same, once the server has told what it counted. */
  settled(): Promise<number>;
}

/** An ordinary user who may create schemas on one side, and has a function `trap.spring` that would tell that it ran. */
export async function planterOn(world: World, side: SideName): Promise<Planter> {
  const { database } = world.database[side];
  await world[side](`do $$ begin create role ${PLANTER} login password '${PASSWORD}'; exception when duplicate_object then null; end $$`);
  const quoted = `"${database.replaceAll('"', '""')}"`;
  await world[side](`grant create on database ${quoted} to ${PLANTER}; alter database ${quoted} set track_functions = 'pl'`);
  const run = sqlOn(loginAs(world, side, PLANTER, PASSWORD));
  await run(`
create schema trap; grant usage on schema trap to public;
create sequence trap.witness; grant all on sequence trap.witness to public; select nextval('trap.witness');
${trap('spring()', 'bigint', '1')} ${trap('spring(bigint)', 'bigint', '$1', 'immutable')} ${trap('fire()', 'trigger', 'new')}`);
  const runs = async () => Number((await world[side](RUNS))[0]?.runs);
  return {
    run,
    runs,
    async settled() {
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      return runs();
    },
  };
}

/** Moves the witness where it may. In a transaction that only reads it may not, and the server still counts the call. */
export const trap = (name: string, type: string, value: string, more = '', schema = 'trap'): string =>
  `create function ${schema}.${name} returns ${type} language plpgsql ${more} as
  'begin perform nextval(''trap.witness''); return ${value}; exception when others then return ${value}; end';`;

const RUNS = `select (select last_value::int from trap.witness) + coalesce(sum(calls), 0)::int as runs from pg_stat_user_functions where schemaname <> 'pg_catalog'`;
/** Before version 15 a server tells numbers that may be half a second old. */
const LATE_MS = 700;

const GATE = `create table planetscale_migration.gate (only_row boolean primary key default true, state text not null default 'open',
  turn int not null default 0, commits int not null default 0, execution text, called_off text, attempt uuid, deadline timestamptz,
  report jsonb, changed_at timestamptz not null default now())`;
const HEARTBEAT = `create table planetscale_migration.heartbeat (id bigint primary key, token text not null unique,
  written_at timestamptz not null default clock_timestamp())`;
const SCHEMA = 'create schema planetscale_migration; grant all on schema planetscale_migration to public;';
const TABLES = `${SCHEMA} ${GATE}; ${HEARTBEAT}; grant all on all tables in schema planetscale_migration to public;`;

/** What is planted, by what a person would call it: the statements, and an object that a refusal has to name. */
export const PLANTED: readonly (readonly [name: string, plant: string, named: string])[] = [
  [
    'a view of the name of the gate',
    `${SCHEMA} create view planetscale_migration.gate as select true as only_row, 'open'::text as state, trap.spring()::int as turn,
      0 as commits, null::text as called_off, null::text as execution, null::uuid as attempt, null::timestamptz as deadline,
      null::jsonb as report, now() as changed_at;
    grant select on planetscale_migration.gate to public`,
    'view planetscale_migration.gate',
  ],
  [
    'a view of the name of the heartbeat',
    `${SCHEMA} create view planetscale_migration.heartbeat as select trap.spring() as id, ''::text as token, now() as written_at;
    grant select on planetscale_migration.heartbeat to public`,
    'view planetscale_migration.heartbeat',
  ],
  [
    'a function',
    `${SCHEMA} create function planetscale_migration.current_setting(text) returns text language sql as 'select trap.spring()::text'`,
    'function planetscale_migration.current_setting(text)',
  ],
  [
    'a table with a trigger',
    `${TABLES} create trigger fire before insert or update on planetscale_migration.heartbeat for each row execute procedure trap.fire();
    create trigger fire before insert or update on planetscale_migration.gate for each row execute procedure trap.fire()`,
    'trigger fire on table planetscale_migration.heartbeat',
  ],
  [
    'a table with a rule',
    `${TABLES} create rule fire as on update to planetscale_migration.gate do also select trap.spring()`,
    'rule fire on table planetscale_migration.gate',
  ],
  [
    'a table with a default',
    `${TABLES} alter table planetscale_migration.heartbeat alter column written_at set default 'epoch'::timestamptz + trap.spring() * interval '1 s'`,
    'default value for column written_at of table planetscale_migration.heartbeat uses function trap.spring()',
  ],
  [
    'a table with a check',
    `${TABLES} alter table planetscale_migration.gate add constraint mind check (trap.spring(turn::bigint) >= 0)`,
    'constraint mind on table planetscale_migration.gate uses function trap.spring(bigint)',
  ],
  [
    'a table with a policy',
    `${TABLES} create policy look on planetscale_migration.gate using (trap.spring() > 0);
    alter table planetscale_migration.gate enable row level security, force row level security`,
    'policy look on table planetscale_migration.gate',
  ],
  [
    'a table with an index expression',
    `${TABLES} create index mind on planetscale_migration.heartbeat (trap.spring(id))`,
    'index planetscale_migration.mind uses function trap.spring(bigint)',
  ],
  [
    'a table with a column of a domain',
    `${TABLES} create domain trap.word as text check (trap.spring() > 0);
    alter table planetscale_migration.gate alter column execution type trap.word`,
    'column execution of table planetscale_migration.gate uses type trap.word',
  ],
  ['an empty schema', SCHEMA, 'schema planetscale_migration belongs to mallory'],
];

const plantOf = (...names: readonly string[]): string =>
  [SCHEMA, ...PLANTED.filter(([name]) => names.includes(name)).map(([, plant]) => plant.replace(SCHEMA, ''))].join(';\n');

/** Several of them at once: views of our names beside a function, tables of our names with everything that runs code, and nothing. */
export const PLANTATIONS: readonly (readonly [name: string, plant: string, named: string])[] = [
  [
    'views and a function',
    plantOf('a view of the name of the gate', 'a view of the name of the heartbeat', 'a function'),
    'view planetscale_migration.gate',
  ],
  [
    'tables with code behind them',
    `${TABLES} insert into planetscale_migration.gate default values;
    ${PLANTED.filter(([name]) => name.startsWith('a table'))
      .map(([, plant]) => plant.replace(TABLES, ''))
      .join(';\n')}`,
    'trigger fire on table planetscale_migration.heartbeat',
  ],
  ['nothing', SCHEMA, 'schema planetscale_migration belongs to mallory'],
];
