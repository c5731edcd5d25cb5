/**
 * Roles of the source, made on the target: without login, without attributes. Whatever makes or grants a role runs as the role that may
 * (`asRoleMaker`), which on PlanetScale is `postgres` for the roles of its dashboard.
 */
import type { Statement } from '../ports/database.ts';
import { identifier, literal, statement } from '../postgres/quote.ts';
import type { Membership } from './role-graph.sql.ts';

export const makeRole = (name: string, inherits: boolean): Statement =>
  statement(`create role ${identifier(name)} nologin ${inherits ? 'inherit' : 'noinherit'}`);

/** Its maker is a member with ADMIN alone from then on, which nobody but the bootstrap superuser takes back. */
export const dropMadeRole = (name: string): Statement => statement(`drop role ${identifier(name)}`);

/** To act for it: as the owner of its tables (SET), and to build their indexes (INHERIT). To be run as the role that administers it. */
export const joinRole = (name: string, member: string): Statement =>
  statement(`grant ${identifier(name)} to ${identifier(member)} with inherit true, set true`);

export const grantMembership = ({ role, member, admin, inherit, set }: Membership): string =>
  `grant ${identifier(role)} to ${identifier(member)} with admin ${admin}, inherit ${inherit}, set ${set}`;

export const revokeMembership = ({ role, member }: Pick<Membership, 'role' | 'member'>): string =>
  `revoke ${identifier(role)} from ${identifier(member)}`;

/** Those of the server. From version 16 on. */
export const membershipsThere = (): Statement<Membership> =>
  statement(`
select g.rolname::text as role, r.rolname::text as member, bool_or(a.admin_option) as admin, bool_or(a.inherit_option) as inherit,
  bool_or(a.set_option) as set
from pg_auth_members as a join pg_roles as g on g.oid = a.roleid join pg_roles as r on r.oid = a.member
group by g.rolname, r.rolname
`);

/** Whether we may already act for it, both ways. */
export const mayActFor = (names: readonly string[]): Statement<{ readonly name: string }> =>
  statement(
    `select rolname::text as name from pg_roles where rolname = any ($1::text[])
and pg_has_role(session_user, oid, 'set') and pg_has_role(session_user, oid, 'usage')`,
    [[...names]],
  );

/** Takes back what {@link joinRole} gave, whichever role of ours gave it; what only lets us administer the role stays. */
export const leaveRoles = (names: readonly string[]): Statement =>
  statement(`
do ${literal(`
declare
  one record;
begin
  for one in
    select quote_ident(g.rolname) as role, quote_ident(m.rolname) as member, quote_ident(o.rolname) as grantor
    from pg_auth_members as a
    join pg_roles as g on g.oid = a.roleid
    join pg_roles as m on m.oid = a.member and m.rolname = session_user
    join pg_roles as o on o.oid = a.grantor and pg_has_role(session_user, o.oid, 'set')
    where g.rolname in (select jsonb_array_elements_text(${literal(JSON.stringify(names))}::jsonb)) and (a.inherit_option or a.set_option)
      and not a.admin_option
  loop
    execute format('set local role %s', one.grantor);
    execute format('revoke %s from %s granted by %s', one.role, one.member, one.grantor);
    execute 'set local role none';
  end loop;
end
`)}
`);

/** Roles that log in and may connect here, the platform's among them, without having been granted it themselves. @param apart roles to leave out */
export const connectingThroughOthers = (apart: readonly string[]): Statement<{ readonly name: string }> =>
  statement(
    `select r.rolname::text as name from pg_roles as r join pg_database as d on d.datname = current_database()
where r.rolcanlogin and not r.rolsuper and r.oid <> d.datdba and r.rolname <> all ($1::text[]) and has_database_privilege(r.oid, d.oid, 'connect')
  and not exists (select from aclexplode(d.datacl) as a where a.grantee = r.oid and a.privilege_type = 'CONNECT')
order by 1`,
    [[...apart]],
  );

/** Roles that own something in this database or another, or that other databases grant something to: they have to stay. */
export const rolesInUse = (names: readonly string[]): Statement<{ readonly name: string }> =>
  statement(
    `select distinct r.rolname::text as name from pg_roles as r join pg_shdepend as d on d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
where r.rolname = any ($1::text[]) and (d.deptype = 'o' and d.classid <> 'pg_default_acl'::regclass or d.dbid not in (0, (select oid from pg_database where datname = current_database())))`,
    [[...names]],
  );

/** Every right that it was granted in this database; it owns nothing there ({@link rolesInUse}). To be run as a member of it. */
export const disown = (name: string): Statement => statement(`drop owned by ${identifier(name)}`);
