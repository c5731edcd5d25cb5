/** A migration at any point of a switch, made on the servers as the switch makes it, but stopped where a test wants. */
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { Database } from '../../lambdas/ports/database.ts';
import {
  allowReplication,
  asOurselves,
  asRoleMaker,
  createRole,
  grantConnect,
  grantSelectOnFuture,
  lockRoles,
  roleExists,
  setForStream,
} from '../../lambdas/postgres/roles.sql.ts';
import { scramVerifier } from '../../lambdas/postgres/scram.ts';
import { actLater } from '../../lambdas/postgres/sessions.sql.ts';
import { connectionString, writeNote } from '../../lambdas/replication/connection.ts';
import { release } from '../../lambdas/replication/held.ts';
import { createPublication, publicationList } from '../../lambdas/replication/publications.sql.ts';
import { createSlot, dropSlot } from '../../lambdas/replication/slots.sql.ts';
import { noteSubscriber } from '../../lambdas/replication/subscriber.ts';
import { createCopylessSubscription, forgetSubscription, setNote, subscriptionState } from '../../lambdas/replication/subscriptions.sql.ts';
import { closeGate, commitGate, createGate, fenceGate, gateState, liftFence, openGate } from '../../lambdas/state/gates.sql.ts';
import { createSlotIncarnations, recordSlotIncarnation } from '../../lambdas/state/slot-incarnations.sql.ts';
import { eventually } from './replicated.ts';
import type { World } from './world.ts';

const INCARNATION = '11111111-1111-4111-8111-111111111111';
export const ATTEMPT = '22222222-2222-4222-8222-222222222222';

export const sidesOf = (world: World) => world.ports('SwitchOver').acting as { readonly source: Database; readonly target: Database };
const reverseName = (world: World): string => subscriptionName(world.database.name, 'reverse');

/** Before the fence: the target is shut, and the stream back is made, disabled and without its slot. */
export async function prepared(world: World): Promise<void> {
  const { source, target } = sidesOf(world);
  await source.query(createGate());
  await target.query(createGate());
  await target.query(closeGate());
  const [published] = await source.query(publicationList());
  await target.transaction(async (session) => {
    const { user } = world.places.replication;
    await session.query(lockRoles());
    const [role] = await session.query(roleExists(user));
    const password = await world.places.replication.password('target');
    await session.query(asRoleMaker(user));
    if (!role?.exists) for (const statement of createRole(user, scramVerifier(password))) await session.query(statement);
    await session.query(allowReplication(user, false));
    await session.query(setForStream(user, world.database.name, 'statement_timeout', '0'));
    await session.query(asOurselves());
    await session.query(grantConnect(user, world.database.name));
    await session.query(grantSelectOnFuture(user, { schema: 'Mixed Case', owner: world.database.roles.target }));
    await session.query(createPublication(published?.tables ?? []));
    await session.query(createSlotIncarnations());
    const [publication] = await session.query(publicationList());
    await session.query(
      recordSlotIncarnation(reverseName(world), { id: INCARNATION, consistentPoint: '0/0', publication: publication?.oid ?? 0 }),
    );
  });
  const version = await source.version();
  const route = await world.ports('SwitchOver').acting.replication.route('target', version);
  const password = await world.places.replication.password('target');
  const connection = connectionString(route, password, world.database.name, reverseName(world), version);
  for (const statement of createCopylessSubscription(reverseName(world), connection, version)) await source.query(statement);
  await source.query(setNote(reverseName(world), writeNote(INCARNATION, connection, true)));
}

/** The same, and the source is fenced; a session of the switch sleeps there until it would lift the fence. */
export async function fenced(world: World, seconds = 3_600): Promise<void> {
  await prepared(world);
  await fence(world, 'source', 1, seconds);
}

async function fence(world: World, side: 'source' | 'target', epoch: number, seconds: number): Promise<void> {
  const database = sidesOf(world)[side];
  const [gate] = await database.query(gateState());
  await database.query(
    fenceGate({
      seen: { epoch: gate?.epoch ?? 0, cancellations: gate?.cancellations ?? 0 },
      epoch,
      execution: 'test',
      attempt: ATTEMPT,
      seconds,
    }),
  );
  const deadMan = await database.session('fence');
  deadMan.script(actLater(seconds, liftFence(ATTEMPT)).text).catch(() => {});
  await eventually(
    async () => (await world[side](`select from pg_stat_activity where application_name like '%:fence' and state = 'active'`)).length > 0,
  );
  deadMan.leave();
}

/** The commit point has been passed, and nothing else: neither side takes writes. */
export async function committed(world: World): Promise<void> {
  await fenced(world);
  const { source, target } = sidesOf(world);
  await target.query(createSlot(reverseName(world)));
  await source.query(commitGate(ATTEMPT));
}

/** The target serves the application, and the source follows it. */
export async function switchedOver(world: World): Promise<void> {
  await committed(world);
  const { source, target } = sidesOf(world);
  await target.query(openGate(1));
  await noteSubscriber(target, source, reverseName(world));
  const [following] = await source.query(subscriptionState(reverseName(world)));
  if (following) await release(source, reverseName(world), following);
  const forward = subscriptionName(world.database.name);
  await target.transaction(async (session) => {
    for (const statement of forgetSubscription(forward)) await session.query(statement);
  });
  await eventually(async () =>
    source.query(dropSlot(forward)).then(
      () => true,
      () => false,
    ),
  );
  await eventually(async () => (await world.target('select from pg_replication_slots where active')).length > 0);
}

/** A switch back has fenced the target. */
export async function fencedAgain(world: World): Promise<void> {
  await switchedOver(world);
  await fence(world, 'target', 2, 3_600);
}

/** The source serves the application again; nothing else of the switch back is done. */
export async function switchedBack(world: World): Promise<void> {
  await fencedAgain(world);
  const { source, target } = sidesOf(world);
  await target.query(commitGate(ATTEMPT));
  await source.query(openGate(2));
}
