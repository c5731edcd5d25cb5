/** What the side that takes changes in tells: whether it does, and how often it failed to. */
import type { Reader } from '../contract.ts';
import { subscriberHealth, subscriptionErrors } from '../sql/stream-health.ts';
import { flag, type Measures } from './measures.ts';
import type { Memory } from './memory.ts';

const COUNTS_ERRORS = 15;

/** @param name of the subscription */
export async function watchSubscriber(subscriber: Reader, name: string, memory: Memory): Promise<Measures> {
  const [health] = await subscriber.query(subscriberHealth(name));
  if (!health) return {};
  const [counted] = (await subscriber.version()) >= COUNTS_ERRORS ? await subscriber.query(subscriptionErrors(name)) : [];
  const errors = counted && memory.errorsSince(counted.errors);
  return {
    SubscriptionRunning: flag(health.enabled && health.applying),
    Tables: health.tables,
    TablesReady: health.ready,
    ...(errors !== undefined && { ApplyErrors: errors }),
  };
}
