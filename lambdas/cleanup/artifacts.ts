/** The work of a clean-up on both sides. What fails on one side, or needs more time there, does not keep the other from being cleaned. */
import { subscriptionName } from '../config/names.ts';
import type { Database } from '../ports/database.ts';
import { endOtherSteps } from '../postgres/sessions.sql.ts';
import { makeHeldKeys } from '../replication/held-keys.ts';
import { putBackIdentities } from '../replication/identity/put-back.ts';
import { removeTrialRole } from '../sample/role.ts';
import { cancelSwitches, dropSchema, unsubscribe } from './own-schema.ts';
import { unpublish } from './publisher.ts';
import { hasVanished } from './side.ts';
import { dropCopied } from './target.ts';

/** One side that has something to be cleaned up. */
export interface CleanupTarget {
  readonly side: Database;
  /** The stream that ends here, and the one that begins here. */
  readonly subscribes: string;
  readonly publishes: string;
  /** Whether the copied objects go, too. */
  readonly drop: boolean;
}

export const sourceToClean = (source: Database): CleanupTarget => ({
  side: source,
  subscribes: subscriptionName(source.endpoint.database, 'reverse'),
  publishes: subscriptionName(source.endpoint.database),
  drop: false,
});

export const targetToClean = (target: Database, sourceDatabase: string, drop: boolean): CleanupTarget => ({
  side: target,
  subscribes: subscriptionName(sourceDatabase),
  publishes: subscriptionName(sourceDatabase, 'reverse'),
  drop,
});

/** What earlier visits of other steps left to the servers is ended, the session that would lift a fence later among it. */
export async function stopSwitches(targets: readonly CleanupTarget[], step: string): Promise<void> {
  for (const { side } of targets) {
    await side.query(endOtherSteps(step));
    await cancelSwitches(side);
  }
}

/**
 * Subscribers before slots, so that nobody comes back to read; our schema last, because it says which slots and objects are ours, and what
 * a gate has to put back. Replica identities go back once nothing is published any more, which would need them,
 * and held keys once nothing is subscribed to.
 * @returns whether all was carried out; false where a visit more is needed, be it because another one is at it
 * @throws what failed on a side, after the other was cleaned
 */
export async function removeArtifacts(targets: readonly CleanupTarget[], remainingMs: () => number): Promise<boolean> {
  const failures: unknown[] = [];
  const phase = async (
    going: readonly CleanupTarget[],
    work: (cleanupTarget: CleanupTarget) => Promise<boolean>,
  ): Promise<CleanupTarget[]> => {
    const done: CleanupTarget[] = [];
    for (const cleanupTarget of going) {
      try {
        if (await work(cleanupTarget)) done.push(cleanupTarget);
      } catch (error) {
        if (!hasVanished(error)) failures.push(error);
      }
    }
    return done;
  };
  const cut = await phase(targets, async ({ side, subscribes }) => {
    await unsubscribe(side, subscribes);
    return true;
  });
  const silent = await phase(cut, ({ side, publishes }) => unpublish(side, publishes, remainingMs));
  const clean = await phase(silent, async ({ side, drop }) => {
    await removeTrialRole(side);
    if (!(await makeHeldKeys(side))) return false;
    if (!(await (drop ? dropCopied : putBackIdentities)(side, remainingMs))) return false;
    await dropSchema(side);
    return true;
  });
  if (failures.length > 0) throw failures[0];
  return clean.length === targets.length;
}
