/** Open transactions on the source, and the age of its oldest rows. No query text is ever read. */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';

export interface PreparedTransaction {
  readonly object: string;
  readonly database: string;
  readonly seconds: number;
}

/** Prepared transactions of all databases: creating a slot waits for every one. */
export const preparedTransactions = (): Statement<PreparedTransaction> =>
  statement(`
select format('%s (database %I, owner %I)', quote_literal(gid), database, owner) as object, database::text as database,
  extract(epoch from clock_timestamp() - prepared)::float8 as seconds
from pg_prepared_xacts
order by prepared
`);

export interface WriteTransaction {
  readonly pid: number;
  readonly user: string | null;
  readonly database: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly seconds: number;
  /** Whether it is autovacuum's: ANALYZE writes nothing that is replicated, yet a new slot waits for it, too. */
  readonly autovacuum: boolean;
}

/** Transactions of all databases that have written and are at least this old. Those of other roles need pg_read_all_stats. */
export const writeTransactions = (seconds: number): Statement<WriteTransaction> =>
  bound([seconds])(`
select pid, usename::text as "user", datname::text as database, application_name as application, state,
  extract(epoch from clock_timestamp() - xact_start)::float8 as seconds, coalesce(backend_type, '') = 'autovacuum worker' as autovacuum
from pg_stat_activity
where backend_xid is not null and xact_start < clock_timestamp() - make_interval(secs => $1::float8)
order by xact_start
`);

export interface DatabaseAge {
  readonly database: string;
  readonly transactions: number;
  readonly multixacts: number;
}

/** The databases by the age of their oldest unfrozen row, oldest first. */
export const databaseAges = (): Statement<DatabaseAge> =>
  statement(`
select format('%I', datname) as database, age(datfrozenxid)::float8 as transactions, mxid_age(datminmxid)::float8 as multixacts
from pg_database
order by greatest(age(datfrozenxid), mxid_age(datminmxid)) desc
`);
