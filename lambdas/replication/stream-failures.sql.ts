/** Catalog queries about changes that the target could not apply. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/**
 * Rows that came and were there already, or whose unique keys were: from version 18 on they are counted, before that they are not
 * (https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-SUBSCRIPTION-STATS).
 */
export const conflictsCounted = (subscription: string): Statement<{ readonly rows: number }> =>
  bound([subscription])(`
select coalesce((c.counts ->> 'confl_insert_exists')::float8, 0) + coalesce((c.counts ->> 'confl_update_exists')::float8, 0)
  + coalesce((c.counts ->> 'confl_multiple_unique_conflicts')::float8, 0) as rows
from (select to_jsonb(s) as counts from pg_stat_subscription_stats as s where s.subname = $1::name) as c
`);

/**
 * Expressions that are evaluated for each row of these tables and call a function of the user: checks, domains, indexes, generated columns
 * and defaults.
 */
export const runsForEachRow = (tables: readonly TableName[]): Statement<{ readonly what: string }> =>
  bound([JSON.stringify(tables.map(({ schema, table }) => ({ schema, table })))])(`
with recursive named as (
  select c.oid from jsonb_to_recordset($1::jsonb) as w ("schema" text, "table" text)
  join pg_namespace as n on n.nspname = w."schema"
  join pg_class as c on c.relnamespace = n.oid and c.relname = w."table"
), types (oid) as (
  select a.atttypid from named as t join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  union
  select t.typbasetype from types as y join pg_type as t on t.oid = y.oid and t.typtype = 'd'
), evaluated (classid, objid) as (
  select 'pg_constraint'::regclass, k.oid from pg_constraint as k
  where k.contype = 'c' and (k.conrelid in (select oid from named) or k.contypid in (select oid from types))
  union all
  select 'pg_attrdef'::regclass, d.oid from pg_attrdef as d where d.adrelid in (select oid from named)
  union all
  select 'pg_class'::regclass, i.indexrelid from pg_index as i where i.indrelid in (select oid from named)
)
select distinct format('%s (%s)', pg_describe_object(e.classid, e.objid, 0), p.oid::regprocedure) as what
from evaluated as e
join pg_depend as d on d.classid = e.classid and d.objid = e.objid and d.refclassid = 'pg_proc'::regclass
join pg_proc as p on p.oid = d.refobjid and p.pronamespace <> 'pg_catalog'::regnamespace
order by what
`);
