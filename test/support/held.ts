/** The subscription of the forward stream as a switch leaves it that ends right before its commit. */
import { subscriptionName } from '../../lambdas/config/names.ts';
import { noteHeld, readNote } from '../../lambdas/replication/connection.ts';
import { holdSubscription, subscriptionState } from '../../lambdas/replication/subscriptions.sql.ts';
import type { World } from './world.ts';

/** Disabled, with the note that we did it. */
export async function holdForward(world: World): Promise<void> {
  const { target } = world.ports('SwitchOver').acting;
  const name = subscriptionName(world.database.name);
  const [subscription] = await target.query(subscriptionState(name));
  const note = readNote(subscription?.note ?? null);
  if (!note) throw new Error('There is no forward stream of ours.');
  await target.query(holdSubscription(name, noteHeld(note, true)));
}
