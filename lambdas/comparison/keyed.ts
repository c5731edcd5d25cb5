/** Compares rows that have a key: by their sum first, then hash by hash, then value by value. */
import * as comparison from './comparison.sql.ts';
import { follow, held } from './follow.ts';
import { describeColumns, describeKey, type Outcome, ROWS_REPORTED, type RowDifference } from './outcome.ts';
import type { Sides } from './sides.ts';

/** Keys per lookup statement. */
const KEYS_FOLLOWED = 500;
/**
 * Rows listed of a range that differs. Ranges have at most 50,000 rows of the source, so a target that has more than this has thousands
 * of rows too many, and the first of them suffice for a report.
 */
const ROWS_LISTED = 200_000;

/** @returns undefined if the target did not catch up in time */
export async function compareSelection(
  sides: Sides,
  table: comparison.ComparedTable,
  selection: comparison.Selection,
): Promise<Outcome | undefined> {
  const sums = async () => {
    const [[source], [target]] = await sides.askBoth(comparison.rowSum(table, selection));
    return { rows: source?.rows ?? 0, equal: source?.rows === target?.rows && source?.sum === target?.sum };
  };
  const first = await sums();
  if (first.equal) return { rows: first.rows, different: [], moving: 0 };
  if (!(await sides.caughtUp())) return undefined;
  const { rows, equal } = await sums();
  if (equal) return { rows, different: [], moving: 0 };

  const suspects = await suspectsOf(sides, table, selection);
  const different: RowDifference[] = [];
  let moving = 0;
  for (let from = 0; from < suspects.length && different.length < ROWS_REPORTED; from += KEYS_FOLLOWED) {
    const followed = await follow(
      suspects.slice(from, from + KEYS_FOLLOWED),
      async (side, keys) => held(await sides.ask(side, comparison.hashesByKey(table, keys))),
      sides.caughtUp,
    );
    if (!followed) return undefined;
    const confirmed = await confirm(sides, table, followed.different.slice(0, ROWS_REPORTED - different.length));
    different.push(...confirmed.different);
    moving += followed.moving + confirmed.moving;
  }
  return { rows, different, moving };
}

/** Keys whose rows are not the same in one read of each side. */
async function suspectsOf(sides: Sides, table: comparison.ComparedTable, selection: comparison.Selection): Promise<comparison.Key[]> {
  const [source, target] = await sides.askBoth(comparison.rowHashes(table, selection, ROWS_LISTED));
  const unmatched = new Map(source.map(({ key, hash }) => [JSON.stringify(key), { key, hash }]));
  const suspects: comparison.Key[] = [];
  for (const { key, hash } of target) {
    const name = JSON.stringify(key);
    if (unmatched.get(name)?.hash !== hash) suspects.push(key);
    unmatched.delete(name);
  }
  for (const { key } of unmatched.values()) suspects.push(key);
  return suspects;
}

/** Value by value. Rows that have changed since they were followed count as moving; rows whose values are equal after all are equal. */
async function confirm(
  sides: Sides,
  table: comparison.ComparedTable,
  rows: readonly { readonly item: comparison.Key; readonly source: string | undefined; readonly target: string | undefined }[],
): Promise<Pick<Outcome, 'different' | 'moving'>> {
  if (rows.length === 0) return { different: [], moving: 0 };
  const keys = rows.map(({ item }) => item);
  const [onSource, onTarget] = (await sides.askBoth(comparison.valuesByKey(table, keys))).map(byPlace);
  const different: RowDifference[] = [];
  let moving = 0;
  for (const [n, row] of rows.entries()) {
    const [source, target] = [onSource?.get(n), onTarget?.get(n)];
    if (source?.value !== row.source || target?.value !== row.target) {
      moving += 1;
      continue;
    }
    const key = describeKey(table.key, row.item);
    if (!target) different.push({ key, kind: 'missing', columns: [] });
    else if (!source) different.push({ key, kind: 'extra', columns: [] });
    else {
      const columns = table.columns.map(({ name }) => name).filter((_, place) => source.images[place] !== target.images[place]);
      if (columns.length > 0) different.push({ key, kind: 'changed', columns: describeColumns(columns) });
    }
  }
  return { different, moving };
}
const byPlace = (found: readonly comparison.FoundValues[]): ReadonlyMap<number, comparison.FoundValues> =>
  new Map(found.map((row) => [row.n, row]));
