/** Rights of the connected role. Every function here asks the server instead of reading access lists, so memberships count. */
import type { Exclusions } from '../config/input.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { within } from './acting-role.sql.ts';
import { bound, identifier, literal, statement, USER_SCHEMA } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.sql.ts';

export interface RoleRights {
  readonly role: string;
  readonly superuser: boolean;
  readonly createsRoles: boolean;
  readonly replicates: boolean;
  readonly bypassesRowSecurity: boolean;
  /** The same for the role as which we act where we need an attribute; see `acting-role.ts`. */
  readonly reaches: {
    /** CREATEROLE and REPLICATION in one role, as passing REPLICATION on takes both. */
    readonly makesReplicationRoles: boolean;
    readonly replicates: boolean;
    readonly createsRoles: boolean;
  };
  /** Roles that log in and have both, but for superusers, and whether we are a member, be it without being allowed to act as them. */
  readonly administrators: readonly { readonly role: string; readonly member: boolean }[];
  readonly createsInDatabase: boolean;
  readonly seesActivity: boolean;
  /** RDS: the role that carries replication rights exists, we have its rights, we may pass it on. */
  readonly rdsReplication: { readonly exists: boolean; readonly used: boolean; readonly granted: boolean };
  /** Version 16 and newer; false before. */
  readonly createsSubscriptions: boolean;
}

/** Whether we have the rights of a role, in a mode of pg_has_role; false where there is no such role. */
const has = (role: string, mode: string): string =>
  `exists (select from pg_roles as g where g.rolname = ${literal(role)} and pg_has_role(g.oid, ${literal(mode)}))`;

export const roleRights = (): Statement<RoleRights> =>
  statement(`
select r.rolname::text as role, r.rolsuper as superuser, r.rolcreaterole as "createsRoles", r.rolreplication as replicates,
  r.rolbypassrls as "bypassesRowSecurity",
  jsonb_build_object(
    'makesReplicationRoles', ${within('r.rolcreaterole and r.rolreplication')},
    'replicates', ${within('r.rolreplication')},
    'createsRoles', ${within('r.rolcreaterole')}
  ) as reaches,
  (select coalesce(jsonb_agg(jsonb_build_object('role', g.rolname, 'member', pg_has_role(g.oid, 'member')) order by g.rolname), '[]')
    from pg_roles as g where g.rolcanlogin and g.rolcreaterole and g.rolreplication and not g.rolsuper) as administrators,
  has_database_privilege(current_database(), 'create') as "createsInDatabase",
  ${has('pg_read_all_stats', 'usage')} as "seesActivity",
  jsonb_build_object(
    'exists', exists (select from pg_roles as g where g.rolname = 'rds_replication'),
    'used', ${has('rds_replication', 'usage')} or ${has('rds_superuser', 'usage')},
    'granted', ${has('rds_replication', 'usage with admin option')} or ${has('rds_superuser', 'usage')}
  ) as "rdsReplication",
  ${has('pg_create_subscription', 'usage')} as "createsSubscriptions"
from pg_roles as r
where r.rolname = current_user
`);

export interface OwnedObject {
  readonly object: string;
  readonly owner: string;
}

/** Published tables that neither we nor a role whose rights we have owns. */
export const tablesOfOthers = (input: Exclusions): Statement<OwnedObject> =>
  bound(exclusions(input))(`
select format('%I.%I', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner)::text as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and not pg_has_role(c.relowner, 'usage') and ${INCLUDED_TABLE}
order by object
`);

/** Tables and sequences that we may not read: a dump locks every table, and every row and sequence is compared. */
export const unreadable = (input: Exclusions): Statement<OwnedObject> =>
  bound(exclusions(input))(`
select format('%I.%I', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner)::text as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where (
    c.relkind in ('r', 'p') and not has_table_privilege(c.oid, 'select')
    or case when c.relkind = 'S' then not has_sequence_privilege(c.oid, 'select') else false end
    or c.relkind in ('r', 'p', 'S') and not has_schema_privilege(n.oid, 'usage')
  )
  and ${INCLUDED_TABLE}
order by object
`);

