/** Markers: written on the source, waited for on the target. One that has arrived proves that everything before it has. */
import type { MigrationInput } from '../config/input.ts';
import type { Database, Reader } from '../ports/database.ts';
import { heartbeatAge, heartbeatOf, heartbeatsNamed, lockHeartbeats, newestHeartbeat, writeHeartbeat } from '../state/heartbeat.sql.ts';
import { awaitLsn } from './lsn-wait.ts';

/**
 * The marker of one lag sample. The token says all that a later visit needs to know, so a crash in between repeats the same sample: which
 * execution, which sample of it, and how many good samples came right before.
 */
export interface Marker {
  readonly look: number;
  readonly streakBefore: number;
}

const tokenOf = (execution: string, { look, streakBefore }: Marker): string => `${execution}:${look}:${streakBefore}`;

/** Every marker of an execution, oldest first. */
export async function markersOf(source: Reader, execution: string): Promise<Marker[]> {
  return (await source.query(heartbeatsNamed(`${execution}:`))).flatMap(({ token }) => {
    const [look, streakBefore] = token
      .slice(execution.length + 1)
      .split(':')
      .map(Number);
    return look !== undefined && streakBefore !== undefined ? [{ look, streakBefore }] : [];
  });
}

/** The newest marker of an execution, if it has written any. */
export async function newestMarker(source: Reader, execution: string): Promise<(Marker & { readonly number: number }) | undefined> {
  const [heartbeat] = await source.query(newestHeartbeat(`${execution}:`));
  const [look, streakBefore] = heartbeat?.token.split(':').slice(-2).map(Number) ?? [];
  return heartbeat && look !== undefined && streakBefore !== undefined ? { look, streakBefore, number: heartbeat.id } : undefined;
}

export async function writeMarker(source: Database, execution: string, marker: Marker): Promise<void> {
  await source.transaction(async (session) => {
    await session.query(lockHeartbeats());
    await session.query(writeHeartbeat(tokenOf(execution, marker)));
  });
}

export interface Arrival {
  readonly arrived: boolean;
  /** From the commit on the source to our seeing it on the target, by the source's clock; at most this, as our own polling takes time too. */
  readonly lagMilliseconds: number;
  /** Whether the target has confirmed everything up to the marker. */
  readonly confirmed: boolean;
  /** WAL of the source that the target has not confirmed. */
  readonly lagBytes: number;
}

/** Whether a sample counts as in step. */
export const isGood = (
  { arrived, confirmed, lagBytes, lagMilliseconds }: Arrival,
  input: Pick<MigrationInput, 'maxLagBytes' | 'maxLagMilliseconds'>,
): boolean => arrived && confirmed && lagBytes <= input.maxLagBytes && lagMilliseconds <= input.maxLagMilliseconds;

const LOOK_EVERY_MS = 25;

/** Waits for a marker to arrive and for its position in the WAL to be confirmed, but not longer than `timeoutMs`. */
export async function awaitArrival(
  source: Reader,
  target: Reader,
  slot: string,
  execution: string,
  marker: Marker,
  timeoutMs: number,
): Promise<Arrival> {
  const token = tokenOf(execution, marker);
  let lagMilliseconds: number | undefined;
  // The end of the WAL is read after the marker was committed, so it lies behind the marker.
  const { seen } = await awaitLsn(source, slot, {
    timeoutMs,
    everyMs: LOOK_EVERY_MS,
    async isOver(now) {
      if (lagMilliseconds === undefined && (await target.query(heartbeatOf(token))).length > 0) {
        lagMilliseconds = (await source.query(heartbeatAge(token)))[0]?.milliseconds;
      }
      return lagMilliseconds !== undefined && now?.past === true;
    },
  });
  const age = lagMilliseconds ?? (await source.query(heartbeatAge(token)))[0]?.milliseconds ?? Number.MAX_SAFE_INTEGER;
  return {
    arrived: lagMilliseconds !== undefined,
    lagMilliseconds: Math.round(age),
    confirmed: seen?.past ?? false,
    lagBytes: seen?.lagBytes ?? Number.MAX_SAFE_INTEGER,
  };
}
