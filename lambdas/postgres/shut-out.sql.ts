/** Roles that may still connect to a database whose gate is shut (`state/gate-access.sql.ts`). */
import { REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from './quote.ts';

/**
 * Condition under which a role `r` is the platform's own, which the platform alone can shut out. `pscale_api_…` are not: PlanetScale
 * makes them for its users. Where there is no `rdsadmin`, a name that begins like those of RDS is a user's.
 */
export const PLATFORM_ROLE = `(r.rolname ~ '^(pg_|pscale_(?!api_))'
  or r.rolname ~ '^(rds|aws)' and exists (select from pg_roles as rds where rds.rolname = 'rdsadmin'))`;

/** One that will keep CONNECT. */
export interface RoleKept {
  readonly role: string;
  /** Of a superuser's, or the platform's: it is named, and nothing can be done about it. */
  readonly spared: boolean;
  /** What takes the rights from it through which it keeps CONNECT, for a person to run. */
  readonly statements: readonly string[];
}

/**
 * Roles that will keep CONNECT when the gate is shut: superusers, and those that inherit the rights of one of the two roles that are granted it
 * directly, ours (unless it is a superuser, who needs no grant) and the replication role. From version 16 on a membership says by itself
 * whether it inherits, and is taken back only from the role that granted it.
 */
export const rolesKept = (): Statement<RoleKept> =>
  bound([REPLICATION_ROLE])(`
with own as (
  select oid, rolname, rolsuper from pg_roles where rolname = current_user
), granted as (
  select oid, rolname from pg_roles where rolname in (current_user, $1::name) and not rolsuper
)
select r.rolname::text as role, r.rolsuper or ${PLATFORM_ROLE} as spared,
  array(
    select format('revoke %I from %I%s;', g.rolname, pg_get_userbyid(m.member),
      case when current_setting('server_version_num')::int >= 160000 then format(' granted by %I', pg_get_userbyid(m.grantor)) end)
    from pg_auth_members as m
    join granted as g on g.oid = m.roleid
    where coalesce(to_jsonb(m) ->> 'inherit_option', 'true') = 'true' and pg_has_role(r.oid, m.member, 'usage')
    order by 1
  ) as statements
from pg_roles as r
where r.rolcanlogin and r.rolname not in (current_user, $1::name)
  and (r.rolsuper or exists (select from granted as g where pg_has_role(r.oid, g.oid, 'usage')))
order by r.rolname
`);
