/** Rows marked by extensions as their configuration that one side has and the other has not. */
import { StatementFailed } from '../config/errors.ts';
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { seeAllRows } from '../postgres/acting-role.sql.ts';
import { qualified } from '../postgres/quote.ts';
import { type Marked, markedRows, markedTables, rowsAreHidden, sequencePlace } from './extension-rows.sql.ts';

export type Asking = Pick<Reader, 'query'>;
/** Configuration is small; a larger table (such as the data of a geocoder) is reported, for the operator to load. */
const MOST_ROWS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Extension that is handled by `jobs.ts`, because jobs are more than rows. Its other marked table is the history of runs, which stays. */
export const JOBS = 'pg_cron';

/** A marked table or sequence of the side that has the rows, and its counterpart on the other side. */
export interface MarkedPair {
  /** Name as SQL writes it, and its extension. */
  readonly object: string;
  readonly from: Marked;
  /** Undefined where {@link obstacle} says why there is none, or none that may be written to. */
  readonly to: Marked | undefined;
  readonly obstacle: string | undefined;
}

export const nameOf = ({ schema, name, extension }: Pick<Marked, 'schema' | 'name' | 'extension'>): string =>
  `${qualified(schema, name)} (${extension})`;

export const isExcluded = ({ schema, name }: Marked, { excludeSchemas, excludeTables }: Exclusions): boolean =>
  excludeSchemas.includes(schema) || excludeTables.some((table) => table.schema === schema && table.table === name);

/** Why the rows of a marked table cannot be carried, by the side that has them. */
export function obstacleAt({ bytes, kind }: Marked): string | undefined {
  return kind === 'table' && bytes > MOST_BYTES ? `it has ${Math.round(bytes / 1024 / 1024)} MB, more than configuration has` : undefined;
}

function obstacleTo(to: Marked | undefined): string | undefined {
  if (!to) return 'the extension is not there, or has no such table';
  return to.codeOfOthers.length > 0 ? `${to.codeOfOthers.join(', ')} would run on writing, and came with no extension` : undefined;
}

/** Pairs by extension and name: an extension may be installed in another schema. */
export async function markedPairs(from: Asking, to: Asking, input: Exclusions): Promise<MarkedPair[]> {
  const all = (await from.query(markedTables())).filter((marked) => marked.extension !== JOBS && !isExcluded(marked, input));
  if (all.length === 0) return [];
  const there = await to.query(markedTables());
  return all.map((marked) => {
    const like = there.find(({ extension, name, kind }) => extension === marked.extension && name === marked.name && kind === marked.kind);
    const obstacle = obstacleAt(marked) ?? obstacleTo(like);
    return { object: nameOf(marked), from: marked, to: obstacle === undefined ? like : undefined, obstacle };
  });
}

/** Columns that both versions of an extension have. */
export const columnsOf = (from: Marked, to: Marked): Marked['columns'] =>
  to.columns.filter(({ name }) => from.columns.some((column) => column.name === name));

export interface RowDifference {
  /** Rows, as objects of texts, that the other side lacks or has with other values. */
  readonly toPut: readonly string[];
  /** Number of rows that only the other side has: their origin is unknown, so they stay. */
  readonly onlyThere: number;
  /** Why not all rows can be read. */
  readonly obstacle: string | undefined;
}

/** Without a key the same row may be there several times. */
function countsOf(rows: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return counts;
}

function takeOne(counts: Map<string, number>, row: string): boolean {
  const count = counts.get(row) ?? 0;
  if (count > 0) counts.set(row, count - 1);
  return count > 0;
}

export function differenceOf(ours: readonly string[], theirs: readonly string[], key: readonly string[]): Omit<RowDifference, 'obstacle'> {
  const keyOf = (row: string): string => {
    const values = JSON.parse(row) as Record<string, string | null>;
    return key.length > 0 ? JSON.stringify(key.map((column) => values[column] ?? null)) : row;
  };
  const there = countsOf(theirs);
  const toPut = ours.filter((row) => !takeOne(there, row));
  const keys = countsOf(ours.map(keyOf));
  return { toPut, onlyThere: theirs.filter((row) => !takeOne(keys, keyOf(row))).length };
}

/** @param asking in a transaction in which {@link seeAllRows} has been asked for */
export async function rowsOf(asking: Asking, marked: Marked, columns: readonly string[]): Promise<string[] | undefined> {
  const [state] = await asking.query(rowsAreHidden(marked));
  if (state?.hidden) return undefined;
  const rows = (await asking.query(markedRows(marked, columns, MOST_ROWS + 1))).map(({ row }) => row);
  return rows.length > MOST_ROWS ? undefined : rows;
}

export const UNREADABLE = `a policy hides rows of it, or it has more than ${MOST_ROWS} rows`;

/** Why rows cannot be read; undefined where they can. */
export const obstacleToReading = (side: Reader, marked: Marked): Promise<string | undefined> =>
  side
    .snapshot(async (snapshot) => {
      await snapshot.query(seeAllRows());
      if (marked.kind === 'sequence') await snapshot.query(sequencePlace(marked));
      else if (
        !(await rowsOf(
          snapshot,
          marked,
          marked.columns.slice(0, 1).map(({ name }) => name),
        ))
      )
        return UNREADABLE;
      return undefined;
    })
    .catch(refusalOf);

/** @throws an error that is not a server's refusal of a statement */
export function refusalOf(error: unknown): string {
  if (error instanceof StatementFailed) return error.message;
  throw error;
}

/** Reads in a transaction of its own, which sees all rows that we may see. */
export const readRows = (side: Reader, marked: Marked, columns: readonly string[]): Promise<string[] | undefined> =>
  side.snapshot(async (snapshot) => {
    await snapshot.query(seeAllRows());
    return rowsOf(snapshot, marked, columns);
  });

/** Current difference of a pair of tables; only reads. A refusal is an obstacle. */
export const lookAtPair = (from: Reader, to: Reader, pair: MarkedPair): Promise<RowDifference> =>
  compare(from, to, pair).catch((error: unknown) => ({ toPut: [], onlyThere: 0, obstacle: refusalOf(error) }));

async function compare(from: Reader, to: Reader, pair: MarkedPair): Promise<RowDifference> {
  const nothing = { toPut: [], onlyThere: 0 };
  if (!pair.to || pair.from.kind === 'sequence') return { ...nothing, obstacle: pair.obstacle };
  const columns = columnsOf(pair.from, pair.to).map(({ name }) => name);
  const [ours, theirs] = [await readRows(from, pair.from, columns), await readRows(to, pair.to, columns)];
  if (!ours || !theirs) return { ...nothing, obstacle: UNREADABLE };
  return { ...differenceOf(ours, theirs, pair.to.key), obstacle: undefined };
}
