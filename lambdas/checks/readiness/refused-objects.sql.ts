/**
 * Objects that a target refuses to create for a role that is no superuser, by the source's catalog, and what depends on them. The rules are
 * in the manual's pages of the commands: create function (languages, LEAKPROOF, SET, SUPPORT), create cast, create operator class, create type,
 * create text search template and parser, create foreign data wrapper, create access method, create language, create aggregate.
 */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

/** The target's settings on which the answer depends. */
export interface TargetLimits {
  /** Settings that the target role may not set. */
  readonly closedSettings: readonly string[];
  /** Settings that it has, closed ones included. */
  readonly settings: readonly string[];
}

/** Objects with a lower OID came with the server (src/include/access/transam.h, FirstNormalObjectId). */
const FIRST_USER_OID = 16_384;

/** Whether an object was created by itself, not with another one, as an extension's members or the constructors of a range type are. */
const own = (catalog: string, alias: string): string =>
  `not exists (select from pg_depend as e where e.classid = '${catalog}'::regclass and e.objid = ${alias}.oid and e.deptype in ('e', 'i'))`;

/** Objects of a catalog, with the schema that they live in as `n`. */
const inSchema = (catalog: string, namespace: string, why: string, condition = 'true'): string => `
select '${catalog}'::regclass::oid as classid, o.oid as objid, ${why} as why
from ${catalog} as o join pg_namespace as n on n.oid = o.${namespace}
where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${own(catalog, 'o')} and ${condition}`;

const ofDatabase = (catalog: string, why: string, condition = 'true'): string => `
select '${catalog}'::regclass::oid, o.oid, ${why} from ${catalog} as o where o.oid >= ${FIRST_USER_OID} and ${own(catalog, 'o')} and ${condition}`;

const LANGUAGE = '(select l.lanname from pg_language as l where l.oid = o.prolang)';
const isOwnType = (type: string): string =>
  `exists (select from pg_type as t where t.oid = o.${type} and t.oid >= ${FIRST_USER_OID} and ${own('pg_type', 't')})`;

/** As `HARMLESS` of `schema/dump/staying.ts`: made without those. */
const HARMLESS = String.raw`'^(log_|track_|debug_|auto_explain\.|pg_stat_statements\.)|^(compute_query_id|force_parallel_mode|operator_precedence_warning|vacuum_cleanup_index_scale_factor)$'`;
/** Settings in `proconfig` (`name=value`) that the target refuses, by name. Names with a dot belong to extensions, which may be anywhere. */
const settingsRefused = (andThat: string): string => `(
  select string_agg(c.name, ', ' order by c.name)
  from (select split_part(entry, '=', 1) as name from unnest(o.proconfig) as entry) as c
  where (c.name = any ($3::text[]) or c.name not like '%.%' and c.name <> all ($4::text[])) and c.name ${andThat} ${HARMLESS})`;

/** Columns classid, objid, why. */
const REFUSED = [
  inSchema(
    'pg_proc',
    'pronamespace',
    `'language ' || ${LANGUAGE}`,
    `(
  select not l.lanpltrusted from pg_language as l where l.oid = o.prolang) and not exists (select from pg_aggregate as a where a.aggfnoid = o.oid)`,
  ),
  inSchema(
    'pg_proc',
    'pronamespace',
    `'set ' || ${settingsRefused('!~')}`,
    `o.proconfig is not null and ${settingsRefused('!~')} is not null`,
  ),
  inSchema(
    'pg_proc',
    'pronamespace',
    `'state of type internal'`,
    `exists (
  select from pg_aggregate as a where a.aggfnoid = o.oid and 'internal'::regtype in (a.aggtranstype, a.aggmtranstype))`,
  ),
  inSchema('pg_type', 'typnamespace', `'base type'`, "o.typtype in ('b', 'p') and o.typcategory <> 'A'"),
  inSchema('pg_opclass', 'opcnamespace', `'operator class'`),
  inSchema('pg_opfamily', 'opfnamespace', `'operator family'`),
  inSchema('pg_ts_parser', 'prsnamespace', `'text search parser'`),
  inSchema('pg_ts_template', 'tmplnamespace', `'text search template'`),
  ofDatabase('pg_cast', `'without a function'`, "o.castmethod = 'b'"),
  ofDatabase(
    'pg_cast',
    `'between types of others'`,
    `o.castmethod <> 'b' and not ${isOwnType('castsource')} and not ${isOwnType('casttarget')}`,
  ),
  ofDatabase('pg_foreign_data_wrapper', `'foreign data wrapper'`),
  ofDatabase('pg_language', `'language'`),
  ofDatabase('pg_am', `'access method'`),
  ofDatabase('pg_event_trigger', `'event trigger'`, "pg_get_userbyid(o.evtowner) <> 'rdsadmin'"),
].join('\nunion all');

/**
 * Edges from an object to what depends on it, and from a part to its whole: an array to its element's type, a rule to its view. They end at
 * tables, because what a table needs must be copied.
 */
const NEXT = `
select d.classid, d.objid, d.objsubid
from pg_depend as d
where d.refclassid = r.classid and d.refobjid = r.objid and d.deptype in ('n', 'a', 'i') and d.classid not in ('pg_amop'::regclass, 'pg_amproc'::regclass)
union all
select d.refclassid, d.refobjid, 0
from pg_depend as d
where r.classid = 'pg_rewrite'::regclass and d.classid = r.classid and d.objid = r.objid and d.deptype = 'i'
union all
select 'pg_type'::regclass, k.contypid, 0
from pg_constraint as k where r.classid = 'pg_constraint'::regclass and k.oid = r.objid and k.contypid <> 0`;

