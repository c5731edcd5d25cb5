/**
 * Compares small tables in batches, because round trips take most of their time: eight to each side for every table. Only tables that
 * are equal at the first read are passed here; tables that differ, change, or cannot be read together with others are left to `table.ts`,
 * which compares the table by itself and reports its differences.
 */
import { StatementFailed, TransientError } from '../config/errors.ts';
import { keyOf } from '../config/tables.ts';
import { type NumberedColumn, tableShapes } from '../postgres/table-shape.sql.ts';
import type { PublishedTable } from '../postgres/tables.sql.ts';
import { type ComparedTable, rowSums } from './comparison.sql.ts';
import { advance, orderOf, type Progress, tablesAhead } from './progress.ts';
import { planOf } from './shape.ts';
import type { Sides } from './sides.ts';
import { SMALL_TABLE_BYTES } from './table.ts';

/** Tables per batch. Each takes a lock on either side, and so does each of its indexes. */
const MOST_TABLES = 50;
/** Bytes per batch, as in one part of a large table. */
const MOST_BYTES = 16 * 1024 * 1024;
/**
 * Time limit of a batch, many times what equal sides need. A target with far more rows in one of the tables must not use up the visit:
 * that table is compared again by itself.
 */
const LONGEST_MS = 20_000;

/** Passes the small tables that come next, a batch at a time, up to the first that is not found equal. */
export type PassSmall = (progress: Progress) => Promise<Progress>;

/** @param tables all that are compared */
export function passingSmall(sides: Sides, tables: readonly PublishedTable[]): PassSmall {
  const inOrder = tables.toSorted(orderOf);
  /** Result of the last batch: number of rows where they are equal. No table is in two batches. */
  let looked: ReadonlyMap<string, number | undefined> = new Map();
  return async (before) => {
    let progress = before;
    const ahead = tablesAhead(inOrder, before.cursor);
    const [first] = ahead;
    if (first && !looked.has(keyOf(first))) looked = await lookAt(sides, batchOf(ahead));
    for (const table of ahead) {
      const rows = looked.get(keyOf(table));
      if (rows === undefined) break;
      progress = advance(progress, table, { rows, different: [], moving: 0, next: null, reason: null });
    }
    return progress;
  };
}

function batchOf(ahead: readonly PublishedTable[]): PublishedTable[] {
  const batch: PublishedTable[] = [];
  let bytes = 0;
  for (const table of ahead) {
    bytes += table.bytes;
    if (table.bytes >= SMALL_TABLE_BYTES || bytes > MOST_BYTES || batch.length === MOST_TABLES) break;
    batch.push(table);
  }
  return batch;
}

/** Number of rows by table; undefined where the sides are not known to be equal. */
async function lookAt(sides: Sides, batch: readonly PublishedTable[]): Promise<Map<string, number | undefined>> {
  const found = new Map<string, number | undefined>(batch.map((table) => [keyOf(table), undefined]));
  if (batch.length < 2) return found;
  try {
    const [source, target] = await sides.askBothBriefly(tableShapes(batch), LONGEST_MS);
    const compared = batch.flatMap((table, n) => planned(table, n, source, target, sides.versions));
    if (compared.length === 0) return found;
    const [there, here] = await sides.askBothBriefly(rowSums(compared), LONGEST_MS);
    const twins = new Map(here.map((sum) => [sum.n, sum]));
    for (const { n, rows, sum } of there) {
      const [table, twin] = [compared[n], twins.get(n)];
      if (table && twin?.rows === rows && twin.sum === sum) found.set(keyOf(table), rows);
    }
  } catch (error) {
    // The comparison table by table finds the one that fails, and whether the error is transient.
    if (!(error instanceof StatementFailed || error instanceof TransientError)) throw error;
  }
  return found;
}

function planned(
  { schema, table }: PublishedTable,
  n: number,
  source: readonly NumberedColumn[],
  target: readonly NumberedColumn[],
  versions: readonly number[],
): ComparedTable[] {
  const [left, right] = [source, target].map((columns) => columns.filter((column) => column.n === n));
  // A table without columns cannot be distinguished from a missing one.
  if (!left || !right || left.length === 0 || right.length === 0) return [];
  const plan = planOf({ schema, table }, left, right, versions);
  return typeof plan === 'string' ? [] : [plan.table];
}
