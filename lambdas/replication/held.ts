/**
 * The cause of a disabled subscription. We disable it for a moment: before it is first enabled, and right before a switch is committed; each
 * time the subscription's note says that we hold it. Whatever else disables it has a reason of its own, and is not undone by us: PlanetScale
 * does it to every subscription when a cluster becomes read-only, because little of its disk is left, and leaves it to its user to enable
 * them again (https://planetscale.com/docs/postgres/troubleshooting/read-only-mode).
 */
import { CopyStalled } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import type { Database } from '../ports/database.ts';
import { noteHeld, readNote } from './connection.ts';
import { releaseSubscription, type SubscriptionState } from './subscriptions.sql.ts';

type Noted = Pick<SubscriptionState, 'enabled' | 'note'>;

/** Whether it is disabled and ours to enable. */
export const isHeld = ({ enabled, note }: Noted): boolean => !enabled && readNote(note)?.held === true;

/** Whether others have disabled it. */
export const isDisabledByOthers = (subscription: Noted): boolean => !subscription.enabled && !isHeld(subscription);

/** Enables a subscription that we hold; leaves any other as it is. */
export async function release(side: Database, name: string, subscription: Noted): Promise<void> {
  const note = readNote(subscription.note);
  if (note && isHeld(subscription)) await side.query(releaseSubscription(name, noteHeld(note, false)));
}

const WHY: Record<SideName, string> = {
  source: 'Find out who did it and why.',
  target:
    'PlanetScale disables every subscription when it makes a cluster read-only, because 5 % of its disk or less is left: make room ' +
    '(Clusters → Storage, or a larger cluster size on Metal) and wait until the cluster takes writes again. If an operator did it, ask why.',
};

/** A message that says what happened, and its remedy. The name is one that needs no quotes. */
export const disabledByOthers = (name: string, side: SideName): { readonly message: string; readonly remedy: string } => ({
  message: `The subscription ${name} on the ${side} is disabled, and not by this migration, so nothing arrives there.`,
  remedy: `${WHY[side]} Then run on the ${side}: alter subscription ${name} enable;`,
});

/** @throws CopyStalled where others have disabled it */
export function demandNotDisabled(name: string, side: SideName, subscription: Noted | undefined): void {
  if (!subscription || !isDisabledByOthers(subscription)) return;
  const { message, remedy } = disabledByOthers(name, side);
  throw new CopyStalled(
    `${message} It was left so, and nothing is lost: its slot keeps every change, and WAL with it. ${remedy} After that start the machine again; it continues.`,
  );
}
