/** Who else uses the target's server. */
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

export interface OthersSessions {
  readonly role: string;
  readonly sessions: number;
}

/**
 * Sessions of others on the whole server, by role: of clients, and of readers of a logical slot. Left out are ours in this database, the platform's (superusers and
 * roles named `pscale_…`, but not `pscale_api_…`, which are what users make), and standbys. A row whose kind our role may not see counts as a session.
 */
export const sessionsOfOthers = (): Statement<OthersSessions> =>
  bound([PREFIX])(`
select a.usename::text as role, count(*)::float8 as sessions
from pg_stat_activity as a
join pg_roles as r on r.oid = a.usesysid
where a.pid <> pg_backend_pid() and a.datid is not null
  and coalesce(a.backend_type, 'client backend') in ('client backend', 'walsender')
  and not r.rolsuper
  and (r.rolname !~ '^pscale_' or r.rolname ~ '^pscale_api_')
  and not (a.datname = current_database() and starts_with(a.application_name, $1::text)
    and (r.rolname = current_user or starts_with(r.rolname, $1::text)))
group by a.usename
order by sessions desc, role
`);
