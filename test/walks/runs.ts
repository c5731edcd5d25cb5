/** How many walks, and which: always the same ones, unless `WALKS_SEED` draws others. */

const SEED = 20_260_901;

/** @param walks how many; `WALKS` times as many where it is set */
export function runsOf(walks: number): { readonly seed: number; readonly numRuns: number; readonly endOnFailure: boolean } {
  const { WALKS_SEED, WALKS_TIMES } = process.env;
  return { seed: WALKS_SEED ? Number(WALKS_SEED) : SEED, numRuns: walks * Number(WALKS_TIMES ?? 1), endOnFailure: false };
}
