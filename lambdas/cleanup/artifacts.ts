/** The work of a clean-up on both sides. A failure on one side, or work left there, does not keep the other side from being cleaned. */
import { subscriptionName } from '../config/names.ts';
import { dropCopyRole } from '../copy/role.ts';
import { endHoldersAs } from '../copy/seed.ts';
import type { Database } from '../ports/database.ts';
import { endOtherSteps } from '../postgres/sessions.sql.ts';
import { forceHeld } from '../replication/held-force.ts';
import { makeHeldKeys } from '../replication/held-keys.ts';
import { putBackIdentities } from '../replication/identity/put-back.ts';
import { leaveCarriedRoles } from '../roles/leave.ts';
import { dropApplicationLogin } from '../roles/leave-application.ts';
import { removeTrialRole } from '../sample/role.ts';
import { cancelSwitches, dropSchema, unsubscribe } from './own-schema.ts';
import { unpublish } from './publisher.ts';
import { hasVanished } from './side.ts';
import { dropCopied } from './target.ts';

/** One side that has artifacts to remove. */
export interface CleanupTarget {
  readonly side: Database;
  /** Name of the stream that this side subscribes to, and of the one that it publishes. */
  readonly subscribes: string;
  readonly publishes: string;
  /** Whether the copied objects are dropped, too. */
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

/** Ends sessions that earlier visits of other steps left running on the servers, the one that would lift a fence later included. */
export async function stopSwitches(targets: readonly CleanupTarget[], step: string): Promise<void> {
  for (const { side } of targets) {
    await side.query(endOtherSteps(step));
    await endHoldersAs(side);
    await cancelSwitches(side);
  }
}

/**
 * Subscriptions before slots, so that no subscriber reconnects; our schema last, because it records which slots and objects are ours, and
 * which settings a gate has to restore. Our role leaves the owners of the copied objects right before that: everything else may need it.
 * Replica identities are restored once no publication needs them any more, and held keys and
 * forced row-level security once no subscription exists.
 * @returns whether all was carried out; false where another visit is needed, also because another one is cleaning at the time
 * @throws the error of one side, after the other was cleaned
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
    await dropCopyRole(side);
    const forced = await forceHeld(side);
    if (!(await makeHeldKeys(side)) || !forced) return false;
    if (!(await (drop ? dropCopied : putBackIdentities)(side, remainingMs))) return false;
    if (drop) await dropApplicationLogin(side);
    await leaveCarriedRoles(side, drop);
    await dropSchema(side);
    return true;
  });
  if (failures.length > 0) throw failures[0];
  return clean.length === targets.length;
}
