/** Sessions of others in this database, by role and application, with what a fence can do about them. */
import type { Statement } from '../contract.ts';
import { applicationName, REPLICATION_ROLE } from '../names.ts';
import { statement } from './quote.ts';

export interface ClientSessions {
  readonly role: string;
  readonly application: string;
  readonly count: number;
  /** Whether we may end them: only superusers end those of superusers. */
  readonly ends: boolean;
  /** Whether the role loses CONNECT when the gate is shut (`gates.ts`). */
  readonly shutOut: boolean;
}

/** A gate leaves CONNECT to us, to whose rights we share, and to the replication role; and nothing keeps a superuser out. */
export const clientSessions = (): Statement<ClientSessions> =>
  statement(
    `
with own as (
  select oid, rolsuper from pg_roles where rolname = current_user
), kept as (
  select own.oid from own
  union
  select a.grantee
  from own, pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
  where d.datname = current_database() and a.privilege_type = 'CONNECT' and a.grantee <> 0
    and (a.grantee = to_regrole($2::text) or not own.rolsuper and pg_has_role(own.oid, a.grantee, 'usage'))
)
select r.rolname::text as role, s.application_name as application, count(*)::float8 as count,
  (select own.rolsuper from own) or not r.rolsuper as ends,
  not (r.rolsuper or exists (select from kept where pg_has_role(r.oid, kept.oid, 'usage'))) as "shutOut"
from pg_stat_activity as s
join pg_roles as r on r.oid = s.usesysid
where s.datname = current_database() and s.backend_type = 'client backend' and s.pid <> pg_backend_pid()
  and not (s.usename = current_user and starts_with(s.application_name, $1::text))
group by r.oid, r.rolname, r.rolsuper, s.application_name
order by 1, 2
`,
    [applicationName(''), REPLICATION_ROLE],
  );
