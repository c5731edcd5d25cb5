/** Columns and row identity of one table, as a comparison needs them. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from './quote.ts';

export interface ShapeColumn {
  readonly name: string;
  /** The type below all domains, with its schema: `pg_catalog.int8`, `"My Schema".mood`. */
  readonly type: string;
  /**
   * Name of the type below all domains where it is one of the server's own, such as `int8`; `enum` for an enum whose values are not converted
   * to another type unasked, which would make its operators ambiguous; otherwise null.
   */
  readonly base: string | null;
  /** Position within the primary key, or else within the index that is the replica identity, from 0; null outside of it. */
  readonly keyPosition: number | null;
  /** Whether values are ordered the same way on every server: by no collation at all, or by bytes. */
  readonly sortsAlike: boolean;
}

/**
 * Stands in where version 11 has no such column: a name that the innermost query does not know is looked for further out. The row as JSON
 * would show it, too, but holds the defaults of columns that were added later (attmissingval), and making JSON of a value of a user's type calls
 * the cast that its owner may have made for that.
 */
export const BEFORE_GENERATED_COLUMNS = `cross join (select ''::"char" as attgenerated) as before_version_12`;

/** Item of a FROM list, lateral to a table `c`: the names of its columns that are replicated, in their order, as `a.columns`. */
export const REPLICATED_COLUMNS = `cross join lateral (
  select coalesce(json_agg(a.attname order by a.attnum) filter (where a.generated = ''), '[]') as columns
  from (select 1) as one ${BEFORE_GENERATED_COLUMNS}
  cross join lateral (select *, attgenerated as generated from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as a
  offset 0) as a`;

/** pg_collation's row for `default`, which stands for the database's own collation. */
const DEFAULT_COLLATION = 100;

/**
 * One row a column, in the order of the table; none where there is no such table. Virtual columns are left out: they are never stored, and
 * reading one evaluates an expression of the user's. pg_database.datlocprovider exists from version 15 on; before, the provider always is libc.
 */
export const tableShape = (schema: string, table: string): Statement<ShapeColumn> => tableShapes([{ schema, table }]);

/** `n` counts the tables as they were passed, from 0. */
export interface NumberedColumn extends ShapeColumn {
  readonly n: number;
}

/** The same for several tables at a time. */
export const tableShapes = (tables: readonly TableName[]): Statement<NumberedColumn> =>
  bound([tables.map(({ schema }) => schema), tables.map(({ table }) => table)])(`
with recursive subject as (
  select c.oid, (w.n - 1)::int as n
  from unnest($1::text[], $2::text[]) with ordinality as w (schema, name, n)
  join pg_namespace as n on n.nspname = w.schema
  join pg_class as c on c.relnamespace = n.oid and c.relname = w.name and c.relkind = 'r'
), key as (
  select distinct on (i.indrelid) i.indrelid as oid, i.indkey::int2[] as columns, i.indnkeyatts as width
  from pg_index as i join subject as s on s.oid = i.indrelid
  where i.indisprimary or i.indisreplident
  order by i.indrelid, i.indisprimary desc
), underlying (oid, attnum, type) as (
  select s.oid, a.attnum, a.atttypid
  from subject as s
  ${BEFORE_GENERATED_COLUMNS}
  cross join lateral (select a.*, attgenerated as generated from pg_attribute as a where a.attrelid = s.oid) as a
  where a.attnum > 0 and not a.attisdropped and a.generated <> 'v'
  union all
  select u.oid, u.attnum, t.typbasetype
  from underlying as u join pg_type as t on t.oid = u.type
  where t.typtype = 'd'
)
select s.n, a.attname::text as name, format('%I.%I', tn.nspname, t.typname) as type,
  case
    when t.typtype = 'e' and not exists (select from pg_cast as c where c.castsource = t.oid and c.castcontext = 'i') then 'enum'
    when t.typnamespace = 'pg_catalog'::regnamespace then t.typname::text
  end as base,
  (
    select array_position(k.columns, a.attnum) from key as k
    where k.oid = a.attrelid and array_position(k.columns, a.attnum) < k.width
  ) as "keyPosition",
  a.attcollation = 0
    or exists (
      select from pg_collation as co
      where co.oid = a.attcollation and co.collname in ('C', 'POSIX') and co.collnamespace = 'pg_catalog'::regnamespace
    )
    or a.attcollation = ${DEFAULT_COLLATION} and exists (
      select from pg_database as d
      where d.datname = current_database() and d.datcollate in ('C', 'POSIX')
        and coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'
    ) as "sortsAlike"
from pg_attribute as a
join subject as s on s.oid = a.attrelid
join underlying as u on u.oid = a.attrelid and u.attnum = a.attnum
join pg_type as t on t.oid = u.type and t.typtype <> 'd'
join pg_namespace as tn on tn.oid = t.typnamespace
order by s.n, a.attnum
`);
