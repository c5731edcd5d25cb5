/** Progress of a comparison. It is the step's evidence, from which its next visit continues. */
import type { TableName } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import type { Key } from './comparison.sql.ts';
import { type Outcome, ROWS_REPORTED, type RowDifference } from './outcome.ts';
import type { Side } from './sides.ts';

/** Position within a table: behind a key, in one side's order. */
export interface Within {
  readonly lead: Side;
  readonly after: Key | null;
}

/** The table that was compared last. `within` is null when it is finished. Names rather than numbers, because tables may be added or dropped. */
export interface Cursor extends TableName {
  readonly within: Within | null;
}

export interface TableDifference extends TableName {
  /** Why the table's rows were not compared. */
  readonly reason: string | null;
  /** At most {@link ROWS_REPORTED}. */
  readonly rows: readonly RowDifference[];
}

/** A table as a report tells of it. */
export interface ComparedTable extends TableName {
  readonly bytes: number;
  /** Rows of the source that were compared. */
  readonly rows: number;
}

export interface Progress {
  /** Tables that are finished. */
  readonly tables: number;
  /** Rows of the source that were compared. */
  readonly rows: number;
  /** Size of the tables that are finished. */
  readonly bytes: number;
  readonly different: readonly TableDifference[];
  /** Further tables that differ, of which only the number is kept. */
  readonly moreDifferent: number;
  /** Rows that changed on the source during every round. */
  readonly moving: number;
  /** At most {@link TABLES_REPORTED}, largest first; the one at the cursor among them. */
  readonly largest: readonly ComparedTable[];
  /** Null before the first table and after the last. */
  readonly cursor: Cursor | null;
  readonly finished: boolean;
}

const BEGINNING: Progress = {
  tables: 0,
  rows: 0,
  bytes: 0,
  different: [],
  moreDifferent: 0,
  moving: 0,
  largest: [],
  cursor: null,
  finished: false,
};

/** 50 tables of 20 rows of some 150 bytes are 150 KB of the 256 KiB that a state may hold. */
const TABLES_REPORTED = 50;

/** A table that is compared in several pieces is there once, with the rows of all of them. */
function withTable(
  largest: readonly ComparedTable[],
  { schema, table, bytes }: Omit<ComparedTable, 'rows'>,
  rows: number,
): ComparedTable[] {
  const known = largest.find((one) => isAt(one, { schema, table }));
  const others = largest.filter((one) => one !== known);
  const all = [...others, { schema, table, bytes, rows: rows + (known?.rows ?? 0) }];
  return all.sort((one, other) => other.bytes - one.bytes).slice(0, TABLES_REPORTED);
}

/** @param previous evidence of the last visit, which is a {@link Progress}; a comparison that had finished begins anew */
export function resume(previous: Json | undefined): Progress {
  const last = previous as unknown as Progress | undefined;
  return last?.cursor ? { ...BEGINNING, ...last } : BEGINNING;
}

const isAt = (one: TableName, other: TableName): boolean => one.schema === other.schema && one.table === other.table;
const precedes = (one: TableName, other: TableName): boolean =>
  one.schema < other.schema || (one.schema === other.schema && one.table < other.table);

/** The table to compare next: by schema and name, also where tables were added or dropped since the cursor was written. */
export function nextTable<Table extends TableName>(tables: readonly Table[], cursor: Cursor | null): Table | undefined {
  const left = tables.filter((table) => !cursor || precedes(cursor, table) || (cursor.within !== null && isAt(cursor, table)));
  return left.reduce<Table | undefined>((first, table) => (first && precedes(first, table) ? first : table), undefined);
}

/** Tables that have not been begun, in the order of {@link nextTable}; none while a table is partly compared. */
export function tablesAhead<Table extends TableName>(inOrder: readonly Table[], cursor: Cursor | null): Table[] {
  if (cursor?.within) return [];
  const first = cursor ? inOrder.findIndex((table) => precedes(cursor, table)) : 0;
  return first < 0 ? [] : inOrder.slice(first);
}

export const orderOf = (one: TableName, other: TableName): number => (precedes(one, other) ? -1 : precedes(other, one) ? 1 : 0);

/** The position from which this table continues. */
export const within = (progress: Progress, table: TableName): Within =>
  (progress.cursor && isAt(progress.cursor, table) ? progress.cursor.within : null) ?? { lead: 'source', after: null };

/** Adds the outcome of a part of a table. A table of which enough rows were found to differ is finished. */
export function advance(
  progress: Progress,
  { schema, table, bytes }: TableName & { readonly bytes: number },
  part: Outcome & { readonly next: Within | null; readonly reason: string | null },
): Progress {
  const known = progress.different.find((one) => isAt(one, { schema, table }));
  // The second pass, in the order of the target, meets the rows again that both sides have.
  const again = within(progress, { schema, table }).lead === 'target' ? (known?.rows ?? []) : [];
  const found = part.different.filter(({ key, kind }) => !again.some((row) => row.key === key && row.kind === kind));
  const rows = [...(known?.rows ?? []), ...found].slice(0, ROWS_REPORTED);
  const differs = rows.length > 0 || part.reason !== null;
  const others = progress.different.filter((one) => one !== known);
  const listed = differs && (known !== undefined || others.length < TABLES_REPORTED);
  // A table whose differences are only counted is finished as well, so that it is counted once.
  const next = rows.length < ROWS_REPORTED && (listed || !differs) ? part.next : null;
  return {
    tables: progress.tables + (next ? 0 : 1),
    rows: progress.rows + part.rows,
    bytes: progress.bytes + (next ? 0 : bytes),
    different: listed ? [...others, { schema, table, reason: part.reason, rows }] : progress.different,
    moreDifferent: progress.moreDifferent + (differs && !listed ? 1 : 0),
    moving: progress.moving + part.moving,
    largest: withTable(progress.largest, { schema, table, bytes }, part.rows),
    cursor: { schema, table, within: next },
    finished: false,
  };
}

export const finish = (progress: Progress): Progress => ({ ...progress, cursor: null, finished: true });
