/**
 * One part, exactly once. Nobody but the holder of its lock copies it, and the lock is that of the very transaction that writes the rows. The
 * number of that transaction is recorded before its first row: whatever dies, the server knows whether the rows are there.
 */
import { StatementFailed } from '../config/errors.ts';
import type { Database } from '../ports/database.ts';
import type { CopySession, PartCopy } from '../ports/part-copy.ts';
import * as parts from '../state/copy-parts.sql.ts';
import type { CopyPlanState } from '../state/copy-plan.sql.ts';
import * as copyTables from '../state/copy-tables.sql.ts';
import * as copyWorkers from '../state/copy-workers.sql.ts';
import { snapshotSeed } from './seed.ts';
import * as sql from './statements.sql.ts';

/** The two ends of a part. */
export interface Ends {
  readonly source: CopySession;
  readonly target: CopySession;
}

export interface PartContext {
  /** As our own role. */
  readonly target: Database;
  readonly copy: PartCopy;
  readonly seed: NonNullable<CopyPlanState['seed']>;
  readonly execution: string;
  readonly worker: number;
}

/**
 * `copied`: its rows are there. `there`: they were before. `held`: another worker has it. `moved`: tables of it were rewritten on the source, and are left
 * to the stream by now.
 */
export type PartOutcome =
  | { readonly is: 'copied'; readonly bytes: number; readonly rows: number }
  | { readonly is: 'there' | 'held' | 'moved' };

/** What happens on the way. */
export interface PartEvents {
  /** The transaction of this number is recorded as the part's. */
  onBegun?(xid: string): void;
  /** At most once a second, with the bytes so far. */
  onBytes?(bytes: number): void;
}

/** The target holds rows that no part brought. */
export class TableOccupied extends Error {
  override readonly name = 'TableOccupied';
}

export const MOVED =
  'its rows were moved on the source since the parts were listed (VACUUM FULL, CLUSTER, TRUNCATE, pg_repack or other DDL)';

/**
 * @throws StatementFailed with what either server complained of @throws TransientError where a connection was lost @throws SeedLost @throws TableOccupied
 *   Whatever it throws, both sessions are to be given up.
 */
export async function copyPart(
  ctx: PartContext,
  ends: Ends,
  part: parts.OpenPart,
  { onBegun, onBytes }: PartEvents = {},
): Promise<PartOutcome> {
  const { target, execution, worker } = ctx;
  const version = await target.version();
  await ends.target.query(sql.begin(version));
  const [lock] = await ends.target.query(parts.lockPart(part.part));
  if (!lock?.taken) return rolledBack(ends, 'held');
  const { xid } = lock;
  const [begun] = await target.query(parts.beginPart(part.part, { execution, worker, xid }));
  onBegun?.(xid);
  if (!begun || begun.attempts === null) return rolledBack(ends, 'there');
  await target.query(copyWorkers.noteWorker(worker, execution, part.part));
  const tables = await target.query(copyTables.copyTablesNamed(part.tables));
  if (tables.length === 0) return rolledBack(ends, 'moved');
  if (!(await staysPut(ctx, ends, tables))) return rolledBack(ends, 'moved');
  const passed = await passAll(ctx, ends, part, tables, version, onBytes);
  const [noted] = await target.query(parts.notePart(part.part, xid, passed.rows, passed.bytes));
  if (!noted) return rolledBack(ends, 'held');
  await ends.target.query(sql.commit());
  await ends.source.query(sql.commit());
  await target.query(parts.settleParts());
  return { is: 'copied', ...passed };
}

async function rolledBack(ends: Ends, is: 'there' | 'held' | 'moved'): Promise<PartOutcome> {
  await Promise.all([ends.source.query(sql.rollback()), ends.target.query(sql.rollback())]);
  return { is };
}

/** Begins to read, and keeps the tables where they are. @returns false where some are no longer where they were: these are left to the stream */
async function staysPut({ target, seed }: PartContext, { source }: Ends, tables: readonly copyTables.CopyTable[]): Promise<boolean> {
  await snapshotSeed.begin(source, seed);
  let refused: StatementFailed | undefined;
  try {
    await source.query(sql.lockAgainstMoving(tables));
  } catch (error) {
    if (!(error instanceof StatementFailed)) throw error;
    refused = error;
    await source.query(sql.rollback());
  }
  const moved = new Set((await source.query(sql.movedTables(tables))).map(({ relation }) => relation));
  if (moved.size === 0) {
    if (refused) throw refused;
    return true;
  }
  const gone = tables.filter(({ relation }) => moved.has(relation));
  await target.query(copyTables.leaveToStream(gone, MOVED));
  return false;
}

/**
 * Several tables share a round trip. A part that failed is copied table by table in the ordinary way: a proxy before the target may not know the other.
 */
async function passAll(
  { copy }: PartContext,
  { source, target }: Ends,
  { range, alone, attempts }: parts.OpenPart,
  tables: readonly copyTables.CopyTable[],
  version: number,
  onBytes?: (bytes: number) => void,
): Promise<{ readonly bytes: number; readonly rows: number }> {
  const frozen = alone && tables.length === 1;
  if (frozen) await empty(target, tables);
  else if (alone && tables.length > 0) await demandEmpty(target, tables);
  // A check of one table may have changed settings by which the next would be read, so each has them set before its rows.
  const pins = sql.pinAgain(version);
  const passes = tables.map((table) => ({
    copyOut: sql.copyOut(table, range),
    copyIn: `${pins.text};\n${sql.copyIn(table, frozen)}`,
  }));
  if (passes.length > 1 && attempts === 0) return copy.passSeveral(source, target, passes, onBytes);
  let [bytes, rows] = [0, 0];
  for (const { copyOut, copyIn } of passes) {
    const before = bytes;
    const passed = await copy.pass(source, copyOut, target, copyIn, (so) => onBytes?.(before + so));
    bytes += passed.bytes;
    rows += passed.rows;
  }
  return { bytes, rows };
}

/** A table that was emptied in the same transaction takes rows that need no vacuum later. @throws TableOccupied where it was not empty before */
async function empty(target: CopySession, tables: readonly copyTables.CopyTable[]): Promise<void> {
  await target.query(sql.lockAlone(tables));
  await demandEmpty(target, tables);
  await target.query(sql.emptyAlone(tables));
}

/** @throws TableOccupied */
async function demandEmpty(target: CopySession, tables: readonly copyTables.CopyTable[]): Promise<void> {
  const [occupied] = await target.query(sql.anyRow(tables));
  if (occupied) {
    throw new TableOccupied(
      `The table ${occupied.schema}.${occupied.table} of the target holds rows that no part of this copy brought. Nothing of it was changed. Empty it on ` +
        'the target, then start Replicate again.',
    );
  }
}
