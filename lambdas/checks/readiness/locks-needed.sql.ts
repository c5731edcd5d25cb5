/**
 * How many locks the one transaction of a dump and the one of CopySchema take, and how many a server has room for. What a statement locks was
 * counted in pg_locks of versions 17 and 18.
 */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

export interface LocksNeeded {
  /** By pg_dump on the source, which locks what it describes until it ends. */
  readonly dump: number;
  /** By CopySchema on the target: every table with its TOAST table, the index of that and its keys, every sequence and view. */
  readonly copy: number;
}

/** Our own tables and their indexes, and catalogs that are written. */
const OURS = 100;

export const locksNeeded = (input: Exclusions): Statement<LocksNeeded> =>
  bound(exclusions(input))(`
select count(*) filter (where c.relkind in ('r', 'p', 'v', 'm'))::float8 as dump,
  ${OURS} + sum(1 + case when c.reltoastrelid <> 0 then 2 else 0 end + coalesce(k.keys, 0))::float8 as copy
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join (select i.indrelid, count(*) as keys from pg_index as i where i.indisprimary or i.indisreplident group by 1) as k on k.indrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
`);

export interface LockRoom {
  /** The setting max_locks_per_transaction. */
  readonly perTransaction: number;
  /** What it is multiplied with: slots for backends and prepared transactions, as InitializeMaxBackends of the server counts them. */
  readonly places: number;
}

/** "… can track locks on at most max_locks_per_transaction × (max_connections + max_prepared_transactions) objects"; processes of the server count, too. */
export const lockRoom = (): Statement<LockRoom> =>
  statement(`
select max(s.setting::float8) filter (where s.name = 'max_locks_per_transaction') as "perTransaction",
  sum(s.setting::float8) filter (where s.name <> 'max_locks_per_transaction'
    and not (s.name = 'autovacuum_max_workers' and exists (select from pg_settings as w where w.name = 'autovacuum_worker_slots'))) as places
from pg_settings as s
where s.name in ('max_locks_per_transaction', 'max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders',
  'autovacuum_max_workers', 'autovacuum_worker_slots')
`);
