/**
 * Lag of the subscriber in milliseconds, without writing anything. A marker would have to be written, and neither side's statistics suffice:
 * the walsender's `replay_lag` begins when a change is sent, not when it was written, and is lost with the connection; the subscriber's
 * times do not change while nothing is sent. So the current end of the WAL is read, and its confirmation awaited, as SwitchOver does.
 * The subscriber confirms within about a second where little happens, so a lag below that means none.
 */
import type { Reader } from '../ports/database.ts';
import { awaitLsn } from '../replication/lsn-wait.ts';
import { bytesOf, type MetricHistory } from './history.ts';

/** Several times that second. */
export const CONFIRMATION_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** Milliseconds until everything that was written by now is confirmed; undefined where it is not within {@link CONFIRMATION_TIMEOUT_MS}. */
export async function awaitConfirmation(publisher: Reader, slot: string): Promise<number | undefined> {
  const { seen, waitedMs } = await awaitLsn(publisher, slot, { timeoutMs: CONFIRMATION_TIMEOUT_MS, everyMs: LOOK_EVERY_MS });
  return seen?.past ? waitedMs : undefined;
}

/** Since when the subscriber is behind, by earlier samples: it has confirmed less than the publisher had written then. At least the timeout. */
export function milliseconds(confirmed: string, memory: MetricHistory, now: number): number {
  const since = memory.lastSeenBefore(bytesOf(confirmed));
  return Math.max(CONFIRMATION_TIMEOUT_MS, since === undefined ? 0 : now - since);
}
