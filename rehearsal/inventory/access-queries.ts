/**
 * Who owns what and may do what on one side, by asking the server as each role. Rows are told by a name that both sides share: identifiers are in
 * quotes on both, and the role that migrates is called {@link OURS} on both, as are superusers, and `postgres` where it is a member of that.
 */
import type { Statement } from '../../lambdas/ports/database.ts';
import { statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import type { Entry } from './catalogs.ts';

export const OURS = 'the role that migrates';

/** Names of roles that the platforms, or a migration, have of their own. */
const NOT_USERS = '^(pg_|rds|aws|pscale_|planetscale_migration)';
const HERE = '(select b.oid from pg_database as b where b.datname = current_database())';
const IS_OURS = "(r.rolname = session_user or r.rolsuper or r.rolname = 'postgres' and pg_has_role(session_user, r.oid, 'member'))";
const WHO = `who as (select r.oid, r.rolname, case when ${IS_OURS} then '${OURS}' else r.rolname::text end as name from pg_roles as r
  union all select 0, 'public', 'public')`;

/** Identifiers in quotes, so that both sides say them alike whatever words each version reserves; and back again. */
export const quoteNames = (): Statement => statement('set quote_all_identifiers = on');
export const quoteNamesNoMore = (): Statement => statement('reset quote_all_identifiers');

/** Roles of the user's that own something here, were granted something, are named by a policy or have a setting. */
export const rolesInvolved = (): Statement<{ readonly name: string }> =>
  statement(`
select r.rolname::text as name from pg_roles as r
where r.oid >= 16384 and not ${IS_OURS} and r.rolname !~ '${NOT_USERS}' and (
  exists (select from pg_shdepend as d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
    and (d.dbid = ${HERE} or d.classid = 'pg_database'::regclass and d.objid = ${HERE}))
  or exists (select from pg_db_role_setting as s where s.setrole = r.oid and s.setdatabase = ${HERE}))
order by 1
`);

/** Those of these roles that are there, and the predefined ones. */
export const rolesThere = (names: readonly string[]): Statement<{ readonly name: string }> =>
  statement(`select rolname::text as name from pg_roles where rolname = any ($1::text[]) or rolname like 'pg\\_%'`, [[...names]]);

/** Whether our role can make roles, by itself or as another. */
export const mayMakeRoles = (): Statement<{ readonly may: boolean }> =>
  statement(`select bool_or(rolcreaterole or rolsuper) as may from pg_roles where pg_has_role(session_user, oid, 'member')`);

const notOfExtension = (catalog: string): string =>
  `not exists (select from pg_depend as e where e.classid = '${catalog}'::regclass and e.objid = o.oid and e.deptype in ('e', 'i'))`;
const objectsIn = (catalog: string, prefix: string, condition = 'true'): string =>
  `select '${catalog}'::regclass::oid as classid, o.oid, o.${prefix}owner as owner from ${catalog} as o join pg_namespace as n on n.oid = o.${prefix}namespace
where ${USER_SCHEMA} and ${condition}`;
const theirs = (catalog: string, prefix: string, condition = 'true'): string =>
  objectsIn(catalog, prefix, `${condition} and ${notOfExtension(catalog)}`);

const IS_TYPE = `o.typtype in ('e', 'd', 'r', 'b', 'c') and not exists (select from pg_type as element where element.typarray = o.oid)
and (o.typtype <> 'c' or exists (select from pg_class as c where c.oid = o.typrelid and c.relkind = 'c'))`;
/** Sequences of identity columns depend on their column internally, and are owned all the same. */
const relations = (kinds: string): string => `${objectsIn('pg_class', 'rel', `o.relkind in (${kinds}) and o.relpersistence <> 't'`)}
and not exists (select from pg_depend as e where e.classid = 'pg_class'::regclass and e.objid = o.oid and e.deptype = 'e')`;
const TABLES = relations("'r', 'p', 'v', 'm', 'f'");
const SEQUENCES = relations("'S'");
const SCHEMAS = `select 'pg_namespace'::regclass::oid as classid, n.oid, n.nspowner as owner from pg_namespace as n
where ${USER_SCHEMA} and not exists (select from pg_depend as e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')`;

/** The platform owns `public` in a way of its own, which its grants show. */
export const owners = (): Statement<Entry> =>
  statement(`
with ${WHO}, object as (
  ${[
    TABLES,
    SEQUENCES,
    `${SCHEMAS} and n.nspname <> 'public'`,
    theirs('pg_proc', 'pro'),
    theirs('pg_type', 'typ', IS_TYPE),
    ...[theirs('pg_operator', 'opr'), theirs('pg_opclass', 'opc'), theirs('pg_opfamily', 'opf'), theirs('pg_collation', 'coll')],
    ...[theirs('pg_conversion', 'con'), theirs('pg_ts_dict', 'dict'), theirs('pg_ts_config', 'cfg'), theirs('pg_statistic_ext', 'stx')],
  ].join(' union all ')}
)
select format('owner of %s %s', i.type, i.identity) as name, w.name as detail
from object as o join who as w on w.oid = o.owner cross join lateral pg_identify_object(o.classid, o.oid, 0) as i
`);

/** Every right, and every right to pass it on. @param ask function that is asked */
const rightsBy = (ask: string, rights: readonly string[], object = 'o.oid'): string =>
  `(select string_agg(p, ', ' order by p) from unnest(array[${rights.flatMap((right) => [`'${right}'`, `'${right} WITH GRANT OPTION'`]).join(', ')}]) as p
where ${ask}(w.rolname::text, ${object}, p))`;

/** Rights of each role on each object of a kind, but for its owner's. @param rights SQL of their list */
const rightsOn = (classid: string, objects: string, rights: string): string => `
select format('rights of %s on %s %s', w.name, o.type, o.identity) as name, coalesce(${rights}, 'none') as detail
from (select o.oid, o.owner, i.type, i.identity from (${objects}) as o cross join lateral pg_identify_object('${classid}'::regclass, o.oid, 0) as i offset 0) as o
cross join who as w
where w.rolname = any ($1::text[]) and w.oid <> o.owner`;

const TABLE_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];
const COLUMN_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'];
/** Columns of a right that a role does not have on the table as a whole. */
const COLUMNS = `(select string_agg(format('%s (%I)', p, a.attname), ', ' order by p, a.attname)
from unnest(array[${COLUMN_RIGHTS.flatMap((right) => [`'${right}'`, `'${right} WITH GRANT OPTION'`]).join(', ')}]) as p
join pg_attribute as a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
where case when has_any_column_privilege(w.rolname::text, o.oid, p) and not has_table_privilege(w.rolname::text, o.oid, p)
  then has_column_privilege(w.rolname::text, o.oid, a.attnum, p) else false end)`;

