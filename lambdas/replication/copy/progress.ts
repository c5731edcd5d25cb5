/** Progress of the copy, computed from the tables of both sides. */
import { keyOf } from '../../config/tables.ts';
import type { SourceTable, TargetTable } from '../copy-progress.sql.ts';

/** A table whose copy is running. */
export interface InFlight {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly percent: number;
}

export interface Progress {
  readonly tables: number;
  readonly ready: number;
  /** The copy is over, and the changes made meanwhile are being applied. */
  readonly catchingUp: number;
  readonly copying: number;
  /** Bytes on the source of what is copied, and of everything; a table in flight counts by its share. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Rows of tables that are copied, as the planner estimates them, and of those in flight, as COPY counts them. */
  readonly rowsDone: number;
  readonly percent: number;
  /** Bytes that the copies in flight have received, as COPY counts them. */
  readonly bytesInFlight: number;
  /** Largest first. */
  readonly inFlight: readonly InFlight[];
}

/** Evidence stays small however many tables there are. */
const SHOWN = 10;
/** A copy in flight is never called complete, however wrong the estimate it is measured by. */
const MOST_OF_A_COPY = 0.99;

/** The planner knows rows; where it does not, the size of what has arrived is used. */
function share({ estimatedRows, bytes }: SourceTable, { copiedRows, bytes: arrived }: TargetTable): number {
  if (copiedRows === null) return 0;
  const part = estimatedRows > 0 ? copiedRows / estimatedRows : bytes > 0 ? (arrived ?? 0) / bytes : 0;
  return Math.min(MOST_OF_A_COPY, part);
}

const percentOf = (part: number, whole: number): number => (whole === 0 ? 100 : Math.floor((1000 * part) / whole) / 10);

/** @param source every published table; whatever the subscription knows beyond it does not count */
export function progressOf(source: readonly SourceTable[], target: readonly TargetTable[]): Progress {
  const known = new Map(target.map((table) => [keyOf(table), table]));
  const inFlight: InFlight[] = [];
  let [ready, catchingUp, bytesDone, bytesTotal, rowsDone, bytesInFlight] = [0, 0, 0, 0, 0, 0];
  for (const table of source) {
    const copy = known.get(keyOf(table));
    bytesTotal += table.bytes;
    if (copy?.state === 'r') ready += 1;
    if (copy?.state === 'f' || copy?.state === 's') catchingUp += 1;
    if (copy && copy.state !== 'i' && copy.state !== 'd') {
      bytesDone += table.bytes;
      rowsDone += Math.max(0, table.estimatedRows);
    } else if (copy && copy.copiedRows !== null) {
      const part = share(table, copy);
      bytesDone += part * table.bytes;
      rowsDone += copy.copiedRows;
      bytesInFlight += copy.copiedBytes ?? 0;
      inFlight.push({
        table: `${table.schema}.${table.table}`,
        rows: copy.copiedRows,
        bytes: copy.copiedBytes ?? 0,
        percent: percentOf(part, 1),
      });
    }
  }
  return {
    tables: source.length,
    ready,
    catchingUp,
    copying: inFlight.length,
    bytesDone: Math.round(bytesDone),
    bytesTotal,
    rowsDone: Math.round(rowsDone),
    percent: ready === source.length ? 100 : percentOf(bytesDone, bytesTotal),
    bytesInFlight,
    inFlight: inFlight.sort((one, other) => other.bytes - one.bytes).slice(0, SHOWN),
  };
}
