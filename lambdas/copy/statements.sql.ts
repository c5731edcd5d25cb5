/** What the two sessions of a part are told: to read it in the seed's snapshot, and to write it. */
import type { TableName } from '../config/input.ts';
import { applicationName, REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../postgres/quote.ts';
import { pinSession } from '../postgres/session-pins.sql.ts';
import type { PartRange } from '../state/copy-parts.sql.ts';
import type { CopyTable } from '../state/copy-tables.sql.ts';

/** For a session without time limits, on the source. */
export const beginIn = (snapshot: string): Statement =>
  statement(`begin isolation level repeatable read read only; set transaction snapshot ${literal(snapshot)}`);

export const exportSnapshot = (): Statement<{ readonly snapshot: string }> =>
  statement('select pg_catalog.pg_export_snapshot() as snapshot');

/** Longer than any execution lives. */
const HOLDING_SECONDS = 180 * 86_400;

/** A statement of whose end nobody waits: the snapshot lives as long as it does. */
export const holdSnapshot = (): Statement<unknown> => statement(`select pg_catalog.pg_sleep(${HOLDING_SECONDS})`);

/** Whether a session of this name is there, as every role may see. */
export const isHolding = (pid: number, name: string): Statement<{ readonly there: boolean }> =>
  bound([pid, name])(`
select exists (select from pg_catalog.pg_stat_activity where pid = $1::int and application_name = $2::text) as there
`);

/** Whether it sleeps already, as its own role may see. */
export const isAsleep = (pid: number): Statement<{ readonly asleep: boolean }> =>
  bound([pid])(`
select exists (select from pg_catalog.pg_stat_activity where pid = $1::int and wait_event = 'PgSleep') as asleep
`);

/** Application name of a session that holds a snapshot. */
export const holderTag = (unique: string): string => `snapshot ${unique}`;
const HOLDERS = applicationName('SeedCopy', 'snapshot ');

/** Ends the sessions of our own role that hold a snapshot of this database, on the source. */
export const endHolders = (): Statement =>
  bound([HOLDERS])(`
select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
where starts_with(application_name, $1::text) and usename = current_user and datname = current_database()
`);

const listOf = (tables: readonly TableName[]): string => tables.map(({ schema, table }) => `only ${qualified(schema, table)}`).join(', ');

/** From here to the end of the transaction nobody moves rows to another place, and no name comes to stand for something else. */
export const lockAgainstMoving = (tables: readonly TableName[]): Statement =>
  statement(`lock table ${listOf(tables)} in access share mode`);

/** Those whose name, or whose file, is another than when the parts were listed. These functions see the newest state, not that of the snapshot. */
export const movedTables = (tables: readonly CopyTable[]): Statement<{ readonly relation: number }> =>
  bound([JSON.stringify(tables.map(({ schema, table, relation, file }) => ({ name: qualified(schema, table), relation, file })))])(`
select t.relation
from jsonb_to_recordset($1::jsonb) as t (name text, relation float8, file float8)
where pg_catalog.to_regclass(t.name)::oid is distinct from t.relation::int8::oid
  or pg_catalog.pg_relation_filenode(t.relation::int8::oid::regclass) is distinct from t.file::int8::oid
`);

const columnsOf = ({ columns }: CopyTable): string => columns.map(identifier).join(', ');
const nameOf = ({ schema, table }: CopyTable): string => qualified(schema, table);

const valuesOf = (key: readonly { readonly type: string }[], values: readonly string[]): string =>
  `(${values.map((value, at) => `${literal(value)}::${key[at]?.type ?? 'text'}`).join(', ')})`;

function within(range: PartRange): string {
  if ('pages' in range) {
    const [from, to] = range.pages;
    return [`ctid >= '(${from},0)'`, ...(to === null ? [] : [`ctid < '(${to},0)'`])].join(' and ');
  }
  const { key, from, to } = range;
  const columns = `(${key.map(({ column }) => identifier(column)).join(', ')})`;
  const bounds = [...(from ? [`${columns} >= ${valuesOf(key, from)}`] : []), ...(to ? [`${columns} < ${valuesOf(key, to)}`] : [])];
  return bounds.length > 0 ? bounds.join(' and ') : 'true';
}

const format = ({ binary }: CopyTable): string => (binary ? ' (format binary)' : '');

/** Without ONLY a parent of plain inheritance would bring its children's rows as well; a COPY of the table itself never does. */
export const copyOut = (table: CopyTable, range: PartRange | null): string =>
  range === null
    ? `copy ${nameOf(table)} (${columnsOf(table)}) to stdout${format(table)}`
    : `copy (select ${columnsOf(table)} from only ${nameOf(table)} where ${within(range)}) to stdout${format(table)}`;

/** @param frozen where the table was emptied in the same transaction: then its rows need no vacuum later */
export const copyIn = (table: CopyTable, frozen: boolean): string => {
  const options = [...(table.binary ? ['format binary'] : []), ...(frozen ? ['freeze'] : [])];
  return `copy ${nameOf(table)} (${columnsOf(table)}) from stdin${options.length > 0 ? ` (${options.join(', ')})` : ''}`;
};

/** Milliseconds after which a server that carries out a statement of a client looks whether that client is still there. */
const LOOK_FOR_CLIENT_MS = 10_000;
const LOOKS_FOR_CLIENT_SINCE = 14;

/**
 * Settings of a session in which code of users may have run. What that code holds up ends with the connection, and the lock of the part with it.
 * @param version major version of the server
 */
const pins = (version: number): string =>
  [
    pinSession(version, { mode: 'read write', statement: 0, lock: 0, idleInTransaction: 0 }),
    ...(version >= LOOKS_FOR_CLIENT_SINCE ? [`set client_connection_check_interval = '${LOOK_FOR_CLIENT_MS}'`] : []),
  ].join(';\n');

/** Before the next table. @param version major version of the server */
export const pinAgain = (version: number): Statement<unknown> => statement(pins(version));

/** Whatever the session had set before. @param version major version of the server */
export const begin = (version: number): Statement<unknown> =>
  statement(`begin isolation level read committed, read write, not deferrable;\n${pins(version)}`);
export const commit = (): Statement => statement('commit');

/** On the target, before a table is emptied and filled. */
export const lockAlone = (tables: readonly TableName[]): Statement => statement(`lock table ${listOf(tables)} in access exclusive mode`);

export const emptyAlone = (tables: readonly TableName[]): Statement => statement(`truncate ${listOf(tables)}`);

/** Ends what earlier visits of one worker left at a server, whose role is the one that asks. @param prefix of the application names of these */
export const endVisits = (prefix: string): Statement =>
  bound([prefix])(`
select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
where usename = current_user and datname = current_database() and starts_with(application_name, $1::text) and pid <> pg_catalog.pg_backend_pid()
`);

/** Pages that a table of the source has by now. */
export const pagesNow = ({ relation }: CopyTable): Statement<{ readonly pages: number }> =>
  bound([relation])(`
select (pg_relation_size($1::int8::oid::regclass) / current_setting('block_size')::int)::float8 as pages
`);

/** Ends every session that holds a snapshot in this database, as a role that may end those of the replication role. */
export const endAllHolders = (): Statement =>
  bound([HOLDERS])(`
select pg_terminate_backend(pid) from pg_stat_activity
where starts_with(application_name, $1::text) and datname = current_database() and usename = '${REPLICATION_ROLE}'
`);

export const rollback = (): Statement => statement('rollback');

/** One of these tables that holds a row; no row where none does. */
export const anyRow = (tables: readonly TableName[]): Statement<TableName> =>
  statement(
    `${tables
      .map(
        ({ schema, table }) =>
          `select ${literal(schema)} as schema, ${literal(table)} as "table" where exists (select from only ${qualified(schema, table)})`,
      )
      .join('\nunion all\n')}\nlimit 1`,
  );
