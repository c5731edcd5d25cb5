/** What hangs on a role of the target beside what it owns, and what goes with the role however its objects are handed over. */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/**
 * Policies and user mappings of this database that name the role, and members of it: DROP OWNED and DROP ROLE take them away
 * (https://www.postgresql.org/docs/current/role-removal.html), and a policy that names no other role goes altogether. Each as words.
 */
export const attachedTo = (role: string): Statement<{ what: string }> =>
  bound([role])(`
select format('the policy %I of %I.%I', p.polname, n.nspname, c.relname) as what
from pg_policy as p join pg_class as c on c.oid = p.polrelid join pg_namespace as n on n.oid = c.relnamespace
where (select r.oid from pg_roles as r where r.rolname = $1::text) = any (p.polroles)
union all
select format('the user mapping for the server %I', m.srvname) from pg_user_mappings as m where m.usename = $1::text
union all
select format('the member %I', member.rolname)
from pg_auth_members as a join pg_roles as granted on granted.oid = a.roleid join pg_roles as member on member.oid = a.member
where granted.rolname = $1::text and (member.rolname !~ '^pscale_' or member.rolname ~ '^pscale_api_') and not member.rolsuper and member.rolname <> 'postgres'
order by what
`);
