/**
 * Lag of the subscriber in milliseconds, without writing anything. A marker would have to be written, and neither side's statistics suffice:
 * the walsender's `replay_lag` begins when a change is sent, not when it was written, and is lost with the connection; the subscriber's
 * times do not change while nothing is sent. So the current end of the WAL is read, and its confirmation awaited, as SwitchOver does.
 * The subscriber confirms within about a second where little happens, so a lag below that means none.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../ports/database.ts';
import { confirmation, walPosition } from '../replication/slots.sql.ts';
import { bytesOf, type MetricHistory } from './history.ts';

/** Several times that second. */
export const TIMEOUT_MS = 5_000;
const POLL_MS = 100;

/** Milliseconds until everything that was written by now is confirmed; undefined where it is not within {@link TIMEOUT_MS}. */
export async function awaitConfirmation(publisher: Reader, slot: string): Promise<number | undefined> {
  const [end] = await publisher.query(walPosition());
  const began = performance.now();
  for (;;) {
    const [state] = await publisher.query(confirmation(slot, end?.position ?? '0/0'));
    const waited = performance.now() - began;
    if (state?.past) return waited;
    if (waited > TIMEOUT_MS) return undefined;
    await sleep(POLL_MS);
  }
}

/** Time that the subscriber is behind, by earlier samples: it has confirmed less than the publisher had written then. At least the timeout. */
export function milliseconds(confirmed: string, memory: MetricHistory, now: number): number {
  const since = memory.lastSeenBefore(bytesOf(confirmed));
  return Math.max(TIMEOUT_MS, since === undefined ? 0 : now - since);
}
