/**
 * Owners and grants of everything that moves, from the catalogs of one side: one row an object. Grants are told as the difference to what an
 * object of its kind has when it is made, so that the rows of two versions can be compared. To be asked with every name in quotes
 * (`postgres/quoted-names.ts`), so that both sides call an object by the same name.
 *
 * Not listed: what belongs to the database itself as its owner (a switch needs it to be ours), large objects, tablespaces, event triggers (which take
 * a superuser), publications and subscriptions, which do not move.
 */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, USER_SCHEMA } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** One right, as an access list holds it. */
export interface Grant {
  /** The role that has it; null for PUBLIC. */
  readonly to: string | null;
  readonly by: string;
  /** Such as `SELECT`. */
  readonly may: string;
  readonly grantable: boolean;
}

/** An object, or a column of a table. */
export interface ObjectAccess {
  /** As `pg_identify_object` says it, such as `table`, `function`, `operator class`; `column`, `database` and `default privileges` beside these. */
  readonly kind: string;
  /** As SQL writes it, quoted, with what it takes to find it; of a column its table. Empty for the database. */
  readonly name: string;
  /** Quoted; null of anything but a column. */
  readonly column: string | null;
  /** Of a column the owner of its table; of default privileges the role whose objects they are for. */
  readonly owner: string;
  /** Whether the owner can be set: not of what belongs to a column, to an extension or to the system. */
  readonly ownable: boolean;
  /** For default privileges, the schema, quoted, and the kind of objects (`tables`, `functions`, …). */
  readonly schema: string | null;
  readonly objects: string | null;
  /** Rights of others than the owner that the object did not have from the beginning. */
  readonly granted: readonly Grant[];
  /** Rights of others than the owner that it had from the beginning, and has no more. */
  readonly withdrawn: readonly Grant[];
  /** Rights that the owner has given up. */
  readonly givenUp: readonly string[];
}

/** Kinds that GRANT calls tables, as `pg_identify_object` says them. */
export const RELATIONS = ['table', 'view', 'materialized view', 'foreign table'];

/** Members of extensions come with their extension; what was granted on them since is in the difference to `pg_init_privs`. */
const ofExtension = (catalog: string, alias: string): string =>
  `exists (select from pg_depend as e where e.classid = '${catalog}'::regclass and e.objid = ${alias}.oid and e.deptype = 'e')`;

/** Sequences of serial and identity columns belong to the owner of their table. */
const OF_COLUMN = `exists (
  select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
    and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0)`;

const MOVES = `${USER_SCHEMA} and n.nspname <> all ($1::text[])`;

/** Objects of a kind without an access list. */
const ownedOnly = (catalog: string, prefix: string): string => `
select '${catalog}'::regclass::oid, o.oid, o.${prefix}owner, null::aclitem[], null::aclitem[], not ${ofExtension(catalog, 'o')}
from ${catalog} as o join pg_namespace as n on n.oid = o.${prefix}namespace where ${MOVES}`;

/** As (classid, oid, owner, acl, base, ownable): `base` is the access list of one that was just made. `$1` and `$2` are {@link exclusions}. */
export const OBJECTS = `
select 'pg_class'::regclass::oid as classid, c.oid, c.relowner as owner, c.relacl as acl,
  acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner) as base, not (c.relkind = 'S' and ${OF_COLUMN}) as ownable
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
union all
select 'pg_namespace'::regclass, n.oid, n.nspowner, n.nspacl, acldefault('n', n.nspowner), not ${ofExtension('pg_namespace', 'n')}
from pg_namespace as n where ${MOVES}
union all
select 'pg_proc'::regclass, p.oid, p.proowner, p.proacl, acldefault('f', p.proowner), not ${ofExtension('pg_proc', 'p')}
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where ${MOVES} and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
union all
select 'pg_type'::regclass, t.oid, t.typowner, t.typacl, acldefault('T', t.typowner), not ${ofExtension('pg_type', 't')}
from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
where ${MOVES} and t.typtype in ('e', 'd', 'r', 'b', 'c') and not exists (select from pg_type as element where element.typarray = t.oid)
  and (t.typtype <> 'c' or exists (select from pg_class as c where c.oid = t.typrelid and c.relkind = 'c'))
union all
select 'pg_language'::regclass, l.oid, l.lanowner, l.lanacl, acldefault('l', l.lanowner), l.oid >= 16384 and not ${ofExtension('pg_language', 'l')}
from pg_language as l
union all
select 'pg_foreign_data_wrapper'::regclass, f.oid, f.fdwowner, f.fdwacl, acldefault('F', f.fdwowner), not ${ofExtension('pg_foreign_data_wrapper', 'f')}
from pg_foreign_data_wrapper as f
union all
select 'pg_foreign_server'::regclass, s.oid, s.srvowner, s.srvacl, acldefault('S', s.srvowner), not ${ofExtension('pg_foreign_server', 's')}
from pg_foreign_server as s
union all ${ownedOnly('pg_operator', 'opr')}
union all ${ownedOnly('pg_opclass', 'opc')}
union all ${ownedOnly('pg_opfamily', 'opf')}
union all ${ownedOnly('pg_collation', 'coll')}
union all ${ownedOnly('pg_conversion', 'con')}
union all ${ownedOnly('pg_ts_dict', 'dict')}
union all ${ownedOnly('pg_ts_config', 'cfg')}
union all ${ownedOnly('pg_statistic_ext', 'stx')}`;

