/** Ends the sessions of everybody else in a database, until none is left that knew it without its fence. */
import type { Statement } from '../contract.ts';
import { applicationName } from '../names.ts';
import { statement } from './quote.ts';

const FUNCTION = 'pg_temp.planetscale_end_sessions';

/**
 * For this connection only, so that the whole loop is one round trip.
 *
 * A session reads the settings of its database while it starts, and pg_stat_activity shows it only afterwards. From before that
 * reading until it is shown it holds a lock on the database, so whoever holds one now may still come up with the old settings, and is waited
 * for. Whoever starts later finds the database as it is. Superusers' sessions are passed over where we are none: on RDS those are the service's own.
 */
export const createEndSessions = (): Statement =>
  statement(`
create function ${FUNCTION}(patience interval, out left_over text[], out prepared int) language plpgsql as $do$
declare
  began timestamptz := clock_timestamp();
  db oid := (select oid from pg_database where datname = current_database());
  starting int[] := array(select pid from pg_locks
    where locktype = 'object' and classid = 'pg_database'::regclass and objid = db and mode = 'RowExclusiveLock' and pid <> pg_backend_pid());
  still_starting boolean;
  one record;
  superuser boolean := (select rolsuper from pg_roles where rolname = current_user);
begin
  loop
    -- before the sessions, because whoever lets go of the lock is shown by then
    still_starting := exists (select from pg_locks
      where locktype = 'object' and classid = 'pg_database'::regclass and objid = db and mode = 'RowExclusiveLock' and pid = any (starting));
    left_over := '{}';
    perform pg_stat_clear_snapshot();
    for one in
      select a.pid, format('%s of %I (%s)', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no application name')) as name
      from pg_stat_activity as a
      join pg_roles as r on r.oid = a.usesysid
      where a.datid = db and a.backend_type = 'client backend' and a.backend_start < began and (superuser or not r.rolsuper)
        and not (a.usename = current_user and starts_with(a.application_name, '${applicationName('')}'))
    loop
      left_over := left_over || one.name;
      begin
        perform pg_terminate_backend(one.pid);
      exception when insufficient_privilege then null;
      end;
    end loop;
    exit when cardinality(left_over) = 0 and not still_starting;
    exit when clock_timestamp() > began + patience;
    perform pg_sleep(0.001);
  end loop;
  prepared := (select count(*) from pg_prepared_xacts where database = current_database());
end
$do$
`);

export interface EndedSessions {
  /** Sessions that could not be ended in time, each with its process, role and application. */
  readonly leftOver: readonly string[];
  /** Prepared transactions of this database, which somebody may still commit. */
  readonly prepared: number;
}

export const endSessions = (patienceMs: number): Statement<EndedSessions> =>
  statement(`select left_over as "leftOver", prepared from ${FUNCTION}($1::float8 * interval '1 ms')`, [patienceMs]);
