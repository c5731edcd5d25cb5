/**
 * Objects of a schema besides tables: code, rules of access, extensions. One row an object, in words that may be shown; texts are
 * there as their MD5, since bodies of functions and arguments of triggers may hold secrets. Expects search_path to be pg_catalog.
 *
 * Comments, storage, statistics targets and parameters of tables are not listed: they change neither rows nor what a statement does.
 */
import type { Exclusions } from '../config/input.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { statement, USER_SCHEMA } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import { GRANTS } from './code-grants.sql.ts';

/** An object that is no part of an extension. */
export const OWN = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend as x where x.classid = '${catalog}'::regclass and x.objid = ${oid} and x.deptype = 'e')`;
/** Condition for a namespace `n` of the user that is not excluded; `$1` are the excluded schemas. */
export const INCLUDED_SCHEMA = `${USER_SCHEMA} and n.nspname <> all ($1::text[])`;

const STATES = (column: string): string =>
  `case ${column} when 'O' then 'enabled' when 'D' then 'disabled' when 'R' then 'for replicas only' else 'always' end`;

const SCHEMAS = `
select 'schema ' || quote_ident(n.nspname) as object, 'there' as words, null::text as body, array[]::text[] as part_of
from pg_namespace as n where ${INCLUDED_SCHEMA} and ${OWN('pg_namespace', 'n.oid')}`;

const EXTENSIONS = `
select 'extension ' || quote_ident(e.extname), 'there', null, array[]::text[] from pg_extension as e where e.extname <> all ($3::text[])
union all
select 'version of extension ' || quote_ident(e.extname), e.extversion, null, array['extension ' || quote_ident(e.extname)]
from pg_extension as e where e.extname <> all ($3::text[])`;

/** A body in SQL has no source text. What a function is set to is an object of its own: the target may need a path that the source does not. */
const ROUTINES = `
select case p.prokind when 'a' then 'aggregate ' when 'p' then 'procedure ' else 'function ' end || p.oid::regprocedure,
  concat_ws(', ', l.lanname, case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    case when p.prosecdef then 'security definer' end, case when p.proisstrict then 'strict' end,
    case when p.proleakproof then 'leakproof' end, case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
    'returns ' || coalesce(pg_get_function_result(p.oid), 'nothing')),
  case when p.prokind = 'a' then (
      select concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggsortop::regoperator, g.aggtranstype::regtype, g.agginitval)
      from pg_aggregate as g where g.aggfnoid = p.oid)
    else concat_ws(' ', pg_get_function_arguments(p.oid), p.procost, p.prorows, p.probin,
      case when p.prosrc = '' then pg_get_functiondef(p.oid) else p.prosrc end) end,
  array['schema ' || quote_ident(n.nspname)]
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where ${INCLUDED_SCHEMA} and ${OWN('pg_proc', 'p.oid')}
union all
select 'settings of ' || p.oid::regprocedure, array_to_string(array(select split_part(s, '=', 1) from unnest(p.proconfig) as s order by s), ', '),
  array_to_string(array(select s from unnest(p.proconfig) as s order by s), ' '),
  array['function ' || p.oid::regprocedure, 'procedure ' || p.oid::regprocedure]
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where p.proconfig is not null and ${INCLUDED_SCHEMA} and ${OWN('pg_proc', 'p.oid')}`;

const TABLE_OR_VIEW = `case r.relkind when 'v' then 'view ' when 'm' then 'materialized view ' else 'table ' end || r.oid::regclass`;

const VIEWS = `
select ${TABLE_OR_VIEW}, coalesce(array_to_string(r.reloptions, ', '), 'plain'), pg_get_viewdef(r.oid), array[]::text[]
from relations as r where r.relkind in ('v', 'm')`;

/** Triggers of foreign keys are not listed; those of partitions that come from the parent's are listed for whether they are enabled. */
const TRIGGERS = `
select 'trigger ' || quote_ident(t.tgname) || ' on ' || r.oid::regclass, ${STATES('t.tgenabled')},
  case when t.parent = '0' then pg_get_triggerdef(t.oid) end, array[${TABLE_OR_VIEW}]
