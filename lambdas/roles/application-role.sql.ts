/** The role of the application on the target: its state, and the rights that its user has on the source. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { MAY_ACT_AS } from '../postgres/acting-role.sql.ts';
import { bound, identifier, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

export interface ApplicationRoleState {
  readonly exists: boolean;
  readonly mayLogIn: boolean;
  /** Whether we, or a role as which we may act, may give it a password. From version 16 on. */
  readonly administered: boolean;
  readonly mayConnect: boolean;
  readonly mayMakeTemporary: boolean;
  /** Kinds of objects that will be ours and on which it would have no rights. */
  readonly closedDefaults: readonly string[];
}

/** What ALTER DEFAULT PRIVILEGES calls the kinds of objects, by their codes in the catalog. */
const DEFAULTS = `(values ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas')) as k (code, objects)`;

export const applicationRoleState = (role: string): Statement<ApplicationRoleState> =>
  bound([role])(`
select t.oid is not null as "exists", coalesce(t.rolcanlogin, false) as "mayLogIn",
  exists (select from pg_roles as r where ${MAY_ACT_AS} and (r.rolsuper
    or r.rolcreaterole and not t.rolsuper and pg_has_role(r.oid, t.oid, 'member with admin option'))) as administered,
  coalesce(has_database_privilege(t.oid, current_database(), 'connect'), false) as "mayConnect",
  coalesce(has_database_privilege(t.oid, current_database(), 'temporary'), false) as "mayMakeTemporary",
  array(select k.objects from ${DEFAULTS} where not exists (
    select from pg_default_acl as d cross join aclexplode(d.defaclacl) as g
    where d.defaclrole = (select oid from pg_roles where rolname = session_user) and d.defaclnamespace = 0 and d.defaclobjtype::text = k.code
      and g.grantee = t.oid)) as "closedDefaults"
from (values ($1::text)) as asked (name) left join pg_roles as t on t.rolname = asked.name
`);

/** An object, and what a role may do with it. */
export interface RightsOn {
  /** What GRANT calls its kind. */
  readonly kind: 'table' | 'sequence' | 'routine' | 'type' | 'schema';
  /** As SQL writes it, quoted. */
  readonly name: string;
  readonly may: readonly string[];
  /** Rights that our own role may pass on. */
  readonly toGive: readonly string[];
}

const MOVES = `${USER_SCHEMA} and n.nspname <> all ($1::text[])`;
const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend as e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype in ('e', 'i'))`;

const OBJECTS = `
select 'table' as kind, 'pg_class'::regclass::oid as classid, c.oid, c.relowner as owner,
  array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'] as rights
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
union all
select 'sequence', 'pg_class'::regclass, c.oid, c.relowner, array['usage', 'select', 'update']
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'S' and c.relpersistence <> 't' and ${INCLUDED_TABLE}
union all
select 'routine', 'pg_proc'::regclass, p.oid, p.proowner, array['execute']
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where ${MOVES} and ${notOfExtension('pg_proc', 'p.oid')}
union all
select 'type', 'pg_type'::regclass, t.oid, t.typowner, array['usage']
from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
where ${MOVES} and ${notOfExtension('pg_type', 't.oid')} and t.typtype in ('e', 'd', 'r', 'b', 'c')
  and not exists (select from pg_type as element where element.typarray = t.oid)
  and (t.typtype <> 'c' or exists (select from pg_class as c where c.oid = t.typrelid and c.relkind = 'c'))
union all
select 'schema', 'pg_namespace'::regclass, n.oid, n.nspowner, array['usage', 'create']
from pg_namespace as n where ${MOVES} and ${notOfExtension('pg_namespace', 'n.oid')}`;

/** Before version 17 MAINTAIN is no right of its own, but what the owner may do. */
const has = (role: string, right: string, passingOn: boolean): string => `
    case
      when o.kind = 'table' and ${right} = 'maintain' and current_setting('server_version_num')::int < 170000
        then ${passingOn ? 'false' : `pg_has_role(${role}, o.owner, 'usage')`}
      else ${['table', 'sequence', 'routine', 'type', 'schema'].reduceRight(
        (otherwise, kind) =>
          `case when o.kind = '${kind}' then has_${kind === 'routine' ? 'function' : kind}_privilege(${role}, o.oid, ${right}${
            passingOn ? ` || ' with grant option'` : ''
          }) else ${otherwise} end`,
        'false',
      )}
    end`;

/**
 * Of everything that moves, but for members of extensions. To be asked with every name in quotes, so that both sides call an object by the same
 * name. Rights on single columns and grant options are not among it.
 * @param role whose rights; one that is not there has none
 */
export const rightsOfRole = (role: string, input: Exclusions): Statement<RightsOn> =>
  bound([...exclusions(input), role])(`
with object as (${OBJECTS}),
asked as (
  select (select oid from pg_roles where rolname = $3::text) as role, (select oid from pg_roles where rolname = session_user) as ours
)
select o.kind, i.identity as name,
  array(select r.may from unnest(o.rights) as r (may) where a.role is not null and ${has('a.role', 'r.may', false)}) as may,
  array(select r.may from unnest(o.rights) as r (may) where ${has('a.ours', 'r.may', true)}) as "toGive"
from object as o cross join asked as a
cross join lateral (select i.identity from pg_identify_object(o.classid, o.oid, 0) as i offset 0) as i
`);

export const grantTemporary = (role: string, database: string): Statement =>
  statement(`grant temporary on database ${identifier(database)} to ${identifier(role)}`);

/** On what our role will make. @param objects what ALTER DEFAULT PRIVILEGES calls their kind */
export const grantOnFuture = (role: string, objects: string): Statement =>
  statement(`alter default privileges grant all on ${objects} to ${identifier(role)}`);

/** It stays the role that it was before. @param role one that was there before the migration */
export const takeLogin = (role: string): Statement => statement(`alter role ${identifier(role)} nologin password null`);
