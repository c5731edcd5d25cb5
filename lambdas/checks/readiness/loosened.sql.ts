/**
 * Rights and settings that a dump without owners and privileges does not carry, and what is looser on the target for it. Statements are for
 * the operator to run there; names are quoted by the server.
 */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';
import { LISTS } from '../../roles/settings.sql.ts';

export interface Loosened {
  readonly object: string;
  readonly statement: string;
}

const own = (catalog: string, alias: string): string =>
  `not exists (select from pg_depend as e where e.classid = '${catalog}'::regclass and e.objid = ${alias}.oid and e.deptype = 'e')`;
const GRANTEE = "case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end";

/** Whether an access list, as it is in force, gives PUBLIC a right; its default does. */
const publicMay = (list: string, kind: string, owner: string, right: string): string =>
  `exists (select from aclexplode(coalesce(${list}, acldefault(${kind}, ${owner}))) as a where a.grantee = 0 and a.privilege_type = '${right}')`;

const ROUTINE = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";
const KIND = "case p.prokind when 'p' then 'procedure' else 'function' end";

/** Routines that PUBLIC may not execute on the source, and every role may on the target. */
export const closedRoutines = (input: Exclusions): Statement<Loosened> =>
  bound([[...input.excludeSchemas]])(`
select ${KIND} || ' ' || ${ROUTINE} || case when p.prosecdef then ' (security definer)' else '' end as object,
  'revoke execute on ' || ${KIND} || ' ' || ${ROUTINE} || ' from public;' || coalesce((
    select ' grant execute on ' || ${KIND} || ' ' || ${ROUTINE} || ' to ' || string_agg(distinct ${GRANTEE}, ', ') || ';'
    from aclexplode(p.proacl) as a where a.grantee not in (0, p.proowner)), '') as statement
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${own('pg_proc', 'p')}
  and not ${publicMay('p.proacl', "'f'", 'p.proowner', 'EXECUTE')}
order by object
`);

/** Types and languages that PUBLIC may not use. */
export const closedTypes = (input: Exclusions): Statement<Loosened> =>
  bound([[...input.excludeSchemas]])(`
select 'type ' || format('%I.%I', n.nspname, t.typname) as object, 'revoke usage on type ' || format('%I.%I', n.nspname, t.typname) || ' from public;' as statement
from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and t.typacl is not null and ${own('pg_type', 't')}
  and not ${publicMay('t.typacl', "'T'", 't.typowner', 'USAGE')}
order by object
`);

export interface OwnedView {
  readonly object: string;
  readonly owner: string;
  readonly statement: string;
}

/**
 * Views that read tables with the rights of an owner who is not the owner of the tables: on the target one role owns both, and an owner passes
 * by policies. Views with security_invoker (from 15 on) read with the rights of the role that queries them, and so they do there.
 */
export const viewsOfOthers = (input: Exclusions): Statement<OwnedView> =>
  bound(exclusions(input))(`
select distinct case c.relkind when 'm' then 'materialized view ' else 'view ' end || format('%I.%I', n.nspname, c.relname)
    || case when r.relrowsecurity then ' over row security of ' || format('%I.%I', rn.nspname, r.relname) else '' end as object,
  pg_get_userbyid(c.relowner)::text as owner,
  format('alter %s %I.%I owner to %I;', case c.relkind when 'm' then 'materialized view' else 'view' end, n.nspname, c.relname,
    pg_get_userbyid(c.relowner)) as statement
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_rewrite as w on w.ev_class = c.oid
join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
join pg_class as r on r.oid = d.refobjid and r.relkind in ('r', 'p') and r.relowner <> c.relowner
join pg_namespace as rn on rn.oid = r.relnamespace
where c.relkind in ('v', 'm') and ${INCLUDED_TABLE} and not coalesce(c.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
order by object
`);

/** Security definer routines whose owner may do less than the role that makes the copy. */
export const definersOfOwners = (input: Exclusions): Statement<OwnedView> =>
  bound([[...input.excludeSchemas]])(`
select ${KIND} || ' ' || ${ROUTINE} as object, pg_get_userbyid(p.proowner)::text as owner,
  'alter ' || ${KIND} || ' ' || ${ROUTINE} || ' owner to ' || quote_ident(pg_get_userbyid(p.proowner)) || ';' as statement
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where p.prosecdef and ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${own('pg_proc', 'p')}
order by object
`);