from relations as r
cross join lateral (
  select g.oid, g.tgname, g.tgenabled, coalesce(to_jsonb(g) ->> 'tgparentid', '0') as parent from pg_trigger as g where g.tgrelid = r.oid and not g.tgisinternal offset 0
) as t`;

const RULES = `
select 'rule ' || quote_ident(w.rulename) || ' on ' || r.oid::regclass, ${STATES('w.ev_enabled')}, pg_get_ruledef(w.oid), array[${TABLE_OR_VIEW}]
from relations as r
cross join lateral (select w.oid, w.rulename, w.ev_enabled from pg_rewrite as w where w.ev_class = r.oid and w.rulename <> '_RETURN' offset 0) as w`;

const POLICIES = `
select 'policy ' || quote_ident(p.polname) || ' on ' || r.oid::regclass,
  concat_ws(' ', case when p.polpermissive then 'permissive' else 'restrictive' end, 'for',
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end, 'to',
    (select string_agg(case o when 0 then 'public' else pg_get_userbyid(o)::text end, ', ' order by o = 0, pg_get_userbyid(o)) from unnest(p.polroles) as o)),
  concat_ws(' ', 'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)), array[${TABLE_OR_VIEW}]
from relations as r
cross join lateral (select * from pg_policy as p where p.polrelid = r.oid offset 0) as p`;

const STATISTICS = `
select 'statistics ' || format('%I.%I', n.nspname, s.stxname), 'there', pg_get_statisticsobjdef(s.oid), array['table ' || s.stxrelid::regclass]
from pg_statistic_ext as s
join pg_namespace as n on n.oid = s.stxnamespace
join relations as r on r.oid = s.stxrelid`;

const EVENT_TRIGGERS = `
select 'event trigger ' || quote_ident(e.evtname), concat_ws(' ', 'on', e.evtevent, ${STATES('e.evtenabled')}),
  concat_ws(' ', e.evtfoid::regprocedure, array_to_string(e.evttags, ', ')), array[]::text[]
from pg_event_trigger as e
where pg_get_userbyid(e.evtowner) <> 'rdsadmin' and ${OWN('pg_event_trigger', 'e.oid')}`;

/** The numbers of what the server itself brings end here. */
const FIRST_OF_USERS = 16384;

const OTHERS = `
select 'cast ' || format('(%s as %s)', c.castsource::regtype, c.casttarget::regtype), 'context ' || c.castcontext::text,
  concat_ws(' ', c.castfunc::regprocedure, c.castmethod), array[]::text[]
from pg_cast as c where c.oid >= ${FIRST_OF_USERS} and ${OWN('pg_cast', 'c.oid')}
union all
select 'operator ' || o.oid::regoperator, 'by ' || o.oprcode::oid::regprocedure,
  concat_ws(' ', o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest::oid::regprocedure, o.oprjoin::oid::regprocedure, o.oprcanmerge, o.oprcanhash),
  array[]::text[]
from pg_operator as o join pg_namespace as n on n.oid = o.oprnamespace where ${INCLUDED_SCHEMA} and ${OWN('pg_operator', 'o.oid')}
union all
select 'operator family ' || format('%I.%I using %s', n.nspname, f.opfname, m.amname), 'there',
  concat_ws(' ', (select string_agg(concat_ws(' ', a.amopstrategy, a.amopopr::regoperator), ', ' order by a.amopopr::regoperator::text, a.amopstrategy)
      from pg_amop as a where a.amopfamily = f.oid),
    (select string_agg(concat_ws(' ', a.amprocnum, a.amproc::oid::regprocedure), ', ' order by a.amproc::oid::regprocedure::text, a.amprocnum)
      from pg_amproc as a where a.amprocfamily = f.oid)), array[]::text[]
from pg_opfamily as f join pg_namespace as n on n.oid = f.opfnamespace join pg_am as m on m.oid = f.opfmethod
where ${INCLUDED_SCHEMA} and ${OWN('pg_opfamily', 'f.oid')}
union all
select 'operator class ' || format('%I.%I using %s', n.nspname, f.opcname, m.amname),
  format_type(f.opcintype, null) || case when f.opcdefault then ', default' else '' end, null, array[]::text[]
from pg_opclass as f join pg_namespace as n on n.oid = f.opcnamespace join pg_am as m on m.oid = f.opcmethod
where ${INCLUDED_SCHEMA} and ${OWN('pg_opclass', 'f.oid')}
union all
select 'collation ' || format('%I.%I', n.nspname, c.collname), c.collprovider::text,
  concat_ws(' ', coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'collcollate')), array[]::text[]
