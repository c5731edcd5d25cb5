/**
 * Goes through small tables by the dozen, because what takes time there is asking: eight round trips to each side for every table. Only what
 * is equal at the first look is passed here; whatever differs, moves, or cannot be asked together with others is left to `table.ts`, which
 * takes that table by itself and tells what is the matter with it.
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

/** Each takes a place in the lock table of either side, and so does each of its indexes. */
const MOST_TABLES = 50;
/** As much as one part of a large table. */
const MOST_BYTES = 16 * 1024 * 1024;
/**
 * Many times what such a batch takes where both sides have it. A target that has far more in one of the tables shall not use up the visit:
 * it is looked at again by itself.
 */
const LONGEST_MS = 20_000;

/** Passes the small tables that come next, a batch at a time, up to the first that is not found equal. */
export type PassSmall = (progress: Progress) => Promise<Progress>;

/** @param tables all that are compared */
export function passingSmall(sides: Sides, tables: readonly PublishedTable[]): PassSmall {
  const inOrder = tables.toSorted(orderOf);
  /** What the last batch was found to have: rows where they are equal. No table is in two batches. */
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

/** By table: how many rows both sides have, or nothing where they are not known to be equal. */
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
    // Which table it was is found out table by table, and so is whether it passes.
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
  // One without columns looks as one that is not there.
  if (!left || !right || left.length === 0 || right.length === 0) return [];
  const plan = planOf({ schema, table }, left, right, versions);
  return typeof plan === 'string' ? [] : [plan.table];
}
