/**
 * Rows of the source as text, in the form in which a stream sends them: by the output functions of their types and by no cast. Reading alone, so
 * no code of a user runs but what planning over an index evaluates, and that as the role which can only read.
 */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, qualified, statement } from '../postgres/quote.ts';
import type { SampledTable } from './sample-tables.sql.ts';

/** A row: the position of its table in the list that was asked for, and its values in the order of the columns. */
export interface SampledRow {
  readonly place: number;
  readonly values: readonly (string | null)[];
}

/** The part of one table that is read. */
export interface Portion {
  readonly table: SampledTable;
  readonly rows: number;
  /** Numbers of pages, from which some rows are taken. */
  readonly pages: readonly number[];
}

/** The first that a page can hold: of a page that is full of small rows not all are looked at. */
const PLACES_A_PAGE = 60;

/** For one transaction that only reads. @param path as of `pinPrinting` */
export const limitSampling = (timeoutMs: number, path: readonly string[] = []): Statement<unknown> =>
  bound([String(timeoutMs), ['pg_catalog', ...path.map(identifier)].join(', ')])(`
select pg_catalog.set_config(name, value, true)
from (values ('search_path', $2::text), ('constraint_exclusion', 'off'), ('restrict_nonsystem_relation_kind', 'view,foreign-table'), ('statement_timeout', $1::text)) as pinned (name, value)
where pg_catalog.current_setting(name, true) is not null
`);

/**
 * The first and the last rows by the primary key, and some out of some pages: `tablesample system` looks at the number of every page, which of
 * a large table takes seconds, and numbers drawn beforehand say the same.
 */
function oneTable({ table, rows, pages }: Portion, place: number): string {
  const few = Math.ceil(rows / 4);
  const columns = ['r.ctid as place', ...table.columns.map((name) => `r.${identifier(name)}`)].join(', ');
  const from = `from only ${qualified(table.schema, table.table)} as r`;
  const order = (direction: string): string => table.key.map((name) => `r.${identifier(name)} ${direction}`).join(', ');
  const on = (chosen: readonly number[]): string =>
    `where r.ctid operator(pg_catalog.=) any (array(select pg_catalog.format('(%s,%s)', b, o)::tid from pg_catalog.unnest('{${chosen.join(',')}}'::int8[]) as b, pg_catalog.generate_series(1, ${PLACES_A_PAGE}) as o))`;
  const parts =
    table.key.length > 0
      ? [`${from} order by ${order('asc')} limit ${few}`, `${from} order by ${order('desc')} limit ${few}`]
      : [`${from} limit ${few}`, `${from} ${on([Math.max(0, table.pages - 1)])} limit ${few}`];
  const some = `${from} ${on(pages)} order by pg_catalog.random() limit ${Math.max(1, rows - 2 * few)}`;
  // NULL is compared as such: a composite of nothing but NULLs is none.
  const texts = table.columns.map((_, at) => `case when q.c${at} is distinct from null then pg_catalog.format('%s', q.c${at}) end`);
  const names = ['place', ...table.columns.map((_, at) => `c${at}`)].join(', ');
  return `
select ${place} as place, array[${texts.join(', ')}]::text[] as values from (
  select distinct on (u.place) u.* from (
    (select ${columns} ${parts[0]}) union all (select ${columns} ${parts[1]}) union all (select ${columns} ${some})
  ) as u (${names})
) as q`;
}

/** Of tables that have columns. */
export const sampleRows = (portions: readonly Portion[]): Statement<SampledRow> => statement(portions.map(oneTable).join('\nunion all'));
