/** What a forecast asks a server. Catalogs, counters and text of the server's own: no row of a table is read, and no query text. */
import type { Exclusions, TableName } from '../config/input.ts';
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import { INCLUDED_SEQUENCE } from '../sequences/sequences.sql.ts';

/** Ends what takes longer, for this session alone. */
export const limitStatements = (milliseconds: number): Statement<unknown> =>
  statement(`select set_config('statement_timeout', $1::text, false)`, [String(milliseconds)]);

/** A table that is moved. Sizes in bytes. */
export interface TableSize extends TableName {
  readonly oid: number;
  /** With TOAST, free-space and visibility map, without indexes. */
  readonly bytes: number;
  readonly toastBytes: number;
  readonly indexes: number;
  readonly indexBytes: number;
  readonly largestIndexBytes: number;
  /** Estimate of the planner: null where it never looked. */
  readonly rows: number | null;
  /** Whether another session locks it exclusively, so that it was not measured: the sizes are the planner's. */
  readonly locked: boolean;
}

/**
 * The tables that are published, largest first. Measuring a table waits for a session that locks it, its TOAST or an index exclusively, which may
 * take long, so there the planner's count of pages is used. Before version 14 a table that was never analyzed has 0 rows like an empty one.
 */
export const tableSizes = (input: Exclusions): Statement<TableSize> =>
  bound(exclusions(input))(`
with locked as (
  select l.relation as oid from pg_locks as l join pg_database as d on d.oid = l.database and d.datname = current_database()
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
), held as (
  select oid from locked union select i.indrelid from pg_index as i join locked as l on l.oid = i.indexrelid
), busy as (
  select oid from held union select t.oid from pg_class as t join held as h on h.oid = t.reltoastrelid
), sized as (
  select c.oid, n.nspname, c.relname, b.oid is not null as locked,
    case when b.oid is null then pg_table_size(c.oid) else (c.relpages + coalesce(t.relpages, 0)) * current_setting('block_size')::int8 end as bytes,
    case when b.oid is null then pg_relation_size(c.oid) else c.relpages * current_setting('block_size')::int8 end as main,
    case when t.oid is null then 0 when b.oid is null then pg_total_relation_size(t.oid)
      else t.relpages * current_setting('block_size')::int8 end as toast,
    i.indexes, i.bytes as index_bytes, i.largest, c.reltuples
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  left join busy as b on b.oid = c.oid
  left join pg_class as t on t.oid = c.reltoastrelid
  cross join lateral (
    select count(*) as indexes, coalesce(sum(s.bytes), 0) as bytes, coalesce(max(s.bytes), 0) as largest
    from (
      select case when b.oid is null then pg_table_size(x.indexrelid) else k.relpages * current_setting('block_size')::int8 end as bytes
      from pg_index as x join pg_class as k on k.oid = x.indexrelid where x.indrelid = c.oid
    ) as s
  ) as i
  where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
)
select oid::int8::float8 as oid, nspname::text as schema, relname::text as "table", bytes::float8 as bytes,
  coalesce(toast, 0)::float8 as "toastBytes", indexes::float8 as indexes, index_bytes::float8 as "indexBytes", largest::float8 as "largestIndexBytes",
  (case when main = 0 and not locked then 0 when reltuples > 0 then reltuples
    when reltuples = 0 and not locked and current_setting('server_version_num')::int >= 140000 then 0 end)::float8 as rows, locked
from sized where bytes is not null
order by bytes desc, schema, "table"
`);

/** Partitioned tables, which hold no rows themselves, and sequences that a switch sets. */
export const countObjects = (input: Exclusions): Statement<{ readonly parents: number; readonly sequences: number }> =>
  bound(exclusions(input))(`
select
  (select count(*) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'p' and ${INCLUDED_TABLE})::float8 as parents,
  (select count(*) from pg_sequence as s join pg_class as c on c.oid = s.seqrelid join pg_namespace as n on n.oid = c.relnamespace
    where ${INCLUDED_SEQUENCE})::float8 as sequences
`);

/** A place in the WAL. Moments are seconds since 1970 by the server's clock. */
export interface WalPosition {
  readonly bytes: number;
  readonly at: number;
  readonly startedAt: number;
  readonly walLevel: string;
}

/** Fails on a standby, and on Aurora where it keeps no WAL in PostgreSQL's sense. */
export const walPosition = (): Statement<WalPosition> =>
  statement(`
select (pg_current_wal_lsn() - '0/0')::float8 as bytes, extract(epoch from clock_timestamp())::float8 as at,
  extract(epoch from pg_postmaster_start_time())::float8 as "startedAt", current_setting('wal_level') as "walLevel"
`);

/** What the server counts by itself. `seconds` since the counter was reset; null where it does not say. */
export interface Counter {
  readonly count: number;
  readonly at: number;
  readonly seconds: number | null;
}

/** Bytes of WAL. From version 14 on. */
export const walStatistics = (): Statement<Counter> =>
  statement(`
select wal_bytes::float8 as count, extract(epoch from clock_timestamp())::float8 as at,
  extract(epoch from clock_timestamp() - stats_reset)::float8 as seconds
from pg_stat_wal
`);

/** Transactions of this database, committed or rolled back; ours are among them. */
export const transactions = (): Statement<Counter> =>
  statement(`
select (xact_commit + xact_rollback)::float8 as count, extract(epoch from clock_timestamp())::float8 as at,
  extract(epoch from clock_timestamp() - stats_reset)::float8 as seconds
from pg_stat_database where datname = current_database()
`);

/** The oldest open transaction of the whole server, prepared ones included; not of autovacuum, and not ours. */
export interface OpenTransaction {
  readonly seconds: number;
  /** In words, without any text of a query. */
  readonly who: string;
  readonly writes: boolean;
}

/** No row where none is open. Sessions of other roles take pg_read_all_stats. */
export const longestTransaction = (): Statement<OpenTransaction> =>
  bound([PREFIX])(`
select seconds::float8 as seconds, who, writes from (
  select extract(epoch from clock_timestamp() - a.xact_start) as seconds, a.backend_xid is not null as writes,
    format('process %s of %s in %s', a.pid, coalesce(a.usename::text, 'no role'), coalesce(a.datname::text, 'no database')) as who
  from pg_stat_activity as a
  where a.xact_start is not null and a.pid <> pg_backend_pid()
    and a.backend_type not in ('autovacuum worker', 'walsender', 'parallel worker', 'logical replication worker')
    and (a.datname = current_database() and starts_with(a.application_name, $1::text)) is not true
  union all
  select extract(epoch from clock_timestamp() - p.prepared), true, format('prepared transaction %s in %s', quote_literal(p.gid), p.database)
  from pg_prepared_xacts as p
) as open
order by seconds desc limit 1
`);

/** The least that a server can be asked: what is left is the round trip. */
export const nothing = (): Statement<unknown> => statement('select 1');

/** Text that the server makes, of so many mebibytes. It reads no table. */
export const generatedText = (mebibytes: number): Statement<{ readonly text: string }> =>
  statement(`select repeat('0123456789abcdef', 65536) as text from generate_series(1, $1::int)`, [mebibytes]);
