/** Records on the source the numbers by which the target names the slots of its table copies. */
import type { Database } from '../ports/database.ts';
import { clusterOf } from '../state/earlier-copy.ts';
import { createSubscribers, recordSubscriber } from '../state/subscribers.sql.ts';
import { subscriptionNumbers } from './subscriptions.sql.ts';

/** Before the first table is copied, so that no such slot is ever there without this note. Harmless where it is there. */
export async function noteSubscriber(source: Database, target: Database, name: string): Promise<void> {
  const cluster = (await clusterOf(target)) ?? null;
  const found = await target.query(subscriptionNumbers(name));
  await source.transaction(async (session) => {
    await session.query(createSubscribers());
    for (const { oid } of found) await session.query(recordSubscriber({ subscription: oid, cluster }));
  });
}
