/** Made-up states of a copy, for the pure parts of AwaitCopy. */
import type { Symptoms } from '../../../../lambdas/replication/copy/diagnosis.ts';
import type { Progress } from '../../../../lambdas/replication/copy/progress.ts';
import { progressOf } from '../../../../lambdas/replication/copy/progress.ts';
import { keepWatch } from '../../../../lambdas/replication/copy/progress-tracker.ts';
import type { SourceTable, TargetTable, WorkerState } from '../../../../lambdas/replication/copy-progress.sql.ts';

export const sourceTable = (table: string, changes: Partial<SourceTable> = {}): SourceTable => ({
  schema: 'public',
  table,
  bytes: 1_000,
  estimatedRows: 100,
  readable: true,
  filtered: false,
  ...changes,
});

export const targetTable = (table: string, changes: Partial<TargetTable> = {}): TargetTable => ({
  schema: 'public',
  table,
  state: 'r',
  bytes: null,
  copiedRows: null,
  copiedBytes: null,
  workerSeconds: null,
  ...changes,
});

export const copying = (table: string, copiedRows: number, copiedBytes = copiedRows * 10): TargetTable =>
  targetTable(table, { state: 'd', copiedRows, copiedBytes, bytes: copiedBytes });

export const workers = (changes: Partial<WorkerState> = {}): WorkerState => ({
  applying: true,
  copying: 1,
  catchUpPosition: 0,
  applyPosition: 0,
  applyErrors: 0,
  syncErrors: 0,
  workers: 2,
  mostWorkers: 4,
  ...changes,
});

export const progress = (tables: readonly TargetTable[]): Progress =>
  progressOf(
    tables.map(({ table }) => sourceTable(table)),
    tables,
  );

export const MINUTE = 60_000;

/** One table in flight that has not moved for a day. */
export function symptoms(changes: Partial<Symptoms> = {}): Symptoms {
  const target = [copying('big', 10)];
  const watch = keepWatch(undefined, progress(target), workers(), 0);
  return {
    now: 24 * 60 * MINUTE,
    history: {
      stream: 'forward',
      name: 'planetscale_migration_shop',
      database: 'shop',
      publication: undefined,
      incarnation: undefined,
      subscription: undefined,
      note: undefined,
      tables: [],
      heartbeats: undefined,
      slot: {
        plugin: 'pgoutput',
        database: 'shop',
        active: true,
        activePid: 1,
        heldByUs: false,
        building: false,
        lost: false,
        confirmed: '0/1',
        lagBytes: 0,
        retainedBytes: 0,
      },
    },
    source: [sourceTable('big')],
    target,
    workers: workers(),
    watch: { ...watch, idleVisits: 100 },
    occupied: [],
    timeLimits: ['statement_timeout=0'],
    waiting: [],
    failing: undefined,
    ...changes,
  };
}
