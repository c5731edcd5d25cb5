/** How many milliseconds the subscriber is behind, without writing anything: a confirmation is waited for, or earlier looks tell. */
import type { Reader } from '../ports/database.ts';
import { awaitLsn } from '../replication/lsn-wait.ts';
import { bytesOf, type MetricHistory } from './history.ts';

/** Several times the second within which a subscriber confirms where little happens. */
export const CONFIRMATION_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** Milliseconds until everything that was written by now is confirmed; undefined where it is not within {@link CONFIRMATION_TIMEOUT_MS}. */
export async function awaitConfirmation(publisher: Reader, slot: string): Promise<number | undefined> {
  const { seen, waitedMs } = await awaitLsn(publisher, slot, { timeoutMs: CONFIRMATION_TIMEOUT_MS, everyMs: LOOK_EVERY_MS });
  return seen?.past ? waitedMs : undefined;
}

/** Since when the subscriber is behind, by earlier looks: it has confirmed less than the publisher had written then. At least the timeout. */
export function milliseconds(confirmed: string, memory: MetricHistory, now: number): number {
  const since = memory.lastSeenBefore(bytesOf(confirmed));
  return Math.max(CONFIRMATION_TIMEOUT_MS, since === undefined ? 0 : now - since);
}