/** Number of rights that are granted to roles other than the owner, by kind; without them these roles may do less on the target. */
export const grantCounts = (input: Exclusions): Statement<{ kind: string; count: number; roles: string }> =>
  bound(exclusions(input))(`
with granted (kind, grantee) as (
  select case c.relkind when 'S' then 'sequences' else 'tables and views' end, a.grantee
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace cross join aclexplode(c.relacl) as a
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and a.grantee <> c.relowner and ${INCLUDED_TABLE}
  union all
  select 'columns', a.grantee
  from pg_attribute as t join pg_class as c on c.oid = t.attrelid join pg_namespace as n on n.oid = c.relnamespace cross join aclexplode(t.attacl) as a
  where t.attacl is not null and not t.attisdropped and ${INCLUDED_TABLE}
  union all
  select 'schemas', a.grantee
  from pg_namespace as n cross join aclexplode(n.nspacl) as a
  where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and a.grantee not in (0, n.nspowner)
  union all
  select 'default privileges', a.grantee from pg_default_acl as x cross join aclexplode(x.defaclacl) as a where a.grantee <> x.defaclrole
)
select kind, count(*)::float8 as count, string_agg(distinct case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end, ', ') as roles
from granted group by kind order by kind
`);

/** Default privileges that revoke a right from PUBLIC; without them PUBLIC has it on objects that are made later on the target. */
export const closedDefaults = (): Statement<Loosened> =>
  statement(`
select 'default privileges of ' || quote_ident(pg_get_userbyid(x.defaclrole)) || ' on ' || k.things as object,
  format('alter default privileges for role %I revoke %s on %s from public;', pg_get_userbyid(x.defaclrole), k.privilege, k.things) as statement
from pg_default_acl as x
join (values ('f', 'execute', 'functions'), ('T', 'usage', 'types')) as k (code, privilege, things) on k.code = x.defaclobjtype::text
where x.defaclnamespace = 0 and not exists (select from aclexplode(x.defaclacl) as a where a.grantee = 0)
order by object
`);

export interface SettingAsStatement {
  readonly object: string;
  readonly statement: string;
}

const LIST_NAMES = `'{${[...LISTS].join(', ')}}'::text[]`;

/**
 * Settings of this database, of roles, and of roles in this database, without those of the platform's roles and of ours. A setting of the
 * application (a name with a dot) may be a secret, so its value is not shown. Lists are set through the session, which takes them as they
 * are printed. https://www.postgresql.org/docs/current/catalog-pg-db-role-setting.html
 * @param ours our roles, whose settings we make ourselves
 */
export const settingsAsStatements = (ours: readonly string[], targetDatabase: string): Statement<SettingAsStatement> =>
  bound([[...ours], targetDatabase])(`
select concat_ws(' in ', 'role ' || quote_ident(pg_get_userbyid(nullif(s.setrole, 0))),
    case s.setdatabase when 0 then null else 'database ' || quote_ident(current_database()) end) || ': ' || e.name as object,
  case when e.name = any (${LIST_NAMES}) then format('select set_config(%L, %L, false); alter %s set %s from current;', e.name, e.value, o.owner, e.quoted)
    when e.name like '%.%' then format('alter %s set %s to ''…'';', o.owner, e.quoted)
    else format('alter %s set %s to %L;', o.owner, e.quoted, e.value) end as statement
from pg_db_role_setting as s
cross join unnest(s.setconfig) as entry
cross join lateral (
  select split_part(entry, '=', 1) as name, substr(entry, position('=' in entry) + 1) as value, (
    select string_agg(quote_ident(part), '.' order by place)
    from unnest(string_to_array(split_part(entry, '=', 1), '.')) with ordinality as p (part, place)) as quoted
) as e
cross join lateral (
  select case when s.setrole = 0 then format('database %I', $2::text)
    else format('role %I', pg_get_userbyid(s.setrole)) || case when s.setdatabase = 0 then '' else format(' in database %I', $2::text) end
  end as owner
) as o
where s.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
  and (s.setdatabase <> 0 or s.setrole <> 0)
  and (s.setrole = 0 or pg_get_userbyid(s.setrole)::text !~ '^(rds|pg_|pscale_)' and pg_get_userbyid(s.setrole)::text <> all ($1::text[]))
order by object
`);
