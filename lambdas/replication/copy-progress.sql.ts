/** Progress of the initial copy, and what the servers know about its failures. */
import type { TableName } from '../config/input.ts';
import { PUBLICATION } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { PASSES_BY_POLICIES } from '../postgres/rights.sql.ts';
import type { TableState } from './subscriptions.sql.ts';

/** A published table on the source, and whether the replication role can read it. */
export interface SourceTable extends TableName {
  readonly bytes: number;
  /** Estimate of the planner; -1 where the table was never analyzed. */
  readonly estimatedRows: number;
  readonly readable: boolean;
  /** Row-level security that would keep rows from the role, so that its COPY ends in an error. */
  readonly filtered: boolean;
}

/** Measuring a table waits for a session that locks it exclusively, which may take long, so there the planner's count of pages is used. */
export const sourceTables = (role: string): Statement<SourceTable> =>
  bound([PUBLICATION, role])(`
with locked as (
  select l.relation from pg_locks as l join pg_database as d on d.oid = l.database and d.datname = current_database()
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
)
select n.nspname::text as schema, c.relname::text as "table",
  case when c.oid in (select relation from locked) then c.relpages * current_setting('block_size')::float8
    else pg_table_size(c.oid)::float8 end as bytes,
  c.reltuples::float8 as "estimatedRows",
  coalesce(has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, 'select'), false) as readable,
  coalesce(c.relrowsecurity and not ${PASSES_BY_POLICIES}, false) as filtered
from pg_publication as p
join pg_publication_rel as t on t.prpubid = p.oid
join pg_class as c on c.oid = t.prrelid
join pg_namespace as n on n.oid = c.relnamespace
left join pg_roles as r on r.rolname = $2::name
where p.pubname = $1::name
`);

/** Time limits among the replication role's own settings, as `name=value`; the database's settings count where it has none. */
export const timeLimitsOf = (role: string): Statement<{ setting: string }> =>
  bound([role])(`
select distinct on (split_part(setting, '=', 1)) setting
from pg_db_role_setting as s
cross join unnest(s.setconfig) as setting
left join pg_database as d on d.oid = s.setdatabase
where coalesce(s.setrole = (select oid from pg_roles where rolname = $1::name) or s.setrole = 0, false)
  and (s.setdatabase = 0 or d.datname = current_database())
  and split_part(setting, '=', 1) in ('statement_timeout', 'lock_timeout', 'transaction_timeout')
order by split_part(setting, '=', 1), s.setrole <> 0 desc, s.setdatabase <> 0 desc
`);

/** A session whose lock a copy waits for. */
export interface WaitingCopy {
  readonly blockedBy: string;
  /** Of process and transaction: distinguishes a copy that waits for one session after another from one that waits for the same one. */
  readonly holder: string;
}

const BLOCKED = `
select distinct format('process %s (%s)', holder.pid, coalesce(nullif(holder.application_name, ''), holder.usename::text)) as "blockedBy",
  format('%s %s', holder.pid, holder.xact_start) as holder
from pg_stat_activity as waiting
cross join unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
join pg_stat_activity as holder on holder.pid = blocking.pid
where`;

/** Copies that wait on the source. */
export const waitingCopies = (role: string): Statement<WaitingCopy> => statement(`${BLOCKED} waiting.usename = $1::name`, [role]);

/** Workers of the subscription that wait on the target. */
export const waitingWorkers = (subscription: string): Statement<WaitingCopy> =>
  statement(`${BLOCKED} waiting.pid in (select w.pid from pg_stat_subscription as w where w.subname = $1::name)`, [subscription]);

/** When the server was started, in seconds since 1970. */
export const serverStarted = (): Statement<{ readonly at: number }> =>
  statement(`select extract(epoch from pg_postmaster_start_time())::float8 as at`);

/** A table as the subscription has it, and its copy if that is running. */
export interface TargetTable extends TableName {
  readonly state: TableState;
  /** Of the whole table with its TOAST, dead rows of broken copies included; null where the copy is over or has not begun. */
  readonly bytes: number | null;
  /** Rows and bytes that the running copy has taken in; null where none runs. */
  readonly copiedRows: number | null;
  readonly copiedBytes: number | null;
  /** Age of the worker that copies it; null where none does. */
  readonly workerSeconds: number | null;
}

/** COPY counts while it runs, on the subscriber too, and forgets when it ends (pg_stat_progress_copy, from version 14 on). */
export const targetTables = (subscription: string): Statement<TargetTable> =>
  bound([subscription])(`
select n.nspname::text as schema, c.relname::text as "table", r.srsubstate::text as state,
  case when r.srsubstate = 'd' then pg_table_size(c.oid)::float8 end as bytes,
  p.tuples_processed::float8 as "copiedRows", p.bytes_processed::float8 as "copiedBytes",
  (select extract(epoch from clock_timestamp() - max(a.backend_start))::float8 from pg_stat_subscription as w
    join pg_stat_activity as a on a.pid = w.pid where w.subid = s.oid and w.relid = c.oid) as "workerSeconds"
from pg_subscription_rel as r
join pg_subscription as s on s.oid = r.srsubid
join pg_class as c on c.oid = r.srrelid
join pg_namespace as n on n.oid = c.relnamespace
left join pg_stat_progress_copy as p on p.relid = c.oid and p.datid = s.subdbid and p.command = 'COPY FROM'
where s.subname = $1::name
`);

/** The subscription's workers, and the errors counted since the statistics began. */
export interface WorkerState {
  readonly applying: boolean;
  readonly copying: number;
  /** WAL position of the workers that apply what changed during their table's copy; 0 where there is none. */
  readonly catchUpPosition: number;
  /** WAL position of the stream itself. */
  readonly applyPosition: number;
  readonly applyErrors: number;
  readonly syncErrors: number;
  /** Logical replication workers of the whole server, and how many it may run. */
  readonly workers: number;
  readonly mostWorkers: number;
}

export const workerState = (subscription: string): Statement<WorkerState> =>
  bound([subscription])(`
select
  exists (select from pg_stat_subscription where subname = $1::name and relid is null and pid is not null) as applying,
  (select count(*)::float8 from pg_stat_subscription where subname = $1::name and relid is not null and pid is not null) as copying,
  coalesce((select max(received_lsn - '0/0') from pg_stat_subscription where subname = $1::name and relid is not null), 0)::float8
    as "catchUpPosition",
  coalesce((select max(latest_end_lsn - '0/0') from pg_stat_subscription where subname = $1::name and relid is null), 0)::float8
    as "applyPosition",
  coalesce((select apply_error_count from pg_stat_subscription_stats where subname = $1::name), 0)::float8 as "applyErrors",
  coalesce((select sync_error_count from pg_stat_subscription_stats where subname = $1::name), 0)::float8 as "syncErrors",
  (select count(*)::float8 from pg_stat_activity where backend_type like 'logical replication % worker') as workers,
  current_setting('max_logical_replication_workers')::float8 as "mostWorkers"
`);
