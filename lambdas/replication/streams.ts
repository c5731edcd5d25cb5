/** The stream that a switch ends and the one that it begins. Every function may be repeated. */
import { randomUUID } from 'node:crypto';
import { CUTOVER, type Direction } from '../config/direction.ts';
import { type MigrationError, StatementFailed, SwitchFailed, TransientError } from '../config/errors.ts';
import { type StreamName, subscriptionName } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { ReplicationAccess, Route, Sslmode } from '../ports/replication.ts';
import type { Gate } from '../state/gates.sql.ts';
import { holdForce } from '../state/held-force.sql.ts';
import { holdKeys } from '../state/held-keys.sql.ts';
import { createSlotIncarnations, recordSlotIncarnation, slotIncarnation } from '../state/slot-incarnations.sql.ts';
import { pinWorkers, unpinWorkers } from '../state/worker-pins.sql.ts';
import { streamConnection, writeNote } from './connection.ts';
import { demandOurs } from './demand-ours.ts';
import { dropBusySlot, dropSubscription } from './drop.ts';
import { isHeld, release } from './held.ts';
import { forceHeld, forceLeft } from './held-force.ts';
import { makeHeldKeys } from './held-keys.ts';
import { ensurePublication, ensureReplicationRole } from './publisher.ts';
import { createSlot, FAILOVER_SLOTS_SINCE, slotState } from './slots.sql.ts';
import { HOPELESS, NOT_ROUTED } from './subscribe.ts';
import { noteSubscriber } from './subscriber.ts';
import { createCopylessSubscription, type SubscriptionState, setNote, subscriptionState } from './subscriptions.sql.ts';

/** Both databases, by what they are in a switch. */
export interface Parties<Side extends Reader = Database> {
  readonly direction: Direction;
  readonly from: Side;
  readonly to: Side;
  /** Names of subscription and slot. The current slot is on the side being left, the next one on the other. */
  readonly current: string;
  readonly next: string;
}

export function partiesOf<Side extends Reader>(direction: Direction, { source, target }: Readonly<Record<SideName, Side>>): Parties<Side> {
  const [from, to] = direction === CUTOVER ? [source, target] : [target, source];
  const name = (stream: StreamName) => subscriptionName(source.endpoint.database, stream);
  return { direction, from, to, current: name(direction.current), next: name(direction.next) };
}

/** The same databases by their names. */
export const sidesOf = <Side extends Reader>({ direction, from, to }: Parties<Side>): Record<SideName, Side> =>
  direction.from === 'source' ? { source: from, target: to } : { source: to, target: from };

/**
 * Whether the slot of the next stream is to survive a switchover of its server. PlanetScale carries over what was made so, and whose name is
 * in the cluster's list (https://planetscale.com/docs/postgres/integrations/logical-cdc). The source's slots are made without: what becomes
 * of them is up to Aurora's storage, which its readers share, and nothing there would carry them over.
 */
export const nextSurvives = async ({ direction, to }: Parties): Promise<boolean> =>
  direction.to === 'target' && (await to.version()) >= FAILOVER_SLOTS_SINCE;

/**
 * Everything of the next stream but its slot: the slot has to begin where both sides are equal, which is only inside the fence. The
 * subscription is made disabled, with every table ready, so that enabling it later is all that is left to do.
 */
export async function prepareNext(ctx: Parties & { readonly replication: ReplicationAccess }): Promise<void> {
  const { direction, from, to, next, replication } = ctx;
  await demandOurs(direction.from, from);
  await demandOurs(direction.to, to);
  await dropNext(ctx);
  if (direction.to === 'target') await ensureReplicationRole(to, replication);
  const publication = await ensurePublication(from, to);
  const id = randomUUID();
  await to.transaction(async (session) => {
    await session.query(createSlotIncarnations());
    await session.query(recordSlotIncarnation(next, { id, consistentPoint: '0/0', publication: publication.oid }));
  });
  const version = await from.version();
  const { route, connection } = await streamConnection(replication, direction.to, to, from, next);
  const survives = version >= FAILOVER_SLOTS_SINCE && (await nextSurvives(ctx));
  const making = from.transaction(async (session) => {
    for (const statement of createCopylessSubscription(next, connection, version, survives)) await session.query(statement);
    await session.query(setNote(next, writeNote(id, connection, true)));
  });
  await making.catch((error: unknown) => {
    throw isAboutTheWay(error) ? noWayBack(direction, route, error) : error;
  });
}

/** Before version 14 a server has only its words for it, and the code of an internal error. */
const COULD_NOT_CONNECT = /could not connect to the publisher/;
const isAboutTheWay = (error: unknown): error is MigrationError =>
  error instanceof TransientError || (error instanceof StatementFailed && COULD_NOT_CONNECT.test(error.message));

/** The server being left connects right away, to ask for the tables. */
function noWayBack({ from, to }: Direction, { host, port, user, sslmode }: Route, error: MigrationError): Error {
  const message =
    `The ${from} cannot subscribe to the ${to} at ${host}:${port} as ${user}, so nothing was fenced and the application is not ` +
    `affected: ${error.message} ${remedyOf(error.message, from, sslmode)}, or give up the way back with "reverse": false, then start again.`;
  return HOPELESS.test(error.message) ? new SwitchFailed(message, { cause: error }) : new TransientError(message, { cause: error });
}

