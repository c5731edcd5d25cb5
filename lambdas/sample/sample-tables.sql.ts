/** Tables that are to be published, and every expression that the target will evaluate for a row of theirs. Catalogs only. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { BEFORE_GENERATED_COLUMNS, REPLICATED_COLUMNS } from '../postgres/table-shape.sql.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** Something that is evaluated for each row. */
export interface Expression {
  /** `valid`: rows that do not meet it are refused, too; of the others only an error counts. `domain`: it speaks of a column as `value`. */
  readonly kind: 'index' | 'statistics' | 'check' | 'valid check' | 'generated' | 'domain' | 'valid domain';
  /** Of the index, the constraint or the column. */
  readonly name: string;
  readonly text: string;
  /** Rows that a partial index leaves out are not evaluated. */
  readonly predicate: string | null;
  /** Of the domain, with its schema. */
  readonly domain?: string;
  /** The column that is of the domain. */
  readonly column?: string;
  /** Whether a function of it reads tables, which hold nothing before the copy: then whether a row meets it is not known. */
  readonly reads: boolean;
}

export interface SampledTable {
  readonly schema: string;
  readonly table: string;
  /** Both, as SQL writes them. */
  readonly name: string;
  readonly pages: number;
  /** With TOAST. */
  readonly bytes: number;
  /** -1 where it is not known. */
  readonly estimatedRows: number;
  /** Columns that are replicated. */
  readonly columns: readonly string[];
  /** Of the primary key, in its order; empty where there is none. */
  readonly key: readonly string[];
  /** Such as `HASH (m)`, of the table that this one is a partition of. */
  readonly partitionKey: string | null;
  readonly root: string | null;
  readonly expressions: readonly Expression[];
}

/** Condition: a function of the constraint `o` names a relation after FROM or JOIN. */
const READS = `exists (
      select from pg_depend as d join pg_proc as f on f.oid = d.refobjid
      cross join regexp_matches(f.prosrc, '\\m(?:from|join)\\s+(?:only\\s+)?(?:(?:"[^"]+"|\\w+)\\.)?(?:"([^"]+)"|(\\w+))', 'gi') as m
      where d.classid = 'pg_constraint'::regclass and d.objid = o.oid and d.refclassid = 'pg_proc'::regclass
        and exists (select from pg_class as r where r.relname = coalesce(m[1], lower(m[2])) and r.relkind in ('r', 'p', 'v', 'm', 'f')
          and r.relnamespace <> 'pg_catalog'::regnamespace))`;

const each = (alias: string, rows: string): string => `cross join lateral (${rows} offset 0) as ${alias}`;

/** Statistics of expressions came with version 14, and so did the function that prints them, which earlier versions do not know. */
const STATISTICS_SINCE = 14;
const statistics = `
    union all select 'statistics', x.stxname, e.text, null, null, null, false
    from pg_statistic_ext as x cross join unnest(pg_get_statisticsobjdef_expressions(x.oid)) as e (text) where x.stxrelid = c.oid`;

