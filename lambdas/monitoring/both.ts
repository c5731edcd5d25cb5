/** Metrics that need both sides: continuity of the stream, and progress of the copy. */
import { REPLICATION_ROLE, type StreamName } from '../config/names.ts';
import { missingFrom } from '../config/tables.ts';
import type { Reader } from '../ports/database.ts';
import { progressOf } from '../replication/copy/progress.ts';
import { keepWatch } from '../replication/copy/progress-tracker.ts';
import { sourceTables, targetTables, workerState } from '../replication/copy-progress.sql.ts';
import { continuityViolation, lookAtHistory, type StreamHistory } from '../replication/history.ts';
import type { MetricHistory } from './history.ts';
import { flag, type Measures } from './metrics.ts';
import { awaitsSubscription } from './parts.ts';

export async function watchBoth(
  publisher: Reader,
  subscriber: Reader,
  stream: StreamName,
  sourceDatabase: string,
  memory: MetricHistory,
  now: number,
): Promise<Measures> {
  const history = await lookAtHistory(publisher, subscriber, stream, sourceDatabase);
  const { slot, subscription, heartbeats, publication } = history;
  if (!slot && !subscription) return {};
  const isMissing = !subscription && !(stream === 'forward' && (await awaitsSubscription(publisher, subscriber)));
  const copy = stream === 'forward' && subscription ? await watchCopy(publisher, subscriber, history, memory, now) : {};
  return {
    HistoryBroken: flag(subscription !== undefined && continuityViolation({ ...history, heartbeats: undefined }) !== undefined),
    ...(heartbeats && { HeartbeatGaps: Math.max(0, heartbeats.last - heartbeats.count) }),
    ...(publication && { Tables: publication.tables.length }),
    ...(isMissing && { SubscriptionRunning: 0 }),
    ...copy,
  };
}

/** Progress of the copy. The tables of the source are measured only as long as one is not copied. */
async function watchCopy(source: Reader, target: Reader, history: StreamHistory, memory: MetricHistory, now: number): Promise<Measures> {
  const { name, tables, publication } = history;
  const missing = missingFrom(tables, publication?.tables ?? []).length;
  if (missing === 0 && tables.every(({ state }) => state === 'r')) {
    memory.copy = undefined;
    return { CopyPercent: 100 };
  }
  const [workers] = await target.query(workerState(name));
  const progress = progressOf(await source.query(sourceTables(REPLICATION_ROLE)), await target.query(targetTables(name)));
  if (!workers) throw new Error('A query without a from-list always returns a row.');
  memory.copy = keepWatch(memory.copy, progress, workers, now);
  return {
    CopyBytes: progress.bytesDone,
    CopyBytesTotal: progress.bytesTotal,
    CopyPercent: progress.percent,
    CopyIdleSeconds: (now - memory.copy.movedAt) / 1000,
  };
}
