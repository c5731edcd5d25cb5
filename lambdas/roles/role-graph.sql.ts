/** Roles of a server and their memberships, as the map of the roles needs them. */
import type { Statement } from '../ports/database.ts';
import { MAY_ACT_AS } from '../postgres/acting-role.sql.ts';
import { bound, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { TRUSTED_ROLES } from '../state/trust.sql.ts';

export interface ServerRole {
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  /** What memberships inherit where they do not say so themselves. */
  readonly inherits: boolean;
  /** What else it has, as SQL writes it, such as `createrole`. */
  readonly attributes: readonly string[];
}

export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

export interface RoleGraph {
  readonly roles: readonly ServerRole[];
  /** Those that grantors have given several times are one, with whatever one of them allows. */
  readonly memberships: readonly Membership[];
  /** The role of our login. */
  readonly ours: string;
  /** Whether the server is RDS, where names that begin with `rds` and `aws` are the platform's. */
  readonly isRds: boolean;
  /** Roles that could do anything that ours can; see `state/trust.sql.ts`. */
  readonly trusted: readonly string[];
  /** Roles that policies and mappings of users name, and roles that have settings in this database. */
  readonly named: readonly string[];
}

/** Before version 16 a membership inherits where its member does, and always lets its member act as the role. */
export const roleGraph = (): Statement<RoleGraph> =>
  statement(`
with ${TRUSTED_ROLES}
select session_user::text as ours, (select jsonb_agg(pg_get_userbyid(oid)) from trusted) as trusted, exists (select from pg_roles where rolname = 'rdsadmin') as "isRds",
  (select jsonb_agg(jsonb_build_object('name', r.rolname, 'superuser', r.rolsuper, 'login', r.rolcanlogin, 'inherits', r.rolinherit,
    'attributes', array_remove(array[case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
      case when r.rolreplication then 'replication' end, case when r.rolbypassrls then 'bypassrls' end,
      case when r.rolconnlimit >= 0 then 'connection limit ' || r.rolconnlimit end,
      case when r.rolvaliduntil < 'infinity' then 'valid until ' || r.rolvaliduntil end], null)) order by r.rolname)
    from pg_roles as r) as roles,
  (select coalesce(jsonb_agg(m.one order by m.role, m.member), '[]') from (
    select g.rolname as role, r.rolname as member, jsonb_build_object('role', g.rolname, 'member', r.rolname, 'admin', bool_or(a.admin_option),
      'inherit', bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, r.rolinherit)),
      'set', bool_or(coalesce((to_jsonb(a) ->> 'set_option')::boolean, true))) as one
    from pg_auth_members as a join pg_roles as g on g.oid = a.roleid join pg_roles as r on r.oid = a.member
    group by g.rolname, r.rolname) as m) as memberships,
  (select coalesce(jsonb_agg(distinct n.name), '[]') from (
    select pg_get_userbyid(u.oid)::text as name from pg_policy as o
    join pg_class as c on c.oid = o.polrelid join pg_namespace as n on n.oid = c.relnamespace
    cross join unnest(o.polroles) as u (oid) where u.oid <> 0 and ${USER_SCHEMA}
    union all select usename::text from pg_user_mappings where usename <> 'public'
    union all select pg_get_userbyid(s.setrole)::text from pg_db_role_setting as s
    where s.setrole <> 0 and s.setdatabase = (select oid from pg_database where datname = current_database())) as n) as named
`);

export interface RoleThere {
  readonly name: string;
  readonly login: boolean;
  /** Whether we may act for it, or give ourselves the right to. */
  readonly administered: boolean;
  readonly superuser: boolean;
}

/** Those of these roles that are there. From version 16 on. */
export const rolesThere = (names: readonly string[]): Statement<RoleThere> =>
  bound([[...names]])(`
select t.rolname::text as name, t.rolcanlogin as login, t.rolsuper as superuser,
  exists (select from pg_roles as r where ${MAY_ACT_AS} and (r.rolsuper or pg_has_role(r.oid, t.oid, 'member with admin option')
    or pg_has_role(r.oid, t.oid, 'set') and pg_has_role(r.oid, t.oid, 'usage'))) as administered
from pg_roles as t where t.rolname = any ($1::text[])
`);
