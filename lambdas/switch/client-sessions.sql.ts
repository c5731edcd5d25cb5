/** Ends the sessions of others in a database, until none is left that knew it without its fence, and names those that could write all the same. */
import { REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { isOfOthers, streamProcesses } from '../postgres/own-streams.sql.ts';
import { bound, statement } from '../postgres/quote.ts';
import { PLATFORM_ROLE } from '../postgres/shut-out.sql.ts';

const FUNCTION = 'pg_temp.planetscale_end_sessions';

/**
 * For this connection only, so that the whole loop is one round trip.
 *
 * A backend reads the settings of its database while it starts, and pg_stat_activity shows it only afterwards. From before that
 * reading until it is shown it holds a lock on the database, so a backend that holds one now may still come up with the old settings, and is waited
 * for. One that starts later finds the database as it is.
 *
 * Everything ends that may be ended: sessions, walsenders, which run any statement, too, and background workers. A process of a superuser,
 * or of no role at all, that we may not end is no reason to fail as long as it has not written: with a transaction id it is waited for, for
 * as long as a short transaction takes. ANALYZE under autovacuum holds one, and writes nothing that travels.
 */
export const createEndSessions = (): Statement =>
  statement(`
create function ${FUNCTION}(
  patience interval, streams text[], harmless text[], trial boolean,
  out left_over text[], out writing text[], out prepared text[], out let_in text[], out subscribed text[]
) language plpgsql as $do$
declare
  began timestamptz := clock_timestamp();
  calm timestamptz;
  db oid := (select oid from pg_database where datname = current_database());
  starting int[] := array(select pid from pg_locks
    where locktype = 'object' and classid = 'pg_database'::regclass and objid = db and mode = 'RowExclusiveLock' and pid <> pg_backend_pid());
  still_starting text[];
  stream_pids int[];
  one record;
begin
  loop
    -- before the sessions, because whoever lets go of the lock is shown by then
    still_starting := array(select format('%s, which is still logging in', pid) from pg_locks
      where locktype = 'object' and classid = 'pg_database'::regclass and objid = db and mode = 'RowExclusiveLock' and pid = any (starting));
    left_over := '{}';
    writing := '{}';
    perform pg_stat_clear_snapshot();
    stream_pids := array(${streamProcesses('streams')});
    for one in
      select a.pid, coalesce(a.backend_start < began, true) as knew, r.oid is null or r.rolsuper as spared,
        a.backend_xid is not null and coalesce(a.usename::text <> all (harmless), true) as writes,
        format('%s of %s (%s)', a.pid, coalesce(quote_ident(a.usename), 'no role'),
          coalesce(nullif(a.application_name, ''), a.backend_type, 'no application name')) as name
      from pg_stat_activity as a
      left join pg_roles as r on r.oid = a.usesysid
      where a.datid = db and ${isOfOthers('stream_pids')}
    loop
      if one.knew and not trial then
        begin
          perform pg_terminate_backend(one.pid);
          left_over := left_over || one.name;
        exception when insufficient_privilege then
          if not one.spared then
            left_over := left_over || one.name;
          end if;
        end;
      end if;
      if one.writes then
        writing := writing || one.name;
      end if;
    end loop;
    exit when trial;
    left_over := left_over || still_starting;
    if cardinality(left_over) = 0 then
      exit when cardinality(writing) = 0;
      calm := coalesce(calm, clock_timestamp());
      exit when clock_timestamp() > calm + interval '1 second';
    end if;
    exit when clock_timestamp() > began + patience;
    perform pg_sleep(0.001);
  end loop;
  prepared := array(select format('%L of %I', gid, owner) from pg_prepared_xacts where database = current_database() order by gid);
  let_in := array(select r.rolname::text from pg_roles as r
    where r.rolcanlogin and not r.rolsuper and r.rolname not in (current_user, '${REPLICATION_ROLE}') and r.rolname::text <> all (harmless)
      and has_database_privilege(r.oid, db, 'connect') and not ${PLATFORM_ROLE}
    order by 1);
  subscribed := array(select s.subname::text from pg_subscription as s
    where s.subdbid = db and s.subenabled and s.subname::text <> all (streams) order by 1);
end
$do$
`);

/** Processes and roles that could still write to the database, each in words. */
export interface EndedSessions {
  /** Backends that could not be ended in time, each with its process, role and application. */
  readonly leftOver: readonly string[];
  /** Backends with a transaction that has written, which we may not end, or which came after the fence. */
  readonly writing: readonly string[];
  /** Prepared transactions of this database, which any session may still commit. */
  readonly prepared: readonly string[];
  /** Roles that may connect although the gate is shut. */
  readonly letIn: readonly string[];
  /** Subscriptions of others, whose workers the server starts again. */
  readonly subscribed: readonly string[];
}

/** What is not to be ended, and the roles that the input takes for harmless. */
export interface Spared {
  /** Names of the migration's own streams. */
  readonly streams: readonly string[];
  readonly harmlessRoles: readonly string[];
}

export const endSessions = (timeoutMs: number, { streams, harmlessRoles }: Spared): Statement<EndedSessions> =>
  bound([timeoutMs, [...streams], [...harmlessRoles]])(`select left_over as "leftOver", writing, prepared, let_in as "letIn", subscribed
from ${FUNCTION}($1::float8 * interval '1 ms', $2::text[], $3::text[], false)`);

/** The same without ending a session, so that inside the fence nothing is compiled and planned for the first time. */
export const tryEndSessions = (): Statement => statement(`select from ${FUNCTION}(interval '0', '{}', '{}', true)`);
