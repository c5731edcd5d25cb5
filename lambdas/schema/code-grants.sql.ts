/**
 * Grants, as parts of the list of `code-objects.sql.ts`: one row an object that grants anything to a role other than its owner, or
 * takes from PUBLIC what it has by default. Grants to our own replication role are left out.
 */
import { USER_SCHEMA } from '../postgres/quote.ts';

/** `$4` is our role. */
const holders = (acl: string, owner: string): string => `(
  select string_agg(distinct format('%s to %s%s', lower(g.privilege_type), case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee)::text end,
    case when g.is_grantable then ' with grant option' else '' end), ', ')
  from aclexplode(${acl}) as g where g.grantee <> ${owner} and (g.grantee = 0 or pg_get_userbyid(g.grantee) <> $4::text))`;

const INCLUDED = `${USER_SCHEMA} and n.nspname <> all ($1::text[])`;
const KIND = `case r.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end || r.oid::regclass`;

const ON_RELATIONS = `
select 'grants on ' || ${KIND}, h.words, null, array[${KIND}]
from relations as r cross join lateral (select ${holders('r.relacl', 'r.relowner')} as words offset 0) as h
where r.relacl is not null and h.words is not null`;

const ON_COLUMNS = `
select 'grants on column ' || r.oid::regclass || '.' || quote_ident(a.attname), h.words, null, array[${KIND}]
from relations as r
cross join lateral (select * from pg_attribute as a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null offset 0) as a
cross join lateral (select ${holders('a.attacl', 'r.relowner')} as words offset 0) as h
where h.words is not null`;

/** By default PUBLIC may call functions and use types, so an empty list of grants is listed, too. */
const ON_ROUTINES = `
select 'grants on function ' || p.oid::regprocedure, coalesce(${holders('p.proacl', 'p.proowner')}, 'nothing to anybody'), null,
  array['function ' || p.oid::regprocedure, 'procedure ' || p.oid::regprocedure]
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where p.proacl is not null and ${INCLUDED}
  and not exists (select from pg_depend as x where x.classid = 'pg_proc'::regclass and x.objid = p.oid and x.deptype = 'e')`;

const ON_TYPES = `
select 'grants on type ' || format_type(t.oid, null), coalesce(${holders('t.typacl', 't.typowner')}, 'nothing to anybody'), null,
  array['type ' || format_type(t.oid, null)]
from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
where t.typacl is not null and ${INCLUDED}`;

const ON_SCHEMAS = `
select 'grants on schema ' || quote_ident(n.nspname), h.words, null, array['schema ' || quote_ident(n.nspname)]
from pg_namespace as n cross join lateral (select ${holders('n.nspacl', 'n.nspowner')} as words offset 0) as h
where n.nspacl is not null and h.words is not null and ${INCLUDED}`;

const BY_DEFAULT = `
select 'default grants of ' || pg_get_userbyid(d.defaclrole) || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' on '
    || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
  coalesce(${holders('d.defaclacl', 'd.defaclrole')}, 'nothing to anybody'), null, array[]::text[]
from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace
where (n.oid is null or ${INCLUDED}) and pg_get_userbyid(d.defaclrole) <> $4::text
  and (d.defaclobjtype in ('f', 'T') or ${holders('d.defaclacl', 'd.defaclrole')} is not null)`;

export const GRANTS: readonly string[] = [ON_RELATIONS, ON_COLUMNS, ON_ROUTINES, ON_TYPES, ON_SCHEMAS, BY_DEFAULT];
