/** What the migration made on the source, and how it goes. */
import type { Database, Reader } from '../contract.ts';
import { identityOf } from '../dump/earlier-copy.ts';
import { StatementFailed } from '../errors.ts';
import { REPLICATION_ROLE, subscriptionName } from '../names.ts';
import { alone } from '../replication/make-slot.ts';
import { dropOwnSchema, ownSchemaExists } from '../sql/own-schema.ts';
import { dropPublication, lockPublication, publicationList } from '../sql/publications.ts';
import { dropRole, type RoleTraces, revokeAll, roleTraces } from '../sql/role-traces.ts';
import { lockRoles } from '../sql/roles.ts';
import { endOtherSteps } from '../sql/sessions.ts';
import { slotBirth, slotBirthsExist } from '../sql/slot-births.ts';
import { dropSlot, endReaders, type OwnSlot, ownSlots } from '../sql/slots.ts';
import { subscribers, subscribersExist } from '../sql/subscribers.ts';

export interface SourceTraces {
  /** Which database this is, whatever its address. */
  readonly identity: string;
  /** Of the slot, as we wrote it down when we made it. */
  readonly birth: string | undefined;
  readonly slots: readonly OwnSlot[];
  readonly publication: boolean;
  readonly role: RoleTraces;
  readonly schema: boolean;
}

export async function lookAtSource(source: Reader): Promise<SourceTraces> {
  const name = subscriptionName(source.endpoint.database);
  const [births] = await source.query(slotBirthsExist());
  const [birth] = births?.exist ? await source.query(slotBirth(name)) : [];
  const [publication] = await source.query(publicationList());
  const [role] = await source.query(roleTraces(REPLICATION_ROLE));
  const [schema] = await source.query(ownSchemaExists());
  if (!role || !schema) throw new Error('A catalog query without a from-list always returns a row.');
  return {
    identity: await identityOf(source),
    birth: birth?.birth,
    slots: await slotsOn(source),
    publication: publication !== undefined,
    role,
    schema: schema.exists,
  };
}

async function slotsOn(source: Reader): Promise<OwnSlot[]> {
  const [noted] = await source.query(subscribersExist());
  return source.query(ownSlots(subscriptionName(source.endpoint.database), noted?.exist ? await source.query(subscribers()) : []));
}

/** Whether the role holds anything in this database. */
const holdsHere = ({ tables, schemas, defaults, onDatabase, settings }: RoleTraces): boolean =>
  onDatabase || settings || [tables, schemas, defaults].some((rights) => rights.length > 0);

/** Whether the role, if it is there, is there for others only. */
const roleIsDone = (role: RoleTraces): boolean => !role.exists || (role.usedBy.length > 0 && !holdsHere(role));

export const sourceIsClean = ({ slots, publication, role, schema }: SourceTraces): boolean =>
  slots.length === 0 && !publication && !schema && roleIsDone(role);

/**
 * Slots first, because they hold WAL back, and our schema last, because it says which slots are ours.
 * @returns whether all was carried out; false where somebody else is at the slots, or their readers did not go in time
 */
export async function cleanSource(source: Database, step: string, remainingMs: () => number): Promise<boolean> {
  await source.query(endOtherSteps(step));
  const name = subscriptionName(source.endpoint.database);
  const freed = await alone(source, name, async () => {
    if (!(await dropSlots(source, remainingMs))) return false;
    await source.transaction(async (session) => {
      await session.query(lockPublication());
      await session.query(lockRoles());
      await session.query(dropPublication());
      await session.query(dropOwnSchema());
      const [role] = await session.query(roleTraces(REPLICATION_ROLE));
      if (!role?.exists) return;
      for (const revoke of revokeAll(REPLICATION_ROLE, source.endpoint.database, role)) await session.query(revoke);
      const [left] = await session.query(roleTraces(REPLICATION_ROLE));
      if (left && left.usedBy.length === 0 && !holdsHere({ ...left, settings: false })) await session.query(dropRole(REPLICATION_ROLE));
    });
    return true;
  });
  return freed === true;
}

/** Time to look again and to return. */
const RESERVE_MS = 20_000;
const PAUSE_MS = 50;
const OBJECT_IN_USE = '55006';

/** A target that still streams comes back to its slot within seconds, so reader and slot go one right after the other. */
async function dropSlots(source: Database, remainingMs: () => number): Promise<boolean> {
  for (let slots = await slotsOn(source); slots.length > 0; slots = await slotsOn(source)) {
    if (remainingMs() < RESERVE_MS) return false;
    const used = slots.filter(({ activePid }) => activePid !== null);
    if (used.length > 0) await source.query(endReaders(used.map(({ name }) => name)));
    for (const { name } of slots.filter((slot) => !used.includes(slot))) await dropUnlessInUse(source, name);
    if (used.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return true;
}

async function dropUnlessInUse(source: Database, name: string): Promise<void> {
  try {
    await source.query(dropSlot(name));
  } catch (error) {
    if (!(error instanceof StatementFailed && error.complaint.code === OBJECT_IN_USE)) throw error;
  }
}
