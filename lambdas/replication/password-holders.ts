/** Password holders: a role on each side that has one, and the connection string of every subscription of ours. */
import { type StreamName, subscriptionName } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import type { ReplicationAccess } from '../ports/replication.ts';
import { roleExists } from '../postgres/roles.sql.ts';
import { isConnectionOf, type Note, readNote, streamConnection } from './connection.ts';
import { broken, SIDES_OF } from './history.ts';
import { type SlotState, slotState } from './slots.sql.ts';
import { type SubscriptionState, subscriptionState } from './subscriptions.sql.ts';

/** A role of ours on a side. */
export interface Login {
  readonly side: SideName;
  /** Whether it is let in with the password that the secret makes for this side. */
  readonly works: boolean;
}

/** A stream whose subscription is there. */
export interface PasswordHolder {
  readonly stream: StreamName;
  /** Of the subscription and of its slot. */
  readonly name: string;
  readonly subscription: SubscriptionState;
  readonly note: Note;
  /** The connection string with the password of the publishing side. Never leaves the function. */
  readonly connection: string;
  readonly slot: SlotState | undefined;
}

interface Given<Side extends Reader> extends Readonly<Record<SideName, Side>> {
  readonly replication: ReplicationAccess;
}

export const SIDES: readonly SideName[] = ['source', 'target'];
const STREAMS: readonly StreamName[] = ['forward', 'reverse'];

export async function loginsOf<Side extends Reader>(given: Given<Side>): Promise<Login[]> {
  const found: Login[] = [];
  for (const side of SIDES) {
    const [role] = await given[side].query(roleExists(given.replication.user));
    if (role?.exists) found.push({ side, works: await given.replication.works(side) });
  }
  return found;
}

/** @throws ReplicationBroken for a subscription of our name that we did not make */
export async function passwordHoldersOf<Side extends Reader>(given: Given<Side>): Promise<PasswordHolder[]> {
  const found: PasswordHolder[] = [];
  for (const stream of STREAMS) {
    const name = subscriptionName(given.source.endpoint.database, stream);
    const { publisher, subscriber } = SIDES_OF[stream];
    const [subscription] = await given[subscriber].query(subscriptionState(name));
    if (!subscription) continue;
    const note = readNote(subscription.note);
    if (!note) throw broken(`The subscription ${name} on the ${subscriber} is not the one that the migration made`, stream);
    const [slot] = await given[publisher].query(slotState(name));
    const { connection } = await streamConnection(given.replication, publisher, given[publisher], given[subscriber], name);
    found.push({ stream, name, subscription, note, connection, slot });
  }
  return found;
}

export const isPassedOn = ({ note, connection }: PasswordHolder): boolean => isConnectionOf(note, connection);
/** Whether a walsender reads the slot. A disabled subscription has none, and uses the new password once it is enabled. */
export const isFlowing = ({ subscription, slot }: PasswordHolder): boolean => !subscription.enabled || slot?.active === true;
