/** Outcome of the comparison of a part of a table. */
import { atMost } from '../config/listing.ts';

/** One row that differs. The key's values are data of the user, but without them the operator could not find the row; no other value is kept. */
export interface RowDifference {
  /** Such as `id = 7, line = 2`, cut to {@link LONGEST_KEY}. */
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'changed';
  /** Names of the columns that differ, for `changed`. */
  readonly columns: readonly string[];
}

export interface Outcome {
  /** Rows of the source. */
  readonly rows: number;
  readonly different: readonly RowDifference[];
  /** Rows that changed during every round, so that nothing is known about them. */
  readonly moving: number;
}

/** A table's comparison ends once this many rows were found: more would not tell the operator more. */
export const ROWS_REPORTED = 20;
const LONGEST_KEY = 100;
const COLUMNS_REPORTED = 10;

export function describeKey(columns: readonly { readonly name: string }[], values: readonly string[]): string {
  const text = columns.map(({ name }, place) => `${name} = ${values[place]}`).join(', ');
  return text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY - 3)}...` : text;
}

export const describeColumns = (names: readonly string[]): string[] => atMost(COLUMNS_REPORTED, names);
