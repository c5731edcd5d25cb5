/** Metrics of the subscriber: whether it applies changes, and how often it failed. */
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import { disabledByOthers, isDisabledByOthers } from '../replication/held.ts';
import { subscriptionState } from '../replication/subscriptions.sql.ts';
import type { MetricHistory } from './history.ts';
import { flag, type Measures } from './metrics.ts';
import { subscriberHealth, subscriptionErrors } from './stream-health.sql.ts';

const COUNTS_ERRORS = 15;

/** @param name of the subscription */
export async function watchSubscriber(subscriber: Reader, name: string, memory: MetricHistory): Promise<Measures> {
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

/** Cause and remedy where another session has disabled the subscription. */
export async function whyDisabled(subscriber: Reader, side: SideName, name: string): Promise<string[]> {
  const [subscription] = await subscriber.query(subscriptionState(name));
  if (!subscription || !isDisabledByOthers(subscription)) return [];
  const { message, remedy } = disabledByOthers(name, side);
  return [`${message} ${remedy}`];
}
