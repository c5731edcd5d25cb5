/**
 * The roles that are trusted, and objects under our names that are not ours. Nothing is trusted because of its name: a role that may create
 * schemas may have made one of our name, with a view or a function in it that would run with our rights. Everything here reads catalogs and
 * touches no object that it judges.
 */
import { EMPTY_PUBLICATION, PUBLICATION, SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { literal, statement } from '../postgres/quote.ts';

/**
 * Roles that could do what our role does anyway: superusers, roles that may become ours, master users of RDS, and the platform's own role
 * that ours is a member of and that has all the attributes which only an administrator can pass on (PlanetScale's `postgres`), with every
 * member of that one. That we are a member of a role is no reason by itself: we ask to be made a member of the owners of tables. A role
 * called rds_superuser counts only beside the superuser rdsadmin, which only RDS can have made.
 */
export const TRUSTED_ROLES = `
us as (
  select oid from pg_roles where rolname = current_user
), trusted as (
  select r.oid from pg_roles as r cross join us
  where r.rolsuper or pg_has_role(r.oid, us.oid, 'member')
    or exists (select from pg_roles as p where p.rolcreaterole and p.rolreplication and p.rolbypassrls
      and pg_has_role(us.oid, p.oid, 'member') and pg_has_role(r.oid, p.oid, 'member'))
    or exists (select from pg_roles as g where g.rolname = 'rds_superuser' and pg_has_role(r.oid, g.oid, 'member'))
      and exists (select from pg_roles as a where a.rolname = 'rdsadmin' and a.rolsuper)
)`;

/** Something that carries our name and is not ours, or not ours alone. */
export interface Fault {
  /** Such as `view planetscale_migration.gate`. */
  readonly object: string;
  /** The fault, as the rest of a sentence. */
  readonly fault: string;
  /** SQL for the operator to run. */
  readonly mend: string;
}

export interface OwnSchemaState {
  readonly exists: boolean;
  /** Whether this transaction's snapshot shows it; names are resolved by the newest state, so one without the other is a schema of just now. */
  readonly visible: boolean;
  readonly faults: readonly Fault[];
}

const NAME = literal(SCHEMA);
const DROP = `'drop schema ${SCHEMA} cascade'`;
const GRANTEE = "case a.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end";
const OURS = "'pg_class'::regclass";

/** Where the schema itself belongs to another role, nothing in it is worth mending by itself. */
const MEND = `case when exists (select from ours where nspowner not in (select oid from trusted)) then ${DROP} else f.mend end || ';'`;

/** Each fault as (`sort`, `object`, `fault`, `mend`). What a schema contains, of whatever kind, says so in pg_depend. */
const SCHEMA_FAULTS = `
select 1 as sort, 'schema ${SCHEMA}' as object, 'belongs to ' || quote_ident(pg_get_userbyid(n.nspowner)) as fault, ${DROP} as mend
from ours as n where n.nspowner not in (select oid from trusted)
union all
select 12, 'schema ${SCHEMA}', 'lets ' || ${GRANTEE} || ' create in it', 'revoke create on schema ${SCHEMA} from ' || ${GRANTEE}
from ours as n cross join aclexplode(n.nspacl) as a
where a.privilege_type = 'CREATE' and a.grantee not in (select oid from trusted) and a.grantee <> n.nspowner
union all
select 3, pg_describe_object(o.classid, o.objid, 0), 'is no plain table and belongs to ' || coalesce((
    select quote_ident(pg_get_userbyid(s.refobjid)) from pg_shdepend as s
    where s.dbid = (select oid from pg_database where datname = current_database()) and s.classid = o.classid and s.objid = o.objid
      and s.deptype = 'o'), 'the superuser'),
  case when o.classid = 'pg_default_acl'::regclass then ${DROP} else 'drop ' || i.type || ' ' || i.identity || ' cascade' end
from content as o cross join pg_identify_object(o.classid, o.objid, 0) as i
where not (o.classid = ${OURS} and o.objid in (select oid from tables))
union all
select 11, 'table ' || t.name, 'belongs to ' || quote_ident(pg_get_userbyid(t.relowner)), 'drop table ' || t.name || ' cascade'
from tables as t where t.relowner not in (select oid from trusted)
union all
select 13, 'table ' || t.name, 'lets ' || ${GRANTEE} || ' do more than read (' || lower(a.rights) || ')',
  'revoke ' || lower(a.rights) || ' on table ' || t.name || ' from ' || ${GRANTEE}
from tables as t cross join lateral (
  select x.grantee, string_agg(distinct x.privilege_type, ', ') as rights
  from (
    select x.grantee, x.privilege_type from aclexplode(t.relacl) as x
    union all
    select x.grantee, x.privilege_type from pg_attribute as c cross join aclexplode(c.attacl) as x where c.attrelid = t.oid
  ) as x
  where x.privilege_type <> 'SELECT' group by x.grantee
) as a
where a.grantee not in (select oid from trusted) and a.grantee <> t.relowner
union all
select 4, 'table ' || t.name, 'has row-level security', 'alter table ' || t.name || ' disable row level security'
from tables as t where t.relrowsecurity
union all
select 4, pg_describe_object(x.classid, x.objid, 0), 'is none of ours', case when i.type is null then ${DROP} else
  'drop ' || case i.type when 'statistics object' then 'statistics' else i.type end || ' ' || i.identity end
from (
  select 'pg_trigger'::regclass as classid, oid as objid from pg_trigger where tgrelid = any ((select oids from list)::oid[]) and not tgisinternal
  union all select 'pg_rewrite'::regclass, oid from pg_rewrite where ev_class = any ((select oids from list)::oid[])
  union all select 'pg_policy'::regclass, oid from pg_policy where polrelid = any ((select oids from list)::oid[])
  union all select 'pg_statistic_ext'::regclass, oid from pg_statistic_ext where stxrelid = any ((select oids from list)::oid[])
) as x cross join pg_identify_object(x.classid, x.objid, 0) as i
union all
select 7, 'table ' || i.inhrelid::regclass, 'inherits from ' || i.inhparent::regclass,
  'alter table ' || i.inhrelid::regclass || ' no inherit ' || i.inhparent::regclass
from pg_inherits as i where i.inhrelid = any ((select oids from list)::oid[]) or i.inhparent = any ((select oids from list)::oid[])
union all
select 8, pg_describe_object('pg_constraint'::regclass, k.oid, 0), 'refers to a table of ours',
  'alter table ' || k.conrelid::regclass || ' drop constraint ' || quote_ident(k.conname)
from tables as t
cross join lateral (select d.objid from pg_depend as d
  where d.refclassid = ${OURS} and d.refobjid = t.oid and d.classid = 'pg_constraint'::regclass offset 0) as d
join pg_constraint as k on k.oid = d.objid
where k.contype = 'f' and k.confrelid = t.oid and k.conrelid not in (select oid from tables)
union all
select 5, pg_describe_object(p.classid, p.objid, d.objsubid), 'uses ' || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), ${DROP}
from parts as p
cross join lateral (select d.objsubid, d.refclassid, d.refobjid, d.refobjsubid from pg_depend as d
  where d.classid = p.classid and d.objid = p.objid and d.deptype <> 'p' offset 0) as d
where (d.refclassid, d.refobjid) not in (select classid, objid from parts)
  and d.refclassid not in ('pg_namespace'::regclass, 'pg_am'::regclass)
union all
select 6, pg_describe_object(e.classid, e.objid, 0), 'calls ' || f.oid::regprocedure, ${DROP}
from (
  select 'pg_attrdef'::regclass as classid, oid as objid, adbin::text as tree from pg_attrdef
  where adrelid = any ((select oids from list)::oid[])
  union all select 'pg_constraint'::regclass, oid, conbin::text from pg_constraint where conrelid = any ((select oids from list)::oid[])
  union all select ${OURS}, indexrelid, concat(indexprs::text, indpred::text) from pg_index where indrelid = any ((select oids from list)::oid[])
) as e
cross join regexp_matches(e.tree, ':(?:op)?funcid (\\d+)', 'g') as called
join pg_proc as f on f.oid = called[1]::oid
where f.provolatile <> 'i' and f.pronargs > 0`;

/**
 * Whether our schema is there and ours. It is only if a trusted role owns it and everything in it, if no other role may create in it or write
 * to it, and if it holds plain tables and nothing that runs code: no trigger, rule, policy or child, and no expression, type or operator from
 * outside of pg_catalog. Functions of pg_catalog that run any text they are given (query_to_xml) take arguments and are not immutable.
 */
export const ownSchemaState = (): Statement<OwnSchemaState> =>
  statement(`
with ${TRUSTED_ROLES}, ours as (
  select oid, nspowner, nspacl from pg_namespace where nspname = ${NAME}
), content as (
  select d.classid, d.objid from pg_depend as d
  where d.refclassid = 'pg_namespace'::regclass and d.refobjid = (select oid from ours)
), tables as (
  select c.oid, c.oid::regclass::text as name, c.relowner, c.relacl, c.relrowsecurity, c.reltype
  from content as o join pg_class as c on c.oid = o.objid
  where o.classid = ${OURS} and c.relkind = 'r' and c.relpersistence = 'p'
), list as (
  select array(select oid from tables) as oids
), parts as (
  select ${OURS}::oid as classid, oid as objid from tables
  union all select ${OURS}, indexrelid from pg_index where indrelid = any ((select oids from list)::oid[])
  union all select 'pg_constraint'::regclass, oid from pg_constraint where conrelid = any ((select oids from list)::oid[])
  union all select 'pg_attrdef'::regclass, oid from pg_attrdef where adrelid = any ((select oids from list)::oid[])
  union all select 'pg_type'::regclass, y.oid from tables as t join pg_type as y on y.oid = t.reltype
), fault as (${SCHEMA_FAULTS}
)
select to_regnamespace(${NAME}) is not null as exists, exists (select from ours) as visible,
  coalesce((select json_agg(json_build_object('object', f.object, 'fault', f.fault, 'mend', ${MEND}) order by f.sort, f.object, f.fault)
    from fault as f), '[]') as faults
`);

/** Predefined roles with which a login could do more harm than read. */
const HARMFUL = "'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_write_all_data', 'pg_signal_backend'";

/**
 * Roles, publications and subscriptions of our names that are not ours alone. A member of a role of ours, be it for passing it on only,
 * can take over its login; before version 16 every role with CREATEROLE can, whatever stands here. That a role of ours is a member of the
 * owner of a table with row-level security is what Preflight asks for.
 */
export const namesNotOurs = (): Statement<Fault> =>
  statement(`
with ${TRUSTED_ROLES}, streamer as (
  select oid, rolname, quote_ident(rolname) as name, rolsuper, rolcreaterole, rolcreatedb from pg_roles where starts_with(rolname, '${SCHEMA}_')
), fault as (
  select 'role ' || s.name as object, 'has ' || m.rolname || ' as a member' as fault,
    'drop role ' || s.name as mend
  from streamer as s join pg_roles as m on m.oid <> s.oid and pg_has_role(m.oid, s.oid, 'member')
  where m.oid not in (select oid from trusted) and m.oid not in (select oid from streamer)
  union all
  select 'role ' || s.name, 'has more rights than reading takes (' || concat_ws(', ', case when s.rolsuper then 'superuser' end,
      case when s.rolcreaterole then 'createrole' end, case when s.rolcreatedb then 'createdb' end) || ')',
    'alter role ' || s.name || ' nosuperuser nocreaterole nocreatedb'
  from streamer as s where s.rolsuper or s.rolcreaterole or s.rolcreatedb
  union all
  select 'role ' || s.name, 'is a member of ' || g.rolname, 'revoke ' || quote_ident(g.rolname) || ' from ' || s.name
  from streamer as s join pg_auth_members as a on a.member = s.oid join pg_roles as g on g.oid = a.roleid
  where not s.rolsuper and (g.oid in (select oid from trusted) or g.rolname in (${HARMFUL}) or g.rolcreaterole)
    and not exists (select from pg_class as c where c.relowner = g.oid and c.relkind in ('r', 'p') and c.relrowsecurity)
  union all
  select 'publication ' || quote_ident(p.pubname), 'belongs to ' || quote_ident(pg_get_userbyid(p.pubowner)),
    'drop publication ' || quote_ident(p.pubname)
  from pg_publication as p where p.pubname in (${literal(PUBLICATION)}, ${literal(EMPTY_PUBLICATION)}) and p.pubowner not in (select oid from trusted)
  union all
  select 'subscription ' || quote_ident(s.subname), 'belongs to ' || quote_ident(pg_get_userbyid(s.subowner)),
    'drop subscription ' || quote_ident(s.subname)
  from pg_subscription as s
  where s.subdbid = (select oid from pg_database where datname = current_database()) and starts_with(s.subname, '${SCHEMA}_')
    and s.subowner not in (select oid from trusted)
)
select object, fault, mend || ';' as mend from fault order by object, fault
`);
