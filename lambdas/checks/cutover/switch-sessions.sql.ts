/** Sessions of others in this database, by role and application, and whether a fence can end them. */
import type { Statement } from '../../ports/database.ts';
import { isOfOthers, streamProcesses } from '../../postgres/own-streams.sql.ts';
import { bound } from '../../postgres/quote.ts';

export interface ClientSessions {
  /** Null for what runs in the name of no role. */
  readonly role: string | null;
  /** As it names itself, or what kind of process it is. */
  readonly application: string;
  readonly count: number;
  /** Whether we may end them: only superusers end those of superusers, and what belongs to no role. */
  readonly ends: boolean;
  /** Whether it is our own role, which no gate shuts out. */
  readonly own: boolean;
}

/** Sessions, walsenders and background workers, but autovacuum and what is ours. @param streams names of our own streams */
export const clientSessions = (streams: readonly string[]): Statement<ClientSessions> =>
  bound([[...streams]])(`
select r.rolname::text as role, coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), '') as application,
  count(*)::float8 as count, own.rolsuper or coalesce(not r.rolsuper, false) as ends, coalesce(r.oid = own.oid, false) as own
from pg_stat_activity as a
left join pg_roles as r on r.oid = a.usesysid
join pg_roles as own on own.rolname = current_user
where a.datname = current_database() and a.pid <> pg_backend_pid() and ${isOfOthers(`array(${streamProcesses('$1::text[]')})`)}
group by 1, 2, 4, 5
order by 1, 2
`);