/** The relation that an object `x` belongs to, as an oid; null where there is none. */
const RELATION = `case x.classid
  when 'pg_attrdef'::regclass then (select d.adrelid from pg_attrdef as d where d.oid = x.objid)
  when 'pg_rewrite'::regclass then (select w.ev_class from pg_rewrite as w where w.oid = x.objid)
  when 'pg_constraint'::regclass then (select k.conrelid from pg_constraint as k where k.oid = x.objid)
  when 'pg_trigger'::regclass then (select t.tgrelid from pg_trigger as t where t.oid = x.objid)
  when 'pg_policy'::regclass then (select p.polrelid from pg_policy as p where p.oid = x.objid)
  when 'pg_class'::regclass then coalesce((select i.indrelid from pg_index as i where i.indexrelid = x.objid), x.objid) end`;

/** Parts of what is named anyway. */
const IS_PART = `(r.classid in ('pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
  or exists (select from pg_index as i where r.classid = 'pg_class'::regclass and i.indexrelid = r.objid) or exists (
  select from pg_type as t where r.classid = 'pg_type'::regclass and t.oid = r.objid and (t.typrelid <> 0 or t.typcategory = 'A')))`;

export interface RefusedObject {
  /** The server's description, such as `function shop.price(integer)`. */
  readonly object: string;
  /** Why it is refused, or which refused object it needs. */
  readonly why: string;
  /** Whether it is a table or part of one, so that it must be copied. */
  readonly needed: boolean;
}

/** Objects that the target will refuse, with their dependents. A dependent of several is listed with one of them. */
export const refusedObjects = (input: Exclusions, { closedSettings, settings }: TargetLimits): Statement<RefusedObject> =>
  bound([...exclusions(input), [...closedSettings], [...settings]])(`
with recursive root as (${REFUSED}
), reach (why, rootclass, root, classid, objid, objsubid, tableid) as (
  select why, classid, objid, classid, objid, 0, null::oid from root
  union
  select r.why, r.rootclass, r.root, x.classid, x.objid, x.objsubid,
    (select c.oid from pg_class as c where c.oid = ${RELATION} and c.relkind in ('r', 'p'))
  from reach as r cross join lateral (${NEXT} offset 0) as x
  where r.tableid is null
), told as (
  select distinct on (r.classid, r.objid, r.objsubid) pg_describe_object(r.classid, r.objid, r.objsubid) as object,
    case when (r.classid, r.objid) = (r.rootclass, r.root) then r.why else pg_describe_object(r.rootclass, r.root, 0) end as why,
    r.tableid is not null as needed
  from reach as r
  where case when r.tableid is null
    then not ${IS_PART} and coalesce((pg_identify_object(r.classid, r.objid, 0)).schema, '') <> all ($1::text[])
    else exists (select from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = r.tableid and ${INCLUDED_TABLE}) end
  order by r.classid, r.objid, r.objsubid, (r.classid, r.objid) = (r.rootclass, r.root) desc
)
select object, why, needed from told order by object
`);

/** Functions that are created without the options that only a superuser may set and that do not change their results. */
export const lesserFunctions = (
  input: Exclusions,
  { closedSettings, settings }: TargetLimits,
): Statement<{ object: string; without: string }> =>
  bound([...exclusions(input), [...closedSettings], [...settings]])(`
select pg_describe_object('pg_proc'::regclass, o.oid, 0) as object, concat_ws(', ',
  case when o.proleakproof then 'LEAKPROOF' end,
  'SUPPORT ' || (nullif(nullif(to_jsonb(o) ->> 'prosupport', '0'), '-')), 'SET ' || ${settingsRefused('~')}) as without
from pg_proc as o join pg_namespace as n on n.oid = o.pronamespace
where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${own('pg_proc', 'o')} and $2::text is not null
  and (o.proleakproof or coalesce(to_jsonb(o) ->> 'prosupport', '0') not in ('0', '-') or ${settingsRefused('~')} is not null)
order by object
`);

/** Text search dictionaries and the files that they read, which the target's disk must have. */
export const dictionariesWithFiles = (input: Exclusions): Statement<{ object: string; options: string }> =>
  bound([[...input.excludeSchemas]])(`
select pg_describe_object('pg_ts_dict'::regclass, o.oid, 0) as object, o.dictinitoption as options
from pg_ts_dict as o join pg_namespace as n on n.oid = o.dictnamespace
where ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${own('pg_ts_dict', 'o')}
  and o.dictinitoption ~* '\\m(dictfile|afffile|synonyms|rules|stopwords)\\M'
order by object
`);

/** On the target. */
export const targetLimits = (): Statement<TargetLimits> =>
  statement(`
select array_agg(s.name::text) as settings, coalesce(array_agg(s.name::text) filter (
  where s.context in ('internal', 'postmaster', 'sighup', 'backend', 'superuser-backend') or s.context = 'superuser'
    and not has_parameter_privilege(s.name, 'set')), '{}') as "closedSettings"
from pg_settings as s
`);

/** Security labels, which a dump without owners does not carry. */
export const securityLabels = (): Statement<{ object: string }> =>
  statement(`
select pg_describe_object(l.classoid, l.objoid, l.objsubid) as object from pg_seclabel as l order by object
`);

export const tablespaced = (input: Exclusions): Statement<{ object: string }> =>
  bound([[...input.excludeSchemas]])(`
select format('%I.%I', n.nspname, c.relname) || ' in ' || quote_ident(t.spcname) as object
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_tablespace as t on t.oid = c.reltablespace
where c.relkind in ('r', 'p', 'm', 'i', 'I') and ${USER_SCHEMA} and n.nspname <> all ($1::text[])
order by object
`);
