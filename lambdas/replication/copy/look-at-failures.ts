/** The observations that `failures.ts` judges: errors that the target counts, and what may explain them otherwise. */
import type { Reader } from '../../ports/database.ts';
import { serverStarted, type TargetTable, type WorkerState } from '../copy-progress.sql.ts';
import type { StreamHistory } from '../history.ts';
import { type Failures, keepFailures } from './failures.ts';

export interface Found {
  readonly source: Reader;
  readonly target: Reader;
  readonly history: Pick<StreamHistory, 'slot'>;
  readonly workers: WorkerState;
  readonly tables: readonly TargetTable[];
}

export async function failuresSince(
  before: Failures | undefined,
  { source, target, history, workers, tables }: Found,
  now = Date.now(),
): Promise<Failures> {
  const [[here], [there]] = [await source.query(serverStarted()), await target.query(serverStarted())];
  const servers = (here?.at ?? 0) + (there?.at ?? 0);
  return keepFailures(before, workers, { servers, connected: history.slot?.active ?? false, tables }, now);
}
