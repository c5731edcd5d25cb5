/** Guide A, step 4: waits until every published table is copied and in step, and says when that will not happen. */
import { CopyStalled } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import { missingFrom } from '../config/tables.ts';
import { planOn } from '../copy/progress.ts';
import type { Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import type { Reader } from '../ports/database.ts';
import { causeOf } from '../replication/copy/cause.ts';
import { certainCause, type Symptoms, stall } from '../replication/copy/diagnosis.ts';
import { type Failures, failuresAsJson, isFailing, readFailures } from '../replication/copy/failures.ts';
import { failuresSince } from '../replication/copy/look-at-failures.ts';
import { type Progress, progressOf } from '../replication/copy/progress.ts';
import { keepWatch, readWatch, recentErrors, secondsLeft } from '../replication/copy/progress-tracker.ts';
import { lastingWaits } from '../replication/copy/waits.ts';
import { sourceTables, targetTables, timeLimitsOf, workerState } from '../replication/copy-progress.sql.ts';
import { release } from '../replication/held.ts';
import { assertContinuous, lookAtHistory, type StreamHistory } from '../replication/history.ts';
import { withAdvisoryLock } from '../replication/make-slot.ts';
import { orphanedCopies, recordedResyncs, resync } from '../replication/resync.ts';
import { refresh } from '../replication/subscribe.ts';
import { occupiedTables, readyWithoutCopy, subscribedTables } from '../replication/subscriptions.sql.ts';
import { drifted } from '../schema/column-drift.ts';

interface Seen extends Symptoms {
  readonly progress: Progress;
  readonly failures: Failures;
  /** Tables that have to be copied again, because the end of their copy was lost. */
  readonly orphaned: readonly TableName[];
  /** Tables that the subscription did not copy: they were empty when the slot was made, or were copied in parts. */
  readonly withoutCopy: number;
  readonly inParts: boolean;
  /** Tables of which that copy was begun and interrupted. */
  readonly recopying: readonly TableName[];
}

/** Tables in which rows that no copy of ours wrote are looked for, per visit. */
const SUSPECTS = 10;

/** In one snapshot, because a copy's rows and its state become visible together. */
const occupiedBeforeCopy = (target: Reader, name: string): Promise<TableName[]> =>
  target.snapshot(async (snapshot) => {
    const copying = (await snapshot.query(subscribedTables(name))).filter(({ state }) => state === 'd').slice(0, SUSPECTS);
    return copying.length > 0 ? snapshot.query(occupiedTables(copying)) : [];
  });

async function look({ source, target, previous, input }: Looking<'source' | 'target'>): Promise<Seen> {
  const before = readWatch(previous);
  const history = await lookAtHistory(source, target);
  const tables = await target.query(targetTables(history.name));
  const [workers] = await target.query(workerState(history.name));
  if (!workers) throw new Error('A query without a from-list always returns a row.');
  const [without] = await target.query(readyWithoutCopy(history.name));
  const published = await source.query(sourceTables(REPLICATION_ROLE));
  const progress = progressOf(published, tables);
  const now = Date.now();
  const watch = keepWatch(before, progress, workers, now);
  const failures = await failuresSince(readFailures(previous), { source, target, history, workers, tables });
  return {
    now,
    history,
    source: published,
    target: tables,
    workers,
    watch,
    progress,
    failures,
    failing: isFailing(failures) ? await causeOf(source, target, history.name, published, input, failures) : undefined,
    occupied: recentErrors(watch, workers) > 0 ? await occupiedBeforeCopy(target, history.name) : [],
    timeLimits: (await source.query(timeLimitsOf(REPLICATION_ROLE))).map(({ setting }) => setting),
    waiting: watch.idleVisits > 0 ? await lastingWaits(source, target, history.name) : [],
    orphaned: await orphanedCopies(source, target, history.name),
    recopying: await recordedResyncs(target),
    withoutCopy: without?.tables ?? 0,
    inParts: (await planOn(target)) !== undefined,
  };
}

const unknown = ({ tables, publication }: StreamHistory): TableName[] => missingFrom(tables, publication?.tables ?? []);

export const awaitCopy = defineStep({
  needs: ['source', 'target'],
  interrupted: 'The subscription on the target goes on by itself, and what was copied stays.',

  inspect: look,

  judge(seen) {
    const { history, progress, orphaned, recopying } = seen;
    assertContinuous(history);
    if (!history.subscription?.enabled || unknown(history).length + orphaned.length + recopying.length > 0) return 'todo';
    if (progress.ready === progress.tables) return 'done';
    if (seen.failing?.drift !== undefined) throw drifted(seen.failing.drift);
    const diagnosis = certainCause(seen) ?? stall(seen);
    if (!diagnosis) return 'pending';
    throw new CopyStalled(
      `The copy does not get on: ${diagnosis.cause}. ${progress.ready} of ${progress.tables} tables are ready; nothing was undone, the ` +
        `target goes on trying, and the application is not affected. ${diagnosis.remedy} Then start Replicate again; it continues.`,
    );
  },

  /**
   * A switch has left the subscription disabled, another session changed the publication since CreateSubscription, or a restart lost the end
   * of a copy.
   */
  async act({ source, target, remainingMs }, { history, orphaned: lost, recopying }) {
    const finished = await withAdvisoryLock(source, history.name, async () => {
      const now = await lookAtHistory(source, target);
      if (now.subscription) await release(target, now.name, now.subscription);
      if (unknown(now).length > 0) await refresh(target, now.name, unknown(now), remainingMs());
      const orphaned = await orphanedCopies(source, target, now.name);
      if (orphaned.length > 0 || (await recordedResyncs(target)).length > 0) await resync(source, target, now.name, orphaned, remainingMs);
      return true;
    });
    // A worker that asks once more for its slot hides its table for a moment, from this look or from the next.
    return finished && lost.length + recopying.length === 0 ? undefined : 'pending';
  },

  evidence: ({ history, progress, watch, workers, now, failures, withoutCopy, inParts }) => ({
    ...progress,
    ...(withoutCopy > 0 ? { [inParts ? 'copiedInParts' : 'emptyAtStart']: withoutCopy } : {}),
    inFlight: progress.inFlight.map((copy) => ({ ...copy })),
    secondsLeft: secondsLeft(watch, progress, now),
    errors: recentErrors(watch, workers),
    slot: history.slot ? { active: history.slot.active, retainedBytes: history.slot.retainedBytes } : null,
    watch: { ...watch },
    failures: failuresAsJson(failures),
  }),
});
