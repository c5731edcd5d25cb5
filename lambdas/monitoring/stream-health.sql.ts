/** Cheap queries about a stream on either side. They read only views that are open to every role, or to members of pg_monitor. */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { subscriptionIds } from '../postgres/subscription-ids.sql.ts';

/** WAL and transaction ids that slots hold back on the publisher. */
export interface Pressure {
  /** WAL kept by the slot that keeps most; null where none keeps any. */
  readonly keptBytes: number | null;
  /** WAL that may still be written before a slot is lost; null where `max_slot_wal_keep_size` sets no limit, or is not known (before 13). */
  readonly leftBytes: number | null;
  /** Age of the oldest transaction id that slots and the role's own sessions hold back; null where they hold none. */
  readonly transactionIds: number | null;
}

/** @param role whose sessions are table copies, each of which holds its snapshot until it ends */
export const pressure = (slots: readonly string[], role: string): Statement<Pressure> =>
  bound([slots, role])(`
select max(greatest(0, pg_current_wal_lsn() - restart_lsn))::float8 as "keptBytes",
  min(greatest(0, (to_jsonb(s) ->> 'safe_wal_size')::float8)) as "leftBytes",
  greatest(max(age(xmin)), max(age(catalog_xmin)),
    (select max(age(a.backend_xmin)) from pg_stat_activity as a where a.usename = $2::name))::float8 as "transactionIds"
from pg_replication_slots as s
where slot_name = any ($1::name[])
`);

export interface SubscriberHealth {
  readonly enabled: boolean;
  /** Whether the apply worker runs. */
  readonly applying: boolean;
  readonly tables: number;
  readonly ready: number;
}

/** No row where there is no such subscription. */
export const subscriberHealth = (name: string): Statement<SubscriberHealth> =>
  bound([name])(`
select s.subenabled as enabled,
  exists (select from pg_stat_subscription as w join pg_stat_activity as a on a.pid = w.pid
    where w.subname = s.subname and w.relid is null and a.datid = s.subdbid) as applying,
  (select count(*) from pg_subscription_rel as r where r.srsubid in ${subscriptionIds('s.subname')})::float8 as tables,
  (select count(*) from pg_subscription_rel as r where r.srsubid in ${subscriptionIds('s.subname')} and r.srsubstate = 'r')::float8 as ready
from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = $1::name
`);

/** Errors since the statistics began. From version 15 on. */
export const subscriptionErrors = (name: string): Statement<{ readonly errors: number }> =>
  bound([name])(`
select (apply_error_count + sync_error_count)::float8 as errors from pg_stat_subscription_stats where subname = $1::name
`);

/** Size of the whole database. */
export const databaseSize = (): Statement<{ readonly bytes: number }> =>
  statement(`select pg_database_size(current_database())::float8 as bytes`);