function remedyOf(words: string, from: SideName, sslmode: Sslmode): string {
  if (NOT_ROUTED.test(words)) return 'Write the user into the target secret as PlanetScale shows it, <role>.<branch id>';
  if (sslmode === 'verify-full' && /certificate|SSL error/.test(words)) {
    return `The ${from} verifies against the authorities of its system (sslrootcert=system): where it has none, deploy with reverseSslmode=require`;
  }
  return `Open the way from the ${from} to that address`;
}

/** Both streams as they were before a switch that was not committed. @returns what could not be done yet */
export async function takeBackStreams(parties: Parties): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const part of [keepCurrent, dropNext]) await part(parties).catch((error: unknown) => failures.push(error));
  return failures;
}

/**
 * Makes the slot of the next stream where it is missing and nothing is lost by that: both sides are equal until the side that is arrived at
 * opens. The commit of a switch that was forgotten may have come without the slot, and a server that failed over since may have lost it.
 */
export async function ensureNextSlot(parties: Parties, gate: Gate | undefined): Promise<void> {
  const { from, to, next } = parties;
  if (gate?.state !== 'closed') return;
  const [following] = await from.query(subscriptionState(next));
  const [slot] = await to.query(slotState(next));
  if (following && !slot) await to.query(createSlot(next, await nextSurvives(parties)));
}

/** Takes away what {@link prepareNext} made and the slot, where the switch did not come to its commit point. */
export async function dropNext({ from, to, next }: Parties): Promise<void> {
  await from.transaction((session) => dropSubscription(session, next));
  await dropSlotOf(to, next);
}

/** The stream that was current goes on, as it was before the switch began. */
async function keepCurrent({ to, current }: Parties): Promise<void> {
  const [subscription] = await to.query(subscriptionState(current));
  if (subscription) await release(to, current, subscription);
}

/** After the commit point: the next stream flows, and nothing of the one before keeps WAL back on the side that was left. */
export async function changeStreams({ from, to, current, next }: Parties): Promise<void> {
  const [following] = await from.query(subscriptionState(next));
  if (following) await beginNext(from, to, next, following);
  await to.transaction((session) => dropSubscription(session, current));
  await to.query(unpinWorkers());
  await forceHeld(to);
  await makeHeldKeys(to);
  await dropSlotOf(from, current);
}

async function beginNext(subscriber: Database, publisher: Database, name: string, following: SubscriptionState): Promise<void> {
  const [slot] = await publisher.query(slotState(name));
  const [incarnation] = await publisher.query(slotIncarnation(name));
  if (incarnation?.consistentPoint === '0/0' && slot?.confirmed) {
    await publisher.query(recordSlotIncarnation(name, { ...incarnation, consistentPoint: slot.confirmed }));
  }
  await noteSubscriber(publisher, subscriber, name);
  const pins = pinWorkers(await subscriber.version());
  await subscriber.transaction(async (session) => {
    for (const statement of [...pins, ...holdKeys(name), ...holdForce(name)]) await session.query(statement);
  });
  await release(subscriber, name, following);
}

/** @throws TransientError where a table binds its owner by row-level security although it must not yet, or does not although it must again */
export async function demandForced(parties: Parties<Reader>): Promise<void> {
  const left = await forceLeft(parties);
  if (left.length > 0) throw new TransientError(`${left.join('; ')}: another session locks the table.`);
}

/** What of {@link changeStreams} is still to be done, in words. */
export async function streamsLeftToChange({ from, to, current, next }: Parties<Reader>): Promise<string[]> {
  const [following] = await from.query(subscriptionState(next));
  const [ending] = await to.query(subscriptionState(current));
  const [slot] = await from.query(slotState(current));
  return [
    ...(following && isHeld(following) ? [`the subscription ${next} is not enabled`] : []),
    ...(ending ? [`the subscription ${current} is still there`] : []),
    ...(slot ? [`the slot ${current} is still there and keeps WAL`] : []),
    ...(await forceLeft({ from, to, next })),
  ];
}

/** What of the next stream is there, although the switch that it was for was not committed, in words. */
export async function leftOfNext({ from, to, next }: Parties<Reader>): Promise<string[]> {
  const [subscription] = await from.query(subscriptionState(next));
  const [slot] = await to.query(slotState(next));
  return [
    ...(subscription ? [`the subscription ${next} is still there`] : []),
    ...(slot ? [`the slot ${next} is still there and keeps WAL`] : []),
  ];
}

/** Whether the stream back is there; `lost` where the slot from which it would read is gone. */
export async function nextStream({ from, to, next }: Parties<Reader>): Promise<'there' | 'lost' | 'none'> {
  const [subscription] = await from.query(subscriptionState(next));
  if (!subscription) return 'none';
  const [slot] = await to.query(slotState(next));
  return slot && !slot.lost ? 'there' : 'lost';
}

/** Whether the current stream was stopped by a switch that was not committed. */
export async function isCurrentHeld({ to, current }: Parties<Reader>): Promise<boolean> {
  const [subscription] = await to.query(subscriptionState(current));
  return subscription !== undefined && isHeld(subscription);
}

/** Whether the current stream brings nothing any more: a switch stops it right before its commit, and drops it after that. */
export async function isCurrentStopped({ to, current }: Parties<Reader>): Promise<boolean> {
  const [subscription] = await to.query(subscriptionState(current));
  return subscription === undefined || isHeld(subscription);
}

async function dropSlotOf(publisher: Database, name: string): Promise<void> {
  const refusal = await dropBusySlot(publisher, name);
  if (refusal) throw refusal;
}
