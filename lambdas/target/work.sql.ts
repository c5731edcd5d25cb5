/** What the source has to be copied, and what others use on the target's server. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** Bytes of the indexes of all published tables. */
export const indexBytes = (input: Exclusions): Statement<{ bytes: number }> =>
  bound(exclusions(input))(`
select coalesce(sum(pg_indexes_size(c.oid)), 0)::float8 as bytes
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
`);

/** Settings in force, by name; those that the version does not know are left out. Numbers are in the setting's own unit. */
export const settings = (names: readonly string[]): Statement<{ name: string; value: string }> =>
  statement('select name, setting as value from pg_settings where name = any ($1::text[])', [names]);

export interface ReplicationUse {
  readonly slots: number;
  readonly senders: number;
}

/** Slots and walsenders in use, without our own slot and those of its table synchronization: an attempt that continues has them already. */
export const replicationUse = (ourSlot: string): Statement<ReplicationUse> =>
  bound([ourSlot])(`
select
  (select count(*) from pg_replication_slots
    where slot_name <> $1::text and slot_name !~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$')::float8 as slots,
  (select count(*) from pg_stat_replication
    where application_name <> $1::text and application_name !~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$')::float8 as senders
`);

/** Subscriptions of the whole target server but ours; the column with the connection string is not read. */
export const otherSubscriptions = (ours: string): Statement<{ count: number }> =>
  statement('select count(subname)::float8 as count from pg_subscription where subname <> $1::text', [ours]);

/** Background workers that extensions keep, each of which takes a worker process; where a role may not see what a row is, it is not counted. */
export const workersOfExtensions = (): Statement<{ count: number }> =>
  statement(`
select count(*)::float8 as count from pg_stat_activity
where backend_type not in ('client backend', 'walsender', 'walreceiver', 'walwriter', 'walsummarizer', 'startup', 'checkpointer', 'background writer',
    'archiver', 'logger', 'autovacuum launcher', 'autovacuum worker', 'parallel worker', 'slotsync worker', 'io worker', 'standalone backend')
  and backend_type not like 'logical replication %'
`);

/** Bytes of the other databases of the server; those whose size our role may not see are left out. */
export const otherDatabases = (): Statement<{ bytes: number }> =>
  statement(`
select coalesce(sum(case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage')
  then pg_database_size(d.oid) end), 0)::float8 as bytes
from pg_database as d where d.datallowconn and d.datname <> current_database()
`);
