/** How many walks, and which: always the same ones, unless `WALKS_SEED` draws others. */

const SEED = 20_260_901;
/** Walks are many: they may take a busy machine as long as it likes. */
export const HANGS_AFTER_MS = 1_800_000;

export function runsOf(walks: number): { readonly seed: number; readonly numRuns: number } {
  const { WALKS_SEED } = process.env;
  return { seed: WALKS_SEED ? Number(WALKS_SEED) : SEED, numRuns: walks };
}
