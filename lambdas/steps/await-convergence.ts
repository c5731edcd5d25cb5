/**
 * Guide A, step 6, and guide W, step 8. An LSN moves while it is read, so the proof is a marker: a row of ours that arrives, with the
 * slot confirmed past it, soon enough and several times in a row.
 */
import { CopyStalled, type SchemaDrift } from '../config/errors.ts';
import type { MigrationInput } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import type { Looking, Verdict } from '../engine/contract.ts';
import { CONVERGENCE_RESERVE_MS } from '../engine/reserves.ts';
import { defineStep } from '../engine/step.ts';
import { type Cause, causeOf } from '../replication/copy/cause.ts';
import { type Failures, failuresAsJson, isFailing, readFailures } from '../replication/copy/failures.ts';
import { failuresSince } from '../replication/copy/look-at-failures.ts';
import { targetTables, workerState } from '../replication/copy-progress.sql.ts';
import { release } from '../replication/held.ts';
import { assertContinuous, lookAtHistory, type StreamHistory } from '../replication/history.ts';
import { GOOD_SAMPLES_NEEDED, markerAfter, SAMPLE_TIMEOUT_MS } from '../replication/lag-samples.ts';
import { type Arrival, awaitArrival, isGood, type Marker, newestMarker, writeMarker } from '../replication/marker.ts';
import { drifted } from '../schema/column-drift.ts';

/** Lag samples so far in this execution, and how many of the last ones were good. */
interface Tally {
  readonly looks: number;
  readonly streak: number;
}

interface Seen extends Tally {
  readonly history: StreamHistory;
  /** This visit's lag sample; undefined before its marker is written. */
  readonly arrival: Arrival | undefined;
  readonly marker: number | null;
  readonly failures: Failures;
  /** The cause of repeated failures on the target; undefined while there are none. */
  readonly failing: Cause | undefined;
}

function readTally(previous: Json | undefined): Tally {
  const { looks, streak } = (previous ?? {}) as Partial<Tally>;
  return typeof looks === 'number' && typeof streak === 'number' ? { looks, streak } : { looks: 0, streak: 0 };
}

/** The tally after a lag sample. */
const count = (marker: Marker, arrival: Arrival, input: MigrationInput): Tally => ({
  looks: marker.look,
  streak: markerAfter(marker, arrival, input).streakBefore,
});

const timeout = (remainingMs: number): number => Math.max(0, Math.min(SAMPLE_TIMEOUT_MS, remainingMs - CONVERGENCE_RESERVE_MS));

async function lookAtStream({
  source,
  target,
  input,
  previous,
}: Looking<'source' | 'target'>): Promise<Pick<Seen, 'history' | 'failures' | 'failing'>> {
  const history = await lookAtHistory(source, target);
  const [workers] = await target.query(workerState(history.name));
  if (!workers) throw new Error('A query without a from-list always returns a row.');
  const tables = await target.query(targetTables(history.name));
  const failures = await failuresSince(readFailures(previous), { source, target, history, workers, tables });
  const published = history.publication?.tables ?? [];
  return {
    history,
    failures,
    failing: isFailing(failures) ? await causeOf(source, target, history.name, published, input, failures) : undefined,
  };
}

const refuses = ({ drift, cause, remedy }: Cause): CopyStalled | SchemaDrift =>
  drift !== undefined
    ? drifted(drift)
    : new CopyStalled(
        `The stream does not get on: ${cause}. Nothing is lost, since its slot keeps every change, and WAL with it; the target goes on trying, and ` +
          `the application is not affected. ${remedy} Then start Replicate again; it continues.`,
      );

export const awaitConvergence = defineStep({
  needs: ['source', 'target'],
  interrupted:
    'Nothing but markers in our own table was written. The subscription on the target goes on by itself, and what was copied stays.',

  async inspect(ctx): Promise<Seen> {
    const { source, target, input, execution, previous, remainingMs } = ctx;
    const { history, ...stream } = await lookAtStream(ctx);
    const before = readTally(previous);
    const newest = history.incarnation && (await newestMarker(source, execution));
    if (!newest || newest.look <= before.looks) return { history, ...stream, arrival: undefined, marker: null, ...before };
    const arrival = await awaitArrival(source, target, history.name, execution, newest, timeout(remainingMs()));
    return { history, ...stream, arrival, marker: newest.number, ...count(newest, arrival, input) };
  },

  judge({ history, arrival, streak, failing }): Verdict {
    assertContinuous(history);
    if (arrival && streak >= GOOD_SAMPLES_NEEDED) return 'done';
    if (failing) throw refuses(failing);
    return arrival ? 'pending' : 'todo';
  },

  /** As many lag samples as are still wanted, of which the last is left for the second look of the visit. */
  async act({ source, target, input, execution, remainingMs }, { history, looks, streak }) {
    if (history.subscription) await release(target, history.name, history.subscription);
    let tally: Tally = { looks, streak };
    for (;;) {
      const marker: Marker = { look: tally.looks + 1, streakBefore: tally.streak };
      await writeMarker(source, execution, marker);
      if (marker.streakBefore + 1 >= GOOD_SAMPLES_NEEDED || timeout(remainingMs()) < SAMPLE_TIMEOUT_MS) return;
      const arrival = await awaitArrival(source, target, history.name, execution, marker, SAMPLE_TIMEOUT_MS);
      if (!isGood(arrival, input)) return;
      tally = count(marker, arrival, input);
    }
  },

  evidence: ({ history, arrival, marker, looks, streak, failures }) => ({
    looks,
    streak,
    marker,
    ...(arrival ?? {}),
    slot: history.slot ? { active: history.slot.active, retainedBytes: history.slot.retainedBytes } : null,
    failures: failuresAsJson(failures),
  }),
});
