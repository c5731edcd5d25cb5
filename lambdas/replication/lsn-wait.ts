/**
 * The end of a publisher's WAL, waited for until the subscriber has confirmed it. Nothing has to be written for that, and neither side's
 * statistics tell as much: `replay_lag` of pg_stat_replication begins when a change is sent, not when it was written, and is gone with the
 * connection; the subscriber's times stand still while nothing is sent. A subscriber confirms within about a second where little happens.
 * A switch waits at the server instead (`switch/waits.sql.ts`), because inside the fence every round trip is downtime.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../ports/database.ts';
import { type Confirmation, confirmation, walPosition } from './slots.sql.ts';

interface Wait {
  readonly timeoutMs: number;
  /** Between two looks. */
  readonly everyMs: number;
  /** Whether a look ends the wait. @default - when the position is confirmed */
  isOver?(seen: Confirmation | undefined): boolean | Promise<boolean>;
}

/** What the last look saw: undefined where there is no such slot. */
export interface LsnWait {
  readonly seen: Confirmation | undefined;
  readonly waitedMs: number;
}

/** Takes the end of the WAL now, and waits for it; the last look comes when the time is over. */
export async function awaitLsn(
  publisher: Reader,
  slot: string,
  { timeoutMs, everyMs, isOver = (seen) => seen?.past === true }: Wait,
): Promise<LsnWait> {
  const [end] = await publisher.query(walPosition());
  const began = performance.now();
  for (;;) {
    const late = performance.now() - began >= timeoutMs;
    const [seen] = await publisher.query(confirmation(slot, end?.position ?? '0/0'));
    const waitedMs = performance.now() - began;
    if ((await isOver(seen)) || late) return { seen, waitedMs };
    await sleep(everyMs);
  }
}
