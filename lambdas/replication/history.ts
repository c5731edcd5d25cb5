/**
 * Whether slot and subscription still add up to a gapless history.
 *
 * A slot that is dropped and made again under its name goes on streaming without an error and without the changes in between. What can be
 * told from outside is: that a slot is missing, lost, or another one than the subscription began with as far as our own records go; that the
 * publication was made anew, for nothing was sent meanwhile; and that numbers are missing from the heartbeat. Changes lost between
 * two beats leave no trace in either catalog: those only CompareData finds.
 */
import type { Reader } from '../contract.ts';
import { ReplicationBroken } from '../errors.ts';
import { subscriptionName } from '../names.ts';
import { type BeatRange, beatRange, heartbeatExists } from '../sql/heartbeat.ts';
import { type PublicationList, publicationList } from '../sql/publications.ts';
import { type SlotBirth, slotBirth, slotBirthsExist } from '../sql/slot-births.ts';
import { type SlotState, slotState } from '../sql/slots.ts';
import { type SubscribedTable, type SubscriptionState, subscribedTables, subscriptionState } from '../sql/subscriptions.ts';
import { type Note, readNote } from './connection.ts';
import { HEARTBEAT_TABLE, keyOf } from './tables.ts';

export interface History {
  /** Of the subscription and of its slot. */
  readonly name: string;
  readonly database: string;
  readonly publication: PublicationList | undefined;
  readonly slot: SlotState | undefined;
  readonly birth: SlotBirth | undefined;
  readonly subscription: SubscriptionState | undefined;
  readonly note: Note | undefined;
  /** What the subscription knows of. */
  readonly tables: readonly SubscribedTable[];
  /** The beats on the target, once their own table is ready. */
  readonly beats: BeatRange | undefined;
}

/** The target first: whatever it has must have been on the source before. */
export async function lookAtHistory(source: Reader, target: Reader): Promise<History> {
  const { database } = source.endpoint;
  const name = subscriptionName(database);
  const [subscription] = await target.query(subscriptionState(name));
  const tables = subscription ? await target.query(subscribedTables(name)) : [];
  const heartbeatReady = tables.some((table) => keyOf(table) === keyOf(HEARTBEAT_TABLE) && table.state === 'r');
  const [there] = heartbeatReady ? await target.query(heartbeatExists()) : [];
  const [beats] = there?.exists ? await target.query(beatRange()) : [];
  const [slot] = await source.query(slotState(name));
  const [births] = await source.query(slotBirthsExist());
  const [birth] = births?.exist ? await source.query(slotBirth(name)) : [];
  const [publication] = await source.query(publicationList());
  return { name, database, publication, slot, birth, subscription, note: readNote(subscription?.note ?? null), tables, beats };
}

/** Whether anything has been copied, so that there is a history to keep. */
export const hasCopied = ({ tables }: History): boolean => tables.some(({ state }) => state !== 'i');

/** Why the slot's history cannot be vouched for; undefined where nothing speaks against it. Asked of an existing subscription only. */
export function breach(history: History): string | undefined {
  const { name, database, slot, birth, subscription, note, publication, beats } = history;
  if (!slot) return `The replication slot ${name} is gone from the source`;
  if (slot.plugin !== 'pgoutput' || slot.database !== database) return `The replication slot ${name} belongs to something else`;
  if (slot.lost) return `The source has thrown away WAL that the replication slot ${name} needed`;
  if (subscription?.slot !== name) return `The subscription ${name} was taken off its replication slot`;
  if (!birth || note?.birth !== birth.birth) return `The replication slot ${name} is not the one that the subscription began with`;
  if (publication?.oid !== birth.publication) return 'The publication was dropped or made anew, and changes were not sent meanwhile';
  if (beats && beats.count > 0 && (beats.first !== 1 || beats.last !== beats.count)) {
    return `${beats.last - beats.count} of ${beats.last} markers are missing from the heartbeat on the target`;
  }
  return undefined;
}

/** @throws ReplicationBroken where changes may be missing on the target */
export function vouchFor(history: History): void {
  if (!history.subscription) {
    throw new ReplicationBroken(
      `The subscription ${history.name} is gone from the target. Both databases were left as they are. ${WAY_OUT}`,
    );
  }
  const reason = breach(history);
  if (reason) throw broken(reason);
}

const WAY_OUT = 'Start Cleanup, empty the tables on the target (or make the database there anew), and start Replicate from the beginning.';

export const broken = (reason: string): ReplicationBroken =>
  new ReplicationBroken(
    `${reason}, so changes may be missing on the target. Source and target were left as they are, and the application is not affected. ${WAY_OUT}`,
  );
