/** The artifacts of a publisher and their removal: the slots of a stream, the publication, and the replication role. */
import { REPLICATION_ROLE } from '../config/names.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { dropRole, type RoleArtifacts, resetRoleSettings, revokeAll, roleArtifacts } from '../postgres/role-artifacts.sql.ts';
import { asOurselves, asRoleMaker, lockRoles } from '../postgres/roles.sql.ts';
import { dropBusySlot } from '../replication/drop.ts';
import { dropEmptyPublication, emptyPublicationExists } from '../replication/empty-tables.sql.ts';
import { withAdvisoryLock } from '../replication/make-slot.ts';
import { dropPublication, lockPublication, publicationList } from '../replication/publications.sql.ts';
import { type OwnSlot, ownSlots } from '../replication/slots.sql.ts';
import { slotIncarnation, slotIncarnationsExist } from '../state/slot-incarnations.sql.ts';
import { subscribers, subscribersExist } from '../state/subscribers.sql.ts';

export interface PublisherArtifacts {
  /** Incarnation of the stream's slot, as recorded when we made it. */
  readonly incarnation: string | undefined;
  readonly slots: readonly OwnSlot[];
  readonly publication: boolean;
  readonly role: RoleArtifacts;
}

/** @param stream name of the slot, and of the subscription on the other side */
export async function lookAtPublisher(side: Reader, stream: string): Promise<PublisherArtifacts> {
  const [table] = await side.query(slotIncarnationsExist());
  const [incarnation] = table?.exists ? await side.query(slotIncarnation(stream)) : [];
  const [publication] = await side.query(publicationList());
  const [listed] = await side.query(emptyPublicationExists());
  const [role] = await side.query(roleArtifacts(REPLICATION_ROLE));
  if (!role) throw new Error('A catalog query without a from-list always returns a row.');
  return {
    incarnation: incarnation?.id,
    slots: await slotsOn(side, stream),
    publication: publication !== undefined || listed?.exists === true,
    role,
  };
}

async function slotsOn(side: Reader, stream: string): Promise<OwnSlot[]> {
  const [noted] = await side.query(subscribersExist());
  return side.query(ownSlots(stream, noted?.exists ? await side.query(subscribers()) : []));
}

/** Whether the role holds anything in this database. */
const holdsHere = ({ tables, schemas, defaults, onDatabase, settings }: RoleArtifacts): boolean =>
  onDatabase || settings || [tables, schemas, defaults].some((rights) => rights.length > 0);

/** Whether the role does not exist, or is only used by other migrations. */
const roleIsDone = (role: RoleArtifacts): boolean => !role.exists || (role.usedBy.length > 0 && !holdsHere(role));

export const publisherIsClean = ({ slots, publication, role }: PublisherArtifacts): boolean =>
  slots.length === 0 && !publication && roleIsDone(role);

/**
 * Slots first, because they hold WAL back. Our schema records which slots of table copies are ours, so it is dropped later.
 * @returns whether all was carried out; false where another session holds the lock of the slots, or their readers did not end in time
 */
export async function unpublish(side: Database, stream: string, remainingMs: () => number): Promise<boolean> {
  const freed = await withAdvisoryLock(side, stream, async () => {
    if (!(await dropSlots(side, stream, remainingMs))) return false;
    await side.transaction(async (session) => {
      await session.query(lockPublication());
      await session.query(lockRoles());
      await session.query(dropPublication());
      await session.query(dropEmptyPublication());
      await takeAwayRole(session, side.endpoint.database);
    });
    return true;
  });
  return freed === true;
}

/** Drops the role with all its rights; where other migrations use it too, it loses only what it holds in this database. */
async function takeAwayRole(session: Pick<Session, 'query'>, database: string): Promise<void> {
  const [role] = await session.query(roleArtifacts(REPLICATION_ROLE));
  if (!role?.exists) return;
  for (const revoke of revokeAll(REPLICATION_ROLE, role)) await session.query(revoke);
  if (role.settings) await resetSettings(session, database);
  const [left] = await session.query(roleArtifacts(REPLICATION_ROLE));
  if (!left || left.usedBy.length > 0 || holdsHere({ ...left, settings: false })) return;
  await session.query(asRoleMaker(REPLICATION_ROLE));
  await session.query(dropRole(REPLICATION_ROLE));
}

/** The role's settings in this database, which only a role that creates roles may reset. */
async function resetSettings(session: Pick<Session, 'query'>, database: string): Promise<void> {
  await session.query(asRoleMaker(REPLICATION_ROLE));
  await session.query(resetRoleSettings(REPLICATION_ROLE, database));
  await session.query(asOurselves());
}

async function dropSlots(side: Database, stream: string, remainingMs: () => number): Promise<boolean> {
  for (let slots = await slotsOn(side, stream); slots.length > 0; slots = await slotsOn(side, stream)) {
    for (const { name } of slots) {
      if (remainingMs() < LOOK_AGAIN_RESERVE_MS) return false;
      await dropBusySlot(side, name);
    }
  }
  return true;
}
