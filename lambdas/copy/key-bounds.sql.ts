/** Values of a key at which a table can be split into parts of about the same size, from a sample of its rows. */
import type { Statement } from '../ports/database.ts';
import { identifier, qualified, statement } from '../postgres/quote.ts';
import type { SourceTable } from './tables.sql.ts';

/** Rows to look at for each bound, so that parts differ little. */
const ROWS_A_BOUND = 200;
/** What a page holds at the least, as far as a sample is concerned. */
const ROWS_A_PAGE = 20;

/**
 * Reads a share of the table's pages, as the role that can only read. As text by the output functions of the types.
 * @param count of parts
 */
export function keyBounds({ schema, table, key, pages }: SourceTable, count: number): Statement<{ readonly bound: readonly string[] }> {
  const percent = Math.min(100, (100 * count * ROWS_A_BOUND) / ROWS_A_PAGE / Math.max(1, pages));
  const columns = key.map(({ column }) => identifier(column));
  const order = columns.join(', ');
  return statement(`
select array[${key.map((_, at) => `pg_catalog.format('%s', k${at})`).join(', ')}] as bound
from (
  select ${columns.map((column, at) => `${column} as k${at}`).join(', ')},
    pg_catalog.row_number() over (order by ${order}) as place, pg_catalog.count(*) over () as rows
  from only ${qualified(schema, table)} tablesample pg_catalog.system (${percent})
) as sampled
where place * ${count} / rows <> (place - 1) * ${count} / rows and place < rows
order by place
`);
}