from pg_collation as c join pg_namespace as n on n.oid = c.collnamespace where ${INCLUDED_SCHEMA} and ${OWN('pg_collation', 'c.oid')}
union all
select 'conversion ' || format('%I.%I', n.nspname, c.conname), 'by ' || c.conproc::oid::regprocedure, null, array[]::text[]
from pg_conversion as c join pg_namespace as n on n.oid = c.connamespace where ${INCLUDED_SCHEMA} and ${OWN('pg_conversion', 'c.oid')}
union all
select 'text search dictionary ' || format('%I.%I', n.nspname, d.dictname), (select t.tmplname::text from pg_ts_template as t where t.oid = d.dicttemplate),
  d.dictinitoption, array[]::text[]
from pg_ts_dict as d
join pg_namespace as n on n.oid = d.dictnamespace where ${INCLUDED_SCHEMA} and ${OWN('pg_ts_dict', 'd.oid')}
union all
select 'text search configuration ' || format('%I.%I', n.nspname, c.cfgname), 'there',
  (select string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' order by m.maptokentype, m.mapseqno)
    from pg_ts_config_map as m where m.mapcfg = c.oid), array[]::text[]
from pg_ts_config as c join pg_namespace as n on n.oid = c.cfgnamespace where ${INCLUDED_SCHEMA} and ${OWN('pg_ts_config', 'c.oid')}
union all
select 'foreign server ' || quote_ident(s.srvname), concat_ws(' ', 'of', w.fdwname, s.srvtype, s.srvversion),
  array_to_string(array(select o from unnest(s.srvoptions) as o order by o), ' '), array[]::text[]
from pg_foreign_server as s join pg_foreign_data_wrapper as w on w.oid = s.srvfdw where ${OWN('pg_foreign_server', 's.oid')}
union all
select 'language ' || quote_ident(l.lanname), 'there', null, array[]::text[]
from pg_language as l where l.oid >= ${FIRST_OF_USERS} and ${OWN('pg_language', 'l.oid')}`;

const PARTS = [SCHEMAS, EXTENSIONS, ROUTINES, VIEWS, TRIGGERS, RULES, POLICIES, STATISTICS, EVENT_TRIGGERS, OTHERS, ...GRANTS];

/** Columns object, words, body, part_of. `$1` and `$2` are {@link exclusions}, `$3` are extensions that are not looked for, `$4` is our role. */
const LIST = `
with relations as (
  select c.oid, c.relkind, c.relowner, c.relacl, c.reloptions
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
)
${PARTS.join('\nunion all')}`;

const ALL = `(${LIST}\n) as listed`;
const values = (excluding: Exclusions, unlisted: readonly string[]): unknown[] => [...exclusions(excluding), unlisted, REPLICATION_ROLE];

/** An object in the record: what may be shown of it, and the digest of the rest. */
const DEFINITION = `concat_ws('; ', coalesce(words, ''), 'text ' || left(md5(body), 12))`;

/** Something that is not a table: as {@link ./schema-objects.ts} has it, so that both are compared alike. */
export interface CodeObject {
  readonly object: string;
  readonly definition: string;
  readonly partOf: readonly string[];
}

/** @param unlisted extensions that are not looked for, because they stay behind */
export const codeObjects = (excluding: Exclusions, unlisted: readonly string[]): Statement<CodeObject> =>
  statement(`select object, ${DEFINITION} as definition, part_of as "partOf" from ${ALL}`, values(excluding, unlisted));

/** Objects with their texts, which never leave the function. */
export interface CodeText {
  readonly object: string;
  readonly words: string;
  readonly body: string | null;
}

export const codeTexts = (excluding: Exclusions, unlisted: readonly string[], objects: readonly string[]): Statement<CodeText> =>
  statement(`select object, coalesce(words, '') as words, body from ${ALL} where object = any ($5::text[])`, [
    ...values(excluding, unlisted),
    [...objects],
  ]);

/** For an insert into the record. */
export const listOfCode = (
  excluding: Exclusions,
  unlisted: readonly string[],
): { readonly text: string; readonly values: readonly unknown[] } => ({
  text: `(select object, ${DEFINITION} as definition, part_of from ${ALL}) as listed`,
  values: values(excluding, unlisted),
});
