/** How much of a report a page shows, so that it stays small whatever the report holds. The JSON holds all. */

/** A page is smaller than this. */
export const MOST_BYTES = 500_000;

export interface Limits {
  /** Characters of a message, an error or a source. */
  readonly text: number;
  /** Entries of a list: findings, executions, items, rows. */
  readonly entries: number;
  /** Names within a sentence. */
  readonly names: number;
  /** Executions whose states are drawn, and switches. */
  readonly drawings: number;
  /** States of an execution. */
  readonly states: number;
}

/** Tried in this order until the page is small enough. The tables that matter are fifty in each. */
export const LIMITS: readonly [Limits, ...Limits[]] = [
  { text: 2000, entries: 60, names: 20, drawings: 6, states: 40 },
  { text: 500, entries: 30, names: 10, drawings: 4, states: 40 },
  { text: 150, entries: 10, names: 5, drawings: 2, states: 12 },
];
