/**
 * Whether slot and subscription still add up to a gapless history.
 *
 * A slot that is dropped and made again under its name goes on streaming without an error and without the changes in between. What can be
 * seen from outside is: that a slot is missing, lost, or another one than the subscription began with as far as our own records go; that the
 * publication was made anew, for nothing was sent meanwhile; and that numbers are missing from the heartbeat. Changes lost between
 * two heartbeats leave no trace in either catalog: those only CompareData finds.
 */
import { ReplicationBroken } from '../config/errors.ts';
import { type StreamName, subscriptionName } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import { HEARTBEAT_TABLE, keyOf } from '../config/tables.ts';
import type { Reader } from '../ports/database.ts';
import { type HeartbeatRange, heartbeatExists, heartbeatRange } from '../state/heartbeat.sql.ts';
import { type SlotIncarnation, slotIncarnation, slotIncarnationsExist } from '../state/slot-incarnations.sql.ts';
import { type Note, readNote } from './connection.ts';
import { demandNotDisabled } from './held.ts';
import { type PublicationList, publicationList } from './publications.sql.ts';
import { type SlotState, slotState } from './slots.sql.ts';
import { type SubscribedTable, type SubscriptionState, subscribedTables, subscriptionState } from './subscriptions.sql.ts';

export interface StreamHistory {
  readonly stream: StreamName;
  /** Of the subscription and of its slot. */
  readonly name: string;
  /** Of the publisher, and so of the slot. */
  readonly database: string;
  readonly publication: PublicationList | undefined;
  readonly slot: SlotState | undefined;
  readonly incarnation: SlotIncarnation | undefined;
  readonly subscription: SubscriptionState | undefined;
  readonly note: Note | undefined;
  /** Tables that the subscription knows. */
  readonly tables: readonly SubscribedTable[];
  /** The heartbeats on the subscriber, once their own table is ready. */
  readonly heartbeats: HeartbeatRange | undefined;
}

/**
 * The subscriber first: whatever it has must have been on the publisher before.
 * @param publisher the source of the forward stream, the target of the reverse one
 * @param sourceDatabase both streams are named by the source's database, whichever side publishes
 */
export async function lookAtHistory(
  publisher: Reader,
  subscriber: Reader,
  stream: StreamName = 'forward',
  sourceDatabase = publisher.endpoint.database,
): Promise<StreamHistory> {
  const { database } = publisher.endpoint;
  const name = subscriptionName(sourceDatabase, stream);
  const [subscription] = await subscriber.query(subscriptionState(name));
  const tables = subscription ? await subscriber.query(subscribedTables(name)) : [];
  const heartbeatReady = tables.some((table) => keyOf(table) === keyOf(HEARTBEAT_TABLE) && table.state === 'r');
  const [there] = heartbeatReady ? await subscriber.query(heartbeatExists()) : [];
  const [heartbeats] = there?.exists ? await subscriber.query(heartbeatRange()) : [];
  const [slot] = await publisher.query(slotState(name));
  const [table] = await publisher.query(slotIncarnationsExist());
  const [incarnation] = table?.exists ? await publisher.query(slotIncarnation(name)) : [];
  const [publication] = await publisher.query(publicationList());
  return {
    stream,
    name,
    database,
    publication,
    slot,
    incarnation,
    subscription,
    note: readNote(subscription?.note ?? null),
    tables,
    heartbeats,
  };
}

/** The side that a stream comes from and the one that it goes to. */
export const SIDES_OF = {
  forward: { publisher: 'source', subscriber: 'target' },
  reverse: { publisher: 'target', subscriber: 'source' },
} as const satisfies Record<StreamName, { readonly publisher: SideName; readonly subscriber: SideName }>;

/**
 * Whether anything has been copied, so that there is a history to keep. Tables that were taken in as empty (`empty-tables.ts`) say nothing about
 * it until the others are known, our own table among them.
 */
export const hasCopied = ({ tables }: Pick<StreamHistory, 'tables'>): boolean =>
  tables.some(({ state }) => state !== 'i') &&
  (tables.some((table) => keyOf(table) === keyOf(HEARTBEAT_TABLE)) || tables.some(({ state }) => state !== 'r'));

/** Likely causes of a missing slot, by side. */
const LOSSES: Record<SideName, string> = {
  source: ' (dropped by another session, or lost when the writer failed over)',
  target:
    ' (dropped by another session, or lost in a switchover: PlanetScale keeps a slot only if sync_replication_slots and hot_standby_feedback ' +
    'are on and its name is entered under Clusters → Parameters → Failover)',
};

/** The reason why a slot cannot be read any more; undefined where it can. */
export function slotTrouble(name: string, stream: StreamName, slot: SlotState | undefined): string | undefined {
  const { publisher } = SIDES_OF[stream];
  if (!slot) return `The replication slot ${name} is gone from the ${publisher}${LOSSES[publisher]}`;
  return slot.lost ? `The ${publisher} has thrown away WAL that the replication slot ${name} needed` : undefined;
}

/** The reason why the slot's history may have a gap; undefined where nothing suggests one. Asked of an existing subscription only. */
export function continuityViolation(history: StreamHistory): string | undefined {
  const { stream, name, database, slot, incarnation, subscription, note, publication, heartbeats } = history;
  const { publisher, subscriber } = SIDES_OF[stream];
  if (slot && (slot.plugin !== 'pgoutput' || slot.database !== database)) {
    return `The replication slot ${name} on the ${publisher} belongs to something else`;
  }
  const trouble = slotTrouble(name, stream, slot);
  if (trouble) return trouble;
  if (subscription?.slot !== name) return `The subscription ${name} on the ${subscriber} was taken off its replication slot`;
  if (!incarnation || note?.incarnation !== incarnation.id) {
    return `The replication slot ${name} on the ${publisher} is not the one that the subscription began with`;
  }
  if (publication?.oid !== incarnation.publication) {
    return `The publication was dropped or made anew on the ${publisher}, and changes were not sent meanwhile`;
  }
  if (heartbeats && heartbeats.count > 0 && (heartbeats.first !== 1 || heartbeats.last !== heartbeats.count)) {
    return `${heartbeats.last - heartbeats.count} of ${heartbeats.last} markers are missing from the heartbeat on the ${subscriber}`;
  }
  return undefined;
}

/**
 * @throws ReplicationBroken where changes may be missing on the subscriber
 * @throws CopyStalled where others have disabled the subscription
 */
export function assertContinuous(history: StreamHistory): void {
  if (!history.subscription) {
    const { subscriber } = SIDES_OF[history.stream];
    throw new ReplicationBroken(
      `The subscription ${history.name} is gone from the ${subscriber}. Both databases were left as they are. ${WAY_OUT[history.stream]}`,
    );
  }
  const reason = continuityViolation(history);
  if (reason) throw broken(reason, history.stream);
  demandNotDisabled(history.name, SIDES_OF[history.stream].subscriber, history.subscription);
}

const WAY_OUT: Record<StreamName, string> = {
  forward: 'Start Cleanup, empty the tables on the target (or make the database there anew), and start Replicate from the beginning.',
  reverse: 'There is no way back to the source that keeps what was written since the switch: stay on the target, and end with Cleanup.',
};

export const broken = (reason: string, stream: StreamName = 'forward'): ReplicationBroken =>
  new ReplicationBroken(
    `${reason}, so changes may be missing on the ${SIDES_OF[stream].subscriber}. Source and target were left as they are, and the ` +
      `application is not affected. ${WAY_OUT[stream]}`,
  );