/**
 * MAINTAIN is left out, which older versions do not know, and CONNECT, which a fence takes away.
 * @param roles names, PUBLIC among them
 */
export const rights = (roles: readonly string[]): Statement<Entry> =>
  statement(
    `
with ${WHO} ${[
      rightsOn('pg_class', TABLES, `nullif(concat_ws(', ', ${rightsBy('has_table_privilege', TABLE_RIGHTS)}, ${COLUMNS}), '')`),
      rightsOn('pg_class', SEQUENCES, rightsBy('has_sequence_privilege', ['USAGE', 'SELECT', 'UPDATE'])),
      rightsOn('pg_namespace', SCHEMAS, rightsBy('has_schema_privilege', ['USAGE', 'CREATE'])),
      rightsOn('pg_proc', theirs('pg_proc', 'pro'), rightsBy('has_function_privilege', ['EXECUTE'])),
      rightsOn('pg_type', theirs('pg_type', 'typ', IS_TYPE), rightsBy('has_type_privilege', ['USAGE'])),
      rightsOn('pg_language', 'select oid, lanowner as owner from pg_language', rightsBy('has_language_privilege', ['USAGE'])),
      rightsOn('pg_foreign_server', 'select oid, srvowner as owner from pg_foreign_server', rightsBy('has_server_privilege', ['USAGE'])),
      `
select format('rights of %s on the database', w.name), coalesce(${rightsBy('has_database_privilege', ['CREATE', 'TEMPORARY'], HERE)}, 'none')
from who as w where w.rolname = any ($1::text[])`,
    ].join(' union all ')}
`,
    [[...roles]],
  );

