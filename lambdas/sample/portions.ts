/** The number of rows of each table that are tried, and the tables that are tried together. Pure but for the numbers of pages, which are drawn. */
import type { Portion } from './sample-rows.sql.ts';
import type { SampledTable } from './sample-tables.sql.ts';

/** Some hundred rows of each table of a small database; a few of each where there are thousands of tables, so that all of it is seconds. */
const ROWS_IN_ALL = 60_000;
const FEWEST_ROWS = 12;
const MOST_ROWS = 100;
/** Of one table, as far as the sizes of its rows are known. */
const BYTES_A_TABLE = 4_000_000;
const PAGES_DRAWN = 20;

/** A transaction locks each table with its indexes; 64 locks a connection are the least that any server has. */
const TABLES_A_BATCH = 25;
const BYTES_A_BATCH = 8_000_000;

/** Tables without rows or without columns have nothing to try. */
export function portionsOf(tables: readonly SampledTable[], draw: () => number = Math.random): Portion[] {
  const filled = tables.filter(({ pages, columns }) => pages > 0 && columns.length > 0);
  const each = Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(ROWS_IN_ALL / Math.max(1, filled.length))));
  return filled.map((table) => {
    const rows = Math.max(4, Math.min(each, Math.floor(BYTES_A_TABLE / bytesARow(table))));
    const pages = Array.from({ length: Math.min(PAGES_DRAWN, table.pages) }, (_, at) =>
      table.pages <= PAGES_DRAWN ? at : Math.floor(draw() * table.pages),
    );
    return { table, rows, pages };
  });
}

const bytesARow = ({ bytes, estimatedRows }: SampledTable): number => Math.max(1, bytes / Math.max(1, estimatedRows));

/** In the same order. */
export function batchesOf(portions: readonly Portion[]): Portion[][] {
  const batches: Portion[][] = [];
  let bytes = 0;
  for (const portion of portions) {
    const more = Math.min(BYTES_A_TABLE, portion.rows * bytesARow(portion.table));
    const last = batches.at(-1);
    bytes += more;
    if (last && last.length < TABLES_A_BATCH && bytes <= BYTES_A_BATCH) last.push(portion);
    else {
      batches.push([portion]);
      bytes = more;
    }
  }
  return batches;
}
