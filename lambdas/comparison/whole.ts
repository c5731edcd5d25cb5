/**
 * Compares a table without a key, by the number of rows of each content. It takes one scan a round on each side, about a second for a
 * million rows, and cannot be resumed within the table.
 */
import { type BucketSum, bucketSums, type ComparedTable, copiesByHash, copiesByImage, hashCounts } from './comparison.sql.ts';
import { follow, held } from './follow.ts';
import { type Outcome, ROWS_REPORTED, type RowDifference } from './outcome.ts';
import type { Sides } from './sides.ts';

/** Buckets, so that a difference leads to about this many rows. */
const ROWS_PER_BUCKET = 1_000;
const MOST_BUCKETS = 4_096;
const HASHES_FOLLOWED = 5_000;
/** Rows of the differing buckets that are listed at a time. */
const ROWS_LISTED = 100_000;

const bucketsFor = (rows: number): number => 2 ** Math.ceil(Math.log2(Math.min(MOST_BUCKETS, Math.max(1, rows / ROWS_PER_BUCKET))));

/** @returns undefined if the target did not catch up in time */
export async function compareWhole(sides: Sides, table: ComparedTable, estimatedRows: number): Promise<Outcome | undefined> {
  const buckets = bucketsFor(estimatedRows);
  const sums = async () => {
    const [source, target] = await sides.askBoth(bucketSums(table, buckets));
    return { rows: source.reduce((sum, { rows }) => sum + rows, 0), suspects: unequal(source, target) };
  };
  const first = await sums();
  if (first.suspects.length === 0) return { rows: first.rows, different: [], moving: 0 };
  if (!(await sides.caughtUp())) return undefined;
  const { rows, suspects } = await sums();

  const different: RowDifference[] = [];
  let moving = 0;
  const perLook = Math.max(1, Math.floor(ROWS_LISTED / Math.max(1, rows / buckets)));
  for (let from = 0; from < suspects.length && different.length < ROWS_REPORTED; from += perLook) {
    const outcome = await compareBuckets(sides, table, buckets, suspects.slice(from, from + perLook));
    if (!outcome) return undefined;
    different.push(...outcome.different);
    moving += outcome.moving;
  }
  return { rows, different: different.slice(0, ROWS_REPORTED), moving };
}

function unequal(source: readonly BucketSum[], target: readonly BucketSum[]): string[] {
  const unmatched = new Map(source.map((one) => [one.bucket, one]));
  const found: string[] = [];
  for (const { bucket, rows, sum } of target) {
    const twin = unmatched.get(bucket);
    if (twin?.rows !== rows || twin.sum !== sum) found.push(bucket);
    unmatched.delete(bucket);
  }
  return [...found, ...unmatched.keys()];
}

async function compareBuckets(
  sides: Sides,
  table: ComparedTable,
  buckets: number,
  some: readonly string[],
): Promise<Pick<Outcome, 'different' | 'moving'> | undefined> {
  const [source, target] = await sides.askBoth(hashCounts(table, buckets, some));
  const copies = new Map(source.map(({ hash, copies }) => [hash, copies]));
  const suspects: string[] = [];
  for (const one of target) {
    if (copies.get(one.hash) !== one.copies) suspects.push(one.hash);
    copies.delete(one.hash);
  }
  suspects.push(...copies.keys());

  const different: RowDifference[] = [];
  let moving = 0;
  for (let from = 0; from < suspects.length && different.length < ROWS_REPORTED; from += HASHES_FOLLOWED) {
    const followed = await follow(
      suspects.slice(from, from + HASHES_FOLLOWED),
      async (side, hashes) => held(await sides.ask(side, copiesByHash(table, hashes))),
      sides.caughtUp,
    );
    if (!followed) return undefined;
    different.push(
      ...(await confirm(
        sides,
        table,
        followed.different.map(({ item }) => item),
      )),
    );
    moving += followed.moving;
  }
  return { different, moving };
}

/** By content rather than by hash: each content of which the two sides have different numbers of rows. */
async function confirm(sides: Sides, table: ComparedTable, hashes: readonly string[]): Promise<RowDifference[]> {
  if (hashes.length === 0) return [];
  const [source, target] = await sides.askBoth(copiesByImage(table, hashes));
  const copies = new Map(source.map(({ image, copies }) => [image, { source: copies, target: 0 }]));
  for (const { image, copies: found } of target) copies.set(image, { source: copies.get(image)?.source ?? 0, target: found });
  return [...copies.values()].flatMap(({ source, target }): RowDifference[] =>
    source === target
      ? []
      : [
          {
            key: `a row that is ${times(source)} on the source and ${times(target)} on the target`,
            kind: source > target ? 'missing' : 'extra',
            columns: [],
          },
        ],
  );
}
const times = (copies: number): string => (copies === 0 ? 'not' : copies === 1 ? 'once' : `${copies} times`);