/** As the server prints them where search_path is pg_catalog: with every schema. @param version major version of the side that is asked */
export const sampledTables = (input: Exclusions, version: number): Statement<SampledTable> =>
  bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as table, c.oid::regclass::text as name, pg_table_size(c.oid)::float8 as bytes, c.reltuples::float8 as "estimatedRows",
  (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 as pages, a.columns, k.key, p."partitionKey", p.root, e.expressions
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
${REPLICATED_COLUMNS}
${each(
  'k',
  `select coalesce(json_agg(a.attname order by k.place), '[]') as key
  from pg_index as i cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
  join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
  where i.indrelid = c.oid and i.indisprimary and k.place <= i.indnkeyatts`,
)}
left join lateral (
  select pg_get_partkeydef(h.inhparent) as "partitionKey", h.inhparent::regclass::text as root
  from pg_inherits as h where h.inhrelid = c.oid and c.relispartition limit 1
) as p on true
${each(
  'e',
  `select coalesce(json_agg(json_build_object('kind', x.kind, 'name', x.name, 'text', x.text, 'predicate', x.predicate, 'domain', x.domain,
    'column', x.col, 'reads', x.reads)), '[]') as expressions
  from (
    select 'index' as kind, ic.relname::text as name, i.text, pg_get_expr(i.indpred, i.indrelid) as predicate, null::text as domain, null::text as col,
      false as reads
    from (
      select x.indexrelid, x.indrelid, x.indpred, pg_get_indexdef(x.indexrelid, k.place::int, false) as text
      from pg_index as x cross join unnest(x.indkey::int2[]) with ordinality as k (attnum, place)
      where x.indrelid = c.oid and x.indexprs is not null and k.attnum = 0
      union all
      select x.indexrelid, x.indrelid, x.indpred, 'true' from pg_index as x where x.indrelid = c.oid and x.indexprs is null and x.indpred is not null
    ) as i join pg_class as ic on ic.oid = i.indexrelid
    union all select case when o.convalidated then 'valid check' else 'check' end, o.conname, pg_get_expr(o.conbin, o.conrelid), null, null, null, ${READS}
    from pg_constraint as o where o.conrelid = c.oid and o.contype = 'c'
    union all select 'generated', d.name, pg_get_expr(d.adbin, d.adrelid), null, null, null, false
    from (
      select d.adbin, d.adrelid, a.attname as name, a.generated from pg_attrdef as d ${BEFORE_GENERATED_COLUMNS}
      cross join lateral (select attname, attgenerated as generated from pg_attribute where attrelid = d.adrelid and attnum = d.adnum) as a
      where d.adrelid = c.oid
    ) as d where d.generated = 's'
    union all select case when o.convalidated then 'valid domain' else 'domain' end, o.conname, pg_get_expr(o.conbin, 0), null, t.oid::regtype::text, a.attname, ${READS}
    from pg_attribute as a join pg_type as t on t.oid = a.atttypid join pg_constraint as o on o.contypid = t.oid and o.contype = 'c'
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and t.typtype = 'd'${version >= STATISTICS_SINCE ? statistics : ''}
  ) as x`,
)}
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
order by schema, "table"
`);

export interface SampledView {
  readonly name: string;
  readonly definition: string;
  /** Published tables that it reads, through views too, as JSON lists of schema and table. */
  readonly tables: readonly (readonly [schema: string, table: string])[];
}

/** Materialized views that will be filled after the copy. */
export const sampledViews = (input: Exclusions): Statement<SampledView> =>
  bound(exclusions(input))(`
with recursive views as (
  select c.oid from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'm' and c.relispopulated and ${INCLUDED_TABLE}
), uses (view, oid) as (
  select oid, oid from views
  union
  select u.view, x.oid from uses as u cross join lateral (
    select d.refobjid as oid from pg_rewrite as w join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
    where w.ev_class = u.oid and d.refclassid = 'pg_class'::regclass
    union select h.inhrelid from pg_inherits as h where h.inhparent = u.oid) as x
)
select v.oid::regclass::text as name, pg_get_viewdef(v.oid) as definition, coalesce(
  (select json_agg(distinct jsonb_build_array(n.nspname, c.relname)) from uses as u join pg_class as c on c.oid = u.oid and c.relkind = 'r'
    join pg_namespace as n on n.oid = c.relnamespace where u.view = v.oid), '[]') as tables
from views as v order by 1
`);

/** Materialized views that a side has, as it prints their names: what was left behind is not filled, and so is not tried. */
export const viewsThere = (): Statement<{ readonly name: string }> =>
  statement(`select oid::regclass::text as name from pg_class where relkind = 'm'`);

export interface KnownCheck {
  /** Table or domain, with its schema. */
  readonly owner: string;
  readonly name: string;
}

/** Checks of tables and domains that a side has, and evaluates by itself when a row comes. */
export const checksThere = (): Statement<KnownCheck> =>
  statement(`
select case when conrelid <> 0 then conrelid::regclass::text else contypid::regtype::text end as owner, conname::text as name
from pg_constraint where contype = 'c' and (conrelid <> 0 or contypid <> 0)
`);