/** Functions and views of the system on which roles were granted more than the server came with. */
const OF_SYSTEM = `
select 'pg_proc'::regclass::oid, p.oid, p.proowner, p.proacl, acldefault('f', p.proowner), false
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where n.nspname = 'pg_catalog' and p.proacl is not null
union all
select 'pg_class'::regclass, c.oid, c.relowner, c.relacl, acldefault('r', c.relowner), false
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') and c.relacl is not null`;

const ENTRY = `jsonb_build_object('to', case g.grantee when 0 then null else pg_get_userbyid(g.grantee) end, 'by', pg_get_userbyid(g.grantor),
  'may', g.privilege_type, 'grantable', g.is_grantable)`;

/** Of the entries of one access list those that another lacks. @param owner whose own rights are left out */
const beyond = (list: string, other: string, owner: string): string => `coalesce((
  select jsonb_agg(${ENTRY} order by g.grantee, g.grantor, g.privilege_type) from aclexplode(${list}) as g
  where g.grantee <> ${owner} and (g.grantee, g.privilege_type, g.is_grantable) not in (
    select b.grantee, b.privilege_type, b.is_grantable from aclexplode(${other}) as b)), '[]')`;

const GIVEN_UP = (list: string, base: string, owner: string): string => `coalesce((
  select jsonb_agg(b.privilege_type order by b.privilege_type) from aclexplode(${base}) as b
  where b.grantee = ${owner} and b.privilege_type <> 'MAINTAIN' and b.privilege_type not in (
    select g.privilege_type from aclexplode(${list}) as g where g.grantee = ${owner})), '[]')`;

const NO_COLUMN = 'null::text as "column"';
const NO_DEFAULTS = 'null::text as schema, null::text as objects';

/** Where there is no list of its own, an object has the one it was made with. */
const WITH_LISTS = `
  cross join lateral (select i.type, i.identity from pg_identify_object(o.classid, o.oid, 0) as i offset 0) as i
  left join pg_init_privs as ip on ip.classoid = o.classid and ip.objoid = o.oid and ip.objsubid = 0
  cross join lateral (select case when i.type <> 'schema' and (not o.ownable or o.oid < 16384) then coalesce(ip.initprivs, o.base) else o.base end as base offset 0) as was`;

const COLUMNS = `
select 'column' as kind, i.identity as name, quote_ident(a.attname) as "column", pg_get_userbyid(c.relowner)::text as owner, false as ownable,
  ${NO_DEFAULTS}, ${beyond('a.attacl', 'null::aclitem[]', 'c.relowner')} as granted, '[]'::jsonb as withdrawn, '[]'::jsonb as "givenUp"
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null
cross join lateral (select i.identity from pg_identify_object('pg_class'::regclass, c.oid, 0) as i offset 0) as i
where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${INCLUDED_TABLE}`;

const DATABASE = `
select 'database', '', ${NO_COLUMN}, pg_get_userbyid(b.datdba)::text, false, ${NO_DEFAULTS},
  ${beyond('coalesce(b.datacl, was.base)', 'was.base', 'b.datdba')}, ${beyond('was.base', 'coalesce(b.datacl, was.base)', 'b.datdba')}, '[]'::jsonb
from pg_database as b cross join lateral (select acldefault('d', b.datdba) as base) as was
where b.datname = current_database()`;

/** Those without a schema replace what an object has from the beginning; those of a schema are added to it. */
const DEFAULTS = `
select 'default privileges', '', ${NO_COLUMN}, pg_get_userbyid(x.defaclrole)::text, false,
  quote_ident(n.nspname), k.objects,
  ${beyond('x.defaclacl', 'was.base', 'x.defaclrole')}, ${beyond('was.base', 'x.defaclacl', 'x.defaclrole')}, '[]'::jsonb
from pg_default_acl as x
left join pg_namespace as n on n.oid = x.defaclnamespace
join (values ('r', 'r', 'tables'), ('S', 's', 'sequences'), ('f', 'f', 'functions'), ('T', 'T', 'types'), ('n', 'n', 'schemas'))
  as k (code, base, objects) on k.code = x.defaclobjtype::text
cross join lateral (
  select case x.defaclnamespace when 0 then acldefault(k.base::"char", x.defaclrole) else null end as base
) as was
where n.oid is null or ${MOVES}`;

/**
 * @param input exclusions; what an excluded table takes along is not on the other side either, so it may be listed
 */
export const accessOf = (input: Exclusions): Statement<ObjectAccess> =>
  bound(exclusions(input))(`
with object as (${OBJECTS}), of_system as (${OF_SYSTEM})
select i.type as kind, i.identity as name, ${NO_COLUMN}, pg_get_userbyid(o.owner)::text as owner, o.ownable, ${NO_DEFAULTS},
  ${beyond('coalesce(o.acl, was.base)', 'was.base', 'o.owner')} as granted, ${beyond('was.base', 'coalesce(o.acl, was.base)', 'o.owner')} as withdrawn,
  ${GIVEN_UP('coalesce(o.acl, was.base)', 'was.base', 'o.owner')} as "givenUp"
from object as o ${WITH_LISTS}
union all
select * from (
  select i.type, i.identity, ${NO_COLUMN}, pg_get_userbyid(o.owner)::text, false, ${NO_DEFAULTS},
    (select coalesce(jsonb_agg(e), '[]') from jsonb_array_elements(${beyond('o.acl', 'was.base', 'o.owner')}) as e where e ->> 'to' is not null) as granted,
    '[]'::jsonb as withdrawn, '[]'::jsonb as "givenUp"
  from (select * from of_system as o) as o (classid, oid, owner, acl, base, ownable) ${WITH_LISTS}
) as s where s.granted <> '[]'
union all ${COLUMNS}
union all ${DATABASE}
union all ${DEFAULTS}
`);
