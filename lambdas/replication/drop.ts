/** How a stream goes, from every state: its subscription, and the slot that it reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StatementFailed } from '../config/errors.ts';
import type { Database, Session } from '../ports/database.ts';
import { OBJECT_IN_USE, UNDEFINED_OBJECT } from '../postgres/sqlstates.ts';
import { dropSlot, endReaders, slotState } from './slots.sql.ts';
import { forgetSubscription, subscriptionState } from './subscriptions.sql.ts';

/** In a transaction. It lets go of its slot first, so that a publisher out of reach does not hold it. */
export async function dropSubscription(session: Pick<Session, 'query'>, name: string): Promise<void> {
  const [subscription] = await session.query(subscriptionState(name));
  if (subscription) for (const statement of forgetSubscription(name)) await session.query(statement);
}

const LOOK_AGAIN_MS = 20;
/** A walsender goes within milliseconds of being ended; a subscriber that is gone is not waited for at all. */
const TIMEOUT_MS = 5_000;

/**
 * Ends the walsender that reads a slot, and drops the slot. A subscriber that still streams comes back within seconds, so the one goes right
 * after the other.
 * @returns undefined once the slot is gone, else the server's refusal, because it is in use after five seconds
 */
export async function dropBusySlot(publisher: Database, name: string): Promise<StatementFailed | undefined> {
  const until = performance.now() + TIMEOUT_MS;
  for (;;) {
    const [slot] = await publisher.query(slotState(name));
    if (!slot) return undefined;
    if (slot.active) await publisher.query(endReaders([name]));
    try {
      await publisher.query(dropSlot(name));
      return undefined;
    } catch (error) {
      const code = error instanceof StatementFailed ? error.complaint.code : undefined;
      if (code === UNDEFINED_OBJECT) return undefined;
      if (!(error instanceof StatementFailed) || code !== OBJECT_IN_USE) throw error;
      if (performance.now() > until) return error;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}
