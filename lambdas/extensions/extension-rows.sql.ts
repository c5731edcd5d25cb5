/**
 * Rows that an extension marks as its configuration: what pg_dump dumps of an extension's tables, because `create extension` does not make it
 * (https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES). Tables of extensions are not published.
 */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../postgres/quote.ts';
import { OWN_TABLES } from '../state/tables.ts';

export interface MarkedColumn {
  readonly name: string;
  /** As the server writes it, with its schema where that is not the system's. */
  readonly type: string;
}

/** A table or sequence that an extension marks. */
export interface Marked {
  readonly extension: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'sequence';
  /** `where …`, which tells the user's rows from those of the extension; empty where all rows are the user's. */
  readonly condition: string;
  readonly bytes: number;
  readonly columns: readonly MarkedColumn[];
  /** Columns of the primary key, or of another unique one; empty where there is none. */
  readonly key: readonly string[];
  /** Triggers and rules on it that belong to no extension: code of other roles, which would run with our rights. */
  readonly codeOfOthers: readonly string[];
}

/** In the order in which each extension lists them: referenced tables come first. */
export const markedTables = (): Statement<Marked> =>
  statement(`
select x.extname::text as extension, n.nspname::text as schema, c.relname::text as name,
  case c.relkind when 'S' then 'sequence' else 'table' end as kind,
  coalesce(x.extcondition[m.at], '') as condition, pg_total_relation_size(c.oid)::float8 as bytes,
  coalesce((
    select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
    from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
  ), '[]') as columns,
  coalesce((
    select jsonb_agg(a.attname order by k.at)
    from (
      select i.indkey::int2[] as columns from pg_index as i
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
      order by i.indisprimary desc, i.indexrelid limit 1
    ) as i
    cross join lateral unnest(i.columns) with ordinality as k (attnum, at)
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
  ), '[]') as key,
  coalesce((
    select jsonb_agg(f.name order by f.name)
    from (
      select 'trigger ' || t.tgname as name from pg_trigger as t
      where t.tgrelid = c.oid and not t.tgisinternal and not exists (
        select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = t.tgfoid and d.deptype = 'e')
      union all
      select 'rule ' || r.rulename from pg_rewrite as r where r.ev_class = c.oid
    ) as f
  ), '[]') as "codeOfOthers"
from pg_extension as x
cross join lateral unnest(x.extconfig) with ordinality as m (oid, at)
join pg_class as c on c.oid = m.oid
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'S')
order by extension, m.at
`);

/** Whether a policy hides rows of the table from us as we are. */
export const rowsAreHidden = ({ schema, name }: Marked): Statement<{ readonly hidden: boolean }> =>
  statement('select row_security_active($1::regclass) as hidden', [qualified(schema, name)]);

/** One row each, as an object of texts that the types' own output functions make; at most `most`. */
export const markedRows = ({ schema, name, condition }: Marked, columns: readonly string[], most: number): Statement<{ row: string }> => {
  const names = columns.map((column) => literal(column)).join(', ');
  const values = columns.map((column) => `case when ${identifier(column)} is not null then format('%s', ${identifier(column)}) end`);
  return statement(`
select jsonb_object(array[${names}]::text[], array[${values.join(', ')}]::text[])::text as row
from ${qualified(schema, name)}
${condition}
limit ${Math.floor(most)}
`);
};

/** @param rows as {@link markedRows} has them @param columns of the table that is written to; a row of the same key is changed */
export const putRows = ({ schema, name, key }: Marked, columns: readonly MarkedColumn[], rows: readonly string[]): Statement => {
  const others = columns.filter((column) => !key.includes(column.name)).map((column) => identifier(column.name));
  const change = others.length > 0 ? `update set ${others.map((column) => `${column} = excluded.${column}`).join(', ')}` : 'nothing';
  return bound([`[${rows.join(',')}]`])(`
insert into ${qualified(schema, name)} (${columns.map((column) => identifier(column.name)).join(', ')}) overriding system value
select ${columns.map((column) => `(r.row ->> ${literal(column.name)})::${column.type}`).join(', ')}
from jsonb_array_elements($1::jsonb) as r (row)
${key.length > 0 ? `on conflict (${key.map(identifier).join(', ')}) do ${change}` : ''}
`);
};

export interface SequencePlace {
  readonly last: string;
  readonly called: boolean;
}

export const sequencePlace = ({ schema, name }: Marked): Statement<SequencePlace> =>
  statement(`select last_value::text as last, is_called as called from ${qualified(schema, name)}`);

/** Never sets it back. */
export const advanceSequence = ({ schema, name }: Marked, { last, called }: SequencePlace): Statement =>
  bound([qualified(schema, name), last, called])(`
select setval($1::regclass, $2::int8, $3::boolean) from ${qualified(schema, name)} as s
where s.last_value < $2::int8 or (s.last_value = $2::int8 and $3::boolean and not s.is_called)
`);

/** Two visits at once would make unkeyed rows, such as jobs, twice. */
export const lockRows = (): Statement =>
  statement(`select pg_advisory_xact_lock(hashtextextended('${SCHEMA}.${OWN_TABLES.carriedRows.name}', 0))`);