/** Before version 16 a membership inherits as its member does, and lets its member act as the role. @param predefined those of both sides */
export const memberships = (roles: readonly string[], predefined: readonly string[]): Statement<Entry> =>
  statement(
    `
select format('membership of %I in %I', m.rolname, g.rolname) as name, concat_ws(', ',
  case when bool_or(a.admin_option) then 'admin' end,
  case when bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, m.rolinherit)) then 'inherit' end,
  case when bool_or(coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)) then 'set' end) as detail
from pg_auth_members as a join pg_roles as m on m.oid = a.member join pg_roles as g on g.oid = a.roleid
where m.rolname = any ($1::text[]) and (g.rolname = any ($1::text[]) or g.rolname = any ($2::text[]))
group by m.rolname, g.rolname
`,
    [[...roles], [...predefined]],
  );

/** What a role's new objects have, as far as these roles, PUBLIC and ours are concerned. */
export const defaultRights = (roles: readonly string[]): Statement<Entry> =>
  statement(
    `
with ${WHO}, list as (
  select r.oid as role, null::text as schema, k.says, coalesce(x.defaclacl, acldefault(k.base::"char", r.oid)) as acl
  from pg_roles as r cross join (values ('r', 'r', 'tables'), ('S', 's', 'sequences'), ('f', 'f', 'functions'), ('T', 'T', 'types'), ('n', 'n', 'schemas'))
    as k (code, base, says)
  left join pg_default_acl as x on x.defaclrole = r.oid and x.defaclnamespace = 0 and x.defaclobjtype::text = k.code
  union all
  select x.defaclrole, n.nspname, x.defaclobjtype::text, x.defaclacl from pg_default_acl as x join pg_namespace as n on n.oid = x.defaclnamespace where ${USER_SCHEMA}
)
select format('default privileges of %s on %s in %s', w.name, l.says, coalesce(l.schema, 'every schema')) as name,
  string_agg(concat_ws(' ', g.privilege_type, 'to', t.name, case when g.is_grantable then 'with grant option' end), ', '
    order by g.privilege_type, t.name, g.is_grantable) as detail
from list as l join who as w on w.oid = l.role cross join aclexplode(l.acl) as g join who as t on t.oid = g.grantee
where (w.rolname = any ($1::text[]) or w.rolname = session_user) and g.privilege_type <> 'MAINTAIN'
and (t.rolname = any ($1::text[]) or t.rolname = session_user)
group by 1
`,
    [[...roles]],
  );

/** But for the one that a fence sets. */
export const settings = (roles: readonly string[]): Statement<Entry & { readonly setting: string }> =>
  statement(
    `
select split_part(entry, '=', 1) as setting, format('setting %s of %s%s', split_part(entry, '=', 1),
  case when s.setrole = 0 then 'the database' when r.rolname = session_user then '${OURS}' else r.rolname::text end,
  case when s.setrole <> 0 and s.setdatabase <> 0 then ' in the database' end) as name, entry as detail
from pg_db_role_setting as s left join pg_roles as r on r.oid = s.setrole cross join unnest(s.setconfig) as entry
where (s.setdatabase = ${HERE} or s.setdatabase = 0 and s.setrole <> 0)
and (s.setrole = 0 or r.rolname = any ($1::text[]) or r.rolname = session_user)
and split_part(entry, '=', 1) <> 'default_transaction_read_only'
`,
    [[...roles]],
  );

/** Settings that a role without rights of superusers cannot give to anything. */
export const closedSettings = (): Statement<{ readonly name: string }> =>
  statement(`select name from pg_settings where context not in ('user', 'backend')`);
