/** Rights and objects of the replication role in this database and elsewhere, and how they are removed. Roles are shared by all databases. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { runAsGrantors } from './as-grantor.sql.ts';
import { bound, identifier, literal, statement } from './quote.ts';
import type { DefaultPrivilege } from './roles.sql.ts';

export interface RoleArtifacts {
  readonly exists: boolean;
  /** Relations of this database on which the role has rights. */
  readonly tables: readonly TableName[];
  readonly schemas: readonly string[];
  readonly defaults: readonly DefaultPrivilege[];
  /** A right on this database itself. */
  readonly onDatabase: boolean;
  /** Settings for this database. */
  readonly settings: boolean;
  /** Other databases in which the role has rights or objects, and what it owns here, as the operator would name it: it has to stay for them. */
  readonly usedBy: readonly string[];
}

/**
 * pg_shdepend knows every right that any database's access lists grant to the role, and everything that it owns. Memberships are listed
 * there by newer versions, and go with the role.
 */
export const roleArtifacts = (role: string): Statement<RoleArtifacts> =>
  bound([role])(`
with streamer as (
  select oid from pg_roles where rolname = $1::text
), here as (
  select oid from pg_database where datname = current_database()
), used as (
  select d.classid, d.objid, d.objsubid, d.dbid, d.deptype,
    d.dbid = (select oid from here) or d.classid = 'pg_database'::regclass and d.objid = (select oid from here) as here
  from pg_shdepend as d
  where d.refclassid = 'pg_authid'::regclass and d.refobjid = (select oid from streamer) and d.classid <> 'pg_auth_members'::regclass
), opened as (
  select acl.oid, acl.defaclnamespace, acl.defaclrole from pg_default_acl as acl
  join used as u on u.here and u.classid = 'pg_default_acl'::regclass and u.objid = acl.oid and u.deptype = 'a'
  where acl.defaclobjtype = 'r' and acl.defaclnamespace <> 0
)
select exists (select from streamer) as "exists",
  (select coalesce(json_agg(json_build_object('schema', n.nspname, 'table', c.relname)), '[]') from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid in (select objid from used where here and classid = 'pg_class'::regclass and deptype = 'a')) as tables,
  (select coalesce(json_agg(n.nspname), '[]') from pg_namespace as n
    where n.oid in (select objid from used where here and classid = 'pg_namespace'::regclass and deptype = 'a')) as schemas,
  (select coalesce(json_agg(json_build_object('schema', n.nspname, 'owner', o.rolname)), '[]') from opened as d
    join pg_namespace as n on n.oid = d.defaclnamespace join pg_roles as o on o.oid = d.defaclrole) as defaults,
  exists (select from used where here and classid = 'pg_database'::regclass and deptype = 'a') as "onDatabase",
  exists (select from pg_db_role_setting where setrole = (select oid from streamer) and setdatabase = (select oid from here)) as settings,
  array(
    select coalesce('database ' || d.datname, pg_describe_object(u.classid, u.objid, u.objsubid))
    from used as u
    left join pg_database as d on not u.here and d.oid in (u.dbid, case when u.classid = 'pg_database'::regclass then u.objid end)
    where not u.here or u.deptype <> 'a' or u.classid not in ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_database'::regclass)
      and u.objid not in (select oid from opened)
    union
    select 'database ' || d.datname from pg_db_role_setting as s join pg_database as d on d.oid = s.setdatabase
    where s.setrole = (select oid from streamer) and s.setdatabase <> (select oid from here)
    order by 1
  ) as "usedBy"
`);

/** Entries of an access list that name the role, each with the grantor in whose name it is taken back. */
const held = (role: string, catalog: string, acl: string, on: string, where = 'true'): string => `
    select format('revoke %s on ${on} from %s', a.privilege_type, NAME, ${literal(identifier(role))}), a.grantor
    from ${catalog} as o cross join aclexplode(o.${acl}) as a where a.grantee = to_regrole(${literal(identifier(role))}) and ${where}`;

/** Takes from the role whatever it was granted in this database. Nothing is dropped. */
export function revokeAll(role: string, { defaults }: Pick<RoleArtifacts, 'defaults'>): Statement[] {
  const of = (catalog: string, acl: string, on: string, name: string, where?: string): string =>
    held(role, catalog, acl, on, where).replace('NAME', () => name);
  return [
    runAsGrantors(
      [
        of('pg_class', 'relacl', '%s', "case o.relkind when 'S' then 'sequence ' else '' end || o.oid::regclass"),
        of('pg_proc', 'proacl', 'routine %s', 'o.oid::regprocedure'),
        of('pg_namespace', 'nspacl', 'schema %I', 'o.nspname'),
        of('pg_database', 'datacl', 'database %I', 'o.datname', 'o.datname = current_database()'),
      ].join('\n    union all'),
    ),
    ...defaults.map(({ schema, owner }) =>
      statement(`
alter default privileges for role ${identifier(owner)} in schema ${identifier(schema)} revoke all on tables from ${identifier(role)}
`),
    ),
  ];
}

export const resetRoleSettings = (role: string, database: string): Statement =>
  statement(`alter role ${identifier(role)} in database ${identifier(database)} reset all`);

/** Takes its memberships and its settings with it. */
export const dropRole = (role: string): Statement => statement(`drop role ${identifier(role)}`);
