/**
 * Guide A, step 6, and guide W, step 8. An LSN moves while one looks at it, so the proof is a marker: a row of ours that arrives, with the
 * slot confirmed past it, soon enough and several times in a row.
 */
import type { Json, Verdict } from '../contract.ts';
import { COPY_KEYS, type MigrationInput } from '../input.ts';
import { release } from '../replication/held.ts';
import { type History, lookAtHistory, vouchFor } from '../replication/history.ts';
import { type Arrival, awaitArrival, isGood, type Marker, newestMarker, writeMarker } from '../replication/marker.ts';
import { defineStep } from '../step.ts';

/** One good look may be luck. */
const GOOD_LOOKS_NEEDED = 3;
/** The target confirms about once a second when little happens; several times that tells late from slow. */
const PATIENCE_MS = 5_000;
/** What is left to look again and to return. */
const RESERVE_MS = 15_000;

/** Looks so far in this execution, and how many of the last ones were good. */
interface Tally {
  readonly looks: number;
  readonly streak: number;
}

interface Seen extends Tally {
  readonly history: History;
  /** This visit's look; undefined before its marker is written. */
  readonly arrival: Arrival | undefined;
  readonly marker: number | null;
}

function readTally(previous: Json | undefined): Tally {
  const { looks, streak } = (previous ?? {}) as Partial<Tally>;
  return typeof looks === 'number' && typeof streak === 'number' ? { looks, streak } : { looks: 0, streak: 0 };
}

/** The tally after a look. */
const count = ({ look, streakBefore }: Marker, arrival: Arrival, input: MigrationInput): Tally => ({
  looks: look,
  streak: isGood(arrival, input) ? streakBefore + 1 : 0,
});

const patience = (remainingMs: number): number => Math.max(0, Math.min(PATIENCE_MS, remainingMs - RESERVE_MS));

export const awaitConvergence = defineStep({
  needs: ['source', 'target'],
  understands: COPY_KEYS,

  async inspect({ source, target, input, execution, previous, remainingMs }): Promise<Seen> {
    const history = await lookAtHistory(source, target);
    const before = readTally(previous);
    const newest = history.birth && (await newestMarker(source, execution));
    if (!newest || newest.look <= before.looks) return { history, arrival: undefined, marker: null, ...before };
    const arrival = await awaitArrival(source, target, history.name, execution, newest, patience(remainingMs()));
    return { history, arrival, marker: newest.number, ...count(newest, arrival, input) };
  },

  judge({ history, arrival, streak }): Verdict {
    vouchFor(history);
    if (!arrival) return 'todo';
    return streak >= GOOD_LOOKS_NEEDED ? 'done' : 'pending';
  },

  /** As many looks as are still wanted, of which the last is left for the second look of the visit. */
  async act({ source, target, input, execution, remainingMs }, { history, looks, streak }) {
    if (history.subscription) await release(target, history.name, history.subscription);
    let tally: Tally = { looks, streak };
    for (;;) {
      const marker: Marker = { look: tally.looks + 1, streakBefore: tally.streak };
      await writeMarker(source, execution, marker);
      if (marker.streakBefore + 1 >= GOOD_LOOKS_NEEDED || patience(remainingMs()) < PATIENCE_MS) return;
      const arrival = await awaitArrival(source, target, history.name, execution, marker, PATIENCE_MS);
      if (!isGood(arrival, input)) return;
      tally = count(marker, arrival, input);
    }
  },

  evidence: ({ history, arrival, marker, looks, streak }) => ({
    looks,
    streak,
    marker,
    ...(arrival ?? {}),
    slot: history.slot ? { active: history.slot.active, retainedBytes: history.slot.retainedBytes } : null,
  }),
});
