/**
 * The parts of a copy, on the target.
 *
 * A part is there exactly once. It is copied by a session that may write nothing of ours, since code of users runs in it. So that session's
 * transaction is recorded here by its number, durably, before its first row: the part is there if, and only if, that transaction was committed,
 * which the server knows (pg_xact_status). Of two that want the same part one gets its lock, an advisory lock of the transaction itself, which ends
 * with it: whoever records another number for the part knows that the transaction of the one before has ended.
 */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.copyParts;
const { table: TABLES } = OWN_TABLES.copyTables;
const { table: WORKERS } = OWN_TABLES.copyWorkers;

/** Pages `from` to `to`, exclusive; without an end for the last. Or keys, as texts, in the order of the key's columns. */
export type PartRange =
  | { readonly pages: readonly [from: number, to: number | null] }
  | {
      readonly key: readonly { readonly column: string; readonly type: string }[];
      readonly from: readonly string[] | null;
      readonly to: readonly string[] | null;
    };

/** A piece of the work: a range of one table, one whole table, or several small ones. */
export interface CopyPart {
  readonly part: number;
  readonly tables: readonly TableName[];
  /** Of the one table; null for whole tables. */
  readonly range: PartRange | null;
  readonly bytes: number;
  /** Whether its tables have no other part, so that they may be emptied and filled in one transaction. */
  readonly alone: boolean;
}

/**
 * `xid` is the transaction of the last attempt, and `rows` and `copied` are there once all its rows were sent; `code` and `error` are what became
 * of it where it failed. `execution` has begun it `attempts` times.
 */
export const createCopyParts = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  part int primary key,
  tables jsonb not null,
  range jsonb,
  bytes int8 not null,
  alone boolean not null,
  execution text,
  worker int,
  attempts int not null default 0,
  began_at timestamptz,
  xid xid8,
  rows int8,
  copied int8,
  done_at timestamptz,
  code text,
  error text
)
`,
  );

export const copyPartsExist = () => tableExists(OWN_TABLES.copyParts);

export const listCopyParts = (rows: readonly CopyPart[]): Statement =>
  bound([JSON.stringify(rows)])(`
insert into ${TABLE} (part, tables, range, bytes, alone)
select p.part, p.tables, nullif(p.range, 'null'), p.bytes, p.alone
from jsonb_to_recordset($1::jsonb) as p (part int, tables jsonb, range jsonb, bytes float8, alone boolean)
`);

/** Condition on a part `p`: all its tables are left to the stream. */
const GONE = `not exists (
  select from jsonb_to_recordset(p.tables) as x (schema text, "table" text)
  join ${TABLES} as t on t.schema = x.schema and t."table" = x."table" where t.streamed is null)`;

/** After so many attempts of one execution that came to an end with an error, or with none, a part is given up. */
export const MOST_ATTEMPTS = 5;
/** Condition on a part `p`: the execution `$1` has given it up. */
const GIVEN_UP = `(p.execution = $1::text and p.attempts >= ${MOST_ATTEMPTS})`;

/** How far the copy is. */
export interface CopyTotals {
  readonly parts: number;
  readonly done: number;
  /** That this execution has given up. */
  readonly failed: number;
  /** That somebody can take, or has taken: neither done, nor given up, nor left to the stream. */
  readonly open: number;
  readonly bytes: number;
  readonly bytesDone: number;
  /** Workers that were seen in the last minutes and have a part. */
  readonly working: number;
}

/** To be asked only where {@link copyPartsExist}. @param execution that which asks */
export const copyTotals = (execution: string): Statement<CopyTotals> =>
  bound([execution])(`
select count(*)::float8 as parts, count(p.done_at)::float8 as done,
  count(*) filter (where p.done_at is null and ${GIVEN_UP} and not ${GONE})::float8 as failed,
  count(*) filter (where p.done_at is null and not ${GIVEN_UP} and not ${GONE})::float8 as open,
  coalesce(sum(p.bytes), 0)::float8 as bytes, coalesce(sum(p.bytes) filter (where p.done_at is not null), 0)::float8 as "bytesDone",
  (select count(*)::float8 from ${WORKERS} as w where w.part is not null and w.seen_at > clock_timestamp() - interval '20 minutes') as working
from ${TABLE} as p
`);

/** A part that was given up. */
export interface FailedPart extends CopyPart {
  readonly code: string | null;
  readonly error: string | null;
  readonly attempts: number;
}

export const failedParts = (execution: string, most: number): Statement<FailedPart> =>
  bound([execution, most])(`
select p.part, p.tables, p.range, p.bytes::float8, p.alone, p.code, p.error, p.attempts
from ${TABLE} as p where p.done_at is null and ${GIVEN_UP} and not ${GONE} order by p.part limit $2::int
`);

/** A part that may be taken. */
export interface OpenPart extends CopyPart {
  readonly attempts: number;
}

/** Number of our locks among advisory locks with two keys. */
const LOCK_CLASS = `hashtext(${literal(TABLE)})`;

/** In the order in which to take them, those left out that are being copied; those that nobody has begun first, so that what fails does not hold up the rest. */
export const openParts = (execution: string, most: number): Statement<OpenPart> =>
  bound([execution, most])(`