/** Schemas with published tables that the replication role could not use, because we may not pass USAGE on. */
export const schemasNotGrantable = (input: Exclusions): Statement<OwnedObject> =>
  bound(exclusions(input))(`
select distinct format('%I', n.nspname) as object, pg_get_userbyid(n.nspowner)::text as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
  and not pg_has_role(n.nspowner, 'usage')
  and not has_schema_privilege(n.oid, 'usage with grant option')
  and not has_schema_privilege('public', n.oid, 'usage')
order by object
`);

/** Schemas of the user, by name, as the source has them. Those of extensions come with their extensions. */
export const userSchemas = (input: Exclusions): Statement<{ schema: string }> =>
  bound([[...input.excludeSchemas]])(`
select n.nspname::text as schema
from pg_namespace as n
where ${USER_SCHEMA} and n.nspname <> all ($1::text[])
  and not exists (select from pg_depend as d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
order by schema
`);

/** Those of these schemas that exist here but in which we may not create anything. */
export const schemasClosedToUs = (schemas: readonly string[]): Statement<OwnedObject> =>
  bound([[...schemas]])(`
select format('%I', n.nspname) as object, pg_get_userbyid(n.nspowner)::text as owner
from pg_namespace as n
where n.nspname = any ($1::text[]) and not has_schema_privilege(n.oid, 'create')
order by object
`);

/** Those of these tables that exist here, and to whose owner we do not stand as a mode of pg_has_role says. `tables` is JSON. */
const tablesWithout = (tables: string, mode: 'set' | 'usage'): Statement<OwnedObject> =>
  bound([tables])(`
select format('%I.%I', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner)::text as owner
from jsonb_to_recordset($1::jsonb) as wanted ("schema" text, "table" text)
join pg_namespace as n on n.nspname = wanted."schema"
join pg_class as c on c.relnamespace = n.oid and c.relname = wanted."table"
where not pg_has_role(c.relowner, '${mode}')
order by object
`);

/** Those with an owner that we cannot become; apply workers act as the owner. */
export const ownersWeCannotBecome = (tables: string) => tablesWithout(tables, 'set');
/** Those that neither we nor a role whose rights we have owns. */
export const tablesNotOwned = (tables: string) => tablesWithout(tables, 'usage');

export interface ProtectedTable {
  readonly object: string;
  readonly owner: string;
  readonly forced: boolean;
  /** Our own role sees only some of the rows. */
  readonly hidesRowsFromUs: boolean;
  /** The replication role exists already and sees every row. */
  readonly openToReplication: boolean;
}

/** Whether a role `r` sees every row of a table `c` that has row-level security, as superusers do, and owners who do not force it on themselves. */
export const PASSES_BY_POLICIES = "(r.rolsuper or r.rolbypassrls or not c.relforcerowsecurity and pg_has_role(r.oid, c.relowner, 'usage'))";

/** Published tables with row-level security. */
export const protectedTables = (input: Exclusions): Statement<ProtectedTable> =>
  bound(exclusions(input))(`
select format('%I.%I', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner)::text as owner,
  c.relforcerowsecurity as forced, row_security_active(c.oid) as "hidesRowsFromUs",
  exists (
    select from pg_roles as r
    where r.rolname = ${literal(REPLICATION_ROLE)}
      and ${PASSES_BY_POLICIES}
  ) as "openToReplication"
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and c.relrowsecurity and ${INCLUDED_TABLE}
order by object
`);

/** For the operator to run on the target; `schema` is quoted already. */
export const grantCreate = (schema: string, role: string): string => `grant create on schema ${schema} to ${identifier(role)};`;

/** For the operator to run. */
export const grantRole = (role: string, member: string): string => `grant ${identifier(role)} to ${identifier(member)};`;

/** For the operator to run on the source; `routine` is as SQL writes it, with its arguments. */
export const takeRoutine = (routine: string, role: string): string => `alter routine ${routine} owner to ${identifier(role)};`;
export const securityInvoker = (routine: string): string => `alter routine ${routine} security invoker;`;