select p.part, p.tables, p.range, p.bytes::float8, p.alone, case when p.execution = $1::text then p.attempts else 0 end as attempts
from ${TABLE} as p where p.done_at is null and not ${GIVEN_UP} and not ${GONE}
  and p.part not in (
    select l.objid::int8 from pg_locks as l where l.locktype = 'advisory' and l.objsubid = 2 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid::int8 = (${LOCK_CLASS}::int8 & 4294967295))
order by case when p.execution = $1::text then p.attempts else 0 end, p.part limit $2::int
`);

/** The lock of a part, held until the transaction ends, and the number of that transaction. For the session that copies it. */
export const lockPart = (part: number): Statement<{ readonly taken: boolean; readonly xid: string }> =>
  bound([part])(`
select pg_catalog.pg_try_advisory_xact_lock(pg_catalog.${LOCK_CLASS}, $1::int) as taken, pg_catalog.pg_current_xact_id()::pg_catalog.text as xid
`);

/** One attempt at a part. */
export interface Attempt {
  readonly execution: string;
  readonly worker: number;
  /** Number of the transaction that holds the part's lock, and brings its rows. */
  readonly xid: string;
}

/**
 * Of a part whose lock another session of ours holds by now: takes note of what became of the attempt before, and of a new one.
 * @returns no row, or null, where it is there already, or was split
 */
export const beginPart = (part: number, { execution, worker, xid }: Attempt): Statement<{ readonly attempts: number | null }> =>
  bound([part, execution, worker, xid])(`
with settled as (
  select p.part, p.xid is not null and pg_xact_status(p.xid) = 'committed' as there from ${TABLE} as p
  where p.part = $1::int and p.done_at is null for update
)
update ${TABLE} as p
set done_at = case when s.there then clock_timestamp() end,
  attempts = case when s.there then p.attempts when p.execution = $2::text then p.attempts + 1 else 1 end,
  execution = $2::text, worker = $3::int, began_at = clock_timestamp(), xid = case when s.there then p.xid else $4::text::xid8 end,
  rows = case when s.there then p.rows end, copied = case when s.there then p.copied end, code = null, error = null
from settled as s where p.part = s.part
returning case when p.done_at is null then p.attempts end as attempts
`);

/** That every row was sent, before the transaction of this number is committed. @returns no row where another attempt has begun, or the part was split */
export const notePart = (part: number, xid: string, rows: number, copied: number): Statement<{ readonly part: number }> =>
  bound([part, xid, rows, copied])(`
update ${TABLE} set rows = $3::int8, copied = $4::int8 where part = $1::int and done_at is null and xid = $2::text::xid8 returning part
`);

/** Everything of which the transaction was committed by now. */
export const settleParts = (): Statement =>
  statement(`
update ${TABLE} set done_at = clock_timestamp()
where done_at is null and xid is not null and pg_xact_status(xid) = 'committed'
`);

/** What either server said of an attempt. @param hopeless whether another one would end alike, so that the execution gives the part up */
export const failPart = (part: number, code: string | null, error: string, hopeless: boolean): Statement =>
  bound([part, code, error, hopeless])(`
update ${TABLE} set code = $2::text, error = $3::text, attempts = case when $4::boolean then ${MOST_ATTEMPTS} else attempts end
where part = $1::int and done_at is null
`);

/** Takes back that an attempt was made, which ended for a reason that has nothing to do with the part. */
export const forgetAttempt = (part: number): Statement =>
  statement(`update ${TABLE} set attempts = greatest(0, attempts - 1) where part = $1::int and done_at is null`, [part]);

/** Until the transaction ends no part begins, ends or is split: new numbers are given to one at a time. */
export const holdParts = (): Statement => statement(`lock table ${TABLE} in exclusive mode`);

/**
 * Replaces a part by smaller ones, of numbers that follow the last, after {@link holdParts}. Only where its last attempt is that of this transaction,
 * which can commit no more: it has not sent all its rows, or the server has taken them back.
 */
export const splitPart = (part: number, xid: string, ranges: readonly PartRange[]): Statement =>
  bound([part, xid, JSON.stringify(ranges)])(`
with gone as (
  delete from ${TABLE} where part = $1::int and done_at is null and xid = $2::text::xid8 and (rows is null or pg_xact_status(xid) = 'aborted')
  returning tables, bytes
)
insert into ${TABLE} (part, tables, range, bytes, alone)
select (select max(part) from ${TABLE}) + r.place, g.tables, r.range, g.bytes / jsonb_array_length($3::jsonb), false
from gone as g cross join jsonb_array_elements($3::jsonb) with ordinality as r (range, place)
`);
