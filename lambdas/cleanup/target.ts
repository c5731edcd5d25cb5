/** Artifacts on the target: the copy, subscriber of the forward stream, publisher of the reverse stream, and our schema with the gate. */
import { PREFIX, subscriptionName } from '../config/names.ts';
import { isCopyRoleThere } from '../copy/role.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import type { Database, Reader } from '../ports/database.ts';
import { readNote } from '../replication/connection.ts';
import { refusedForce } from '../replication/held-force.ts';
import { refusedKeys } from '../replication/held-keys.ts';
import { recordOn } from '../replication/identity/put-back.ts';
import { subscriptionState, subscriptionsNamed } from '../replication/subscriptions.sql.ts';
import { isTrialRoleThere } from '../sample/role.ts';
import { copiedObjectsExist, copiedObjectsLeft, dropCopiedObjects, inTheWayOfDropping } from '../state/copied-objects.sql.ts';
import { copyOn } from '../state/earlier-copy.ts';
import type { Gate } from '../state/gates.sql.ts';
import { gateOf } from '../state/gates.ts';
import { ownSchemaExists } from '../state/own-schema.sql.ts';
import type { RecordedIdentity } from '../state/replica-identities.sql.ts';
import type { SchemaCopy } from '../state/schema-copy.sql.ts';
import { withSchemaLock } from './own-schema.ts';
import { lookAtPublisher, type PublisherArtifacts, publisherIsClean } from './publisher.ts';
import type { Side } from './side.ts';
import type { SourceArtifacts } from './source.ts';

export interface TargetArtifacts {
  /** Names of the subscriptions here that this tool made, of other migrations too. */
  readonly subscriptions: readonly string[];
  /** Incarnation of the slot that our subscription began with. */
  readonly incarnation: string | undefined;
  /** Publisher's artifacts of the reverse stream. */
  readonly publisher: PublisherArtifacts;
  readonly gate: Gate | undefined;
  readonly copy: SchemaCopy | undefined;
  readonly schema: boolean;
  /** Whether the login of an interrupted trial of rows still exists. */
  readonly trialRole: boolean;
  /** Whether the role of a copy in parts still exists. */
  readonly copyRole: boolean;
  /** Copied objects that are still to be dropped; undefined where there is no record of what was copied. */
  readonly copied: number | undefined;
  /** Objects that dropping would take along although they did not come with the copy; empty where nothing is to be dropped. */
  readonly inTheWay: readonly string[];
  /** Replica identities that we have set, by the dump as a rule. */
  readonly identities?: readonly RecordedIdentity[];
  /** Foreign keys that were held and that the server would not make again, as statements. */
  readonly keys?: readonly string[];
  /** Row-level security that the server would not force again, as statements. */
  readonly force?: readonly string[];
}

/** Objects to name in a message. */
const MOST_NAMED = 20;

/** @param database name of the database on the source, from which both streams have theirs */
export async function lookAtTarget(target: Reader, database: string, drop: boolean): Promise<TargetArtifacts> {
  const [subscription] = await target.query(subscriptionState(subscriptionName(database)));
  const [schema] = await target.query(ownSchemaExists());
  const copy = await copyOn(target);
  const [noted] = copy ? await target.query(copiedObjectsExist()) : [];
  const [copied] = noted?.exists ? await target.query(copiedObjectsLeft()) : [];
  const inTheWay = drop && copied ? await target.query(inTheWayOfDropping(MOST_NAMED)) : [];
  return {
    subscriptions: (await target.query(subscriptionsNamed(`${PREFIX}_`))).map(({ name }) => name),
    incarnation: readNote(subscription?.note ?? null)?.incarnation,
    publisher: await lookAtPublisher(target, subscriptionName(database, 'reverse')),
    gate: await gateOf(target),
    copy,
    schema: schema?.exists ?? false,
    trialRole: await isTrialRoleThere(target),
    copyRole: await isCopyRoleThere(target),
    copied: copied?.left,
    inTheWay: inTheWay.map(({ object }) => object),
    identities: await recordOn(target),
    keys: await refusedKeys(target),
    force: await refusedForce(target),
  };
}

/**
 * Whether the target belongs to the migration of another source than ours: then nothing there is ours to drop, above all not a stream
 * whose other end would remain on that source. A source that was upgraded in place has a new identity, but still records an incarnation.
 */
export function followsAnother(artifacts: TargetArtifacts, source: Side<SourceArtifacts>, database: string): boolean {
  const { subscriptions, publisher, gate, copy, incarnation } = artifacts;
  const ours = subscriptionName(database);
  if (subscriptions.some((name) => name !== ours)) return true;
  const inUse = subscriptions.includes(ours) || publisher.slots.length > 0 || gate !== undefined;
  if (!inUse || !copy) return false;
  if (!source.reached) return copy.sourceDatabase !== database;
  const same = (one: string | undefined, other: string | undefined) => one !== undefined && one === other;
  const { identity, publisher: from, reverseIncarnation } = source.artifacts;
  return copy.sourceIdentity !== identity && !same(incarnation, from.incarnation) && !same(publisher.incarnation, reverseIncarnation);
}

export const targetIsClean = ({ subscriptions, publisher, schema, trialRole, copyRole }: TargetArtifacts): boolean =>
  subscriptions.length === 0 && publisherIsClean(publisher) && !schema && !trialRole && !copyRole;

/** Objects per transaction; each table with its indexes takes some of the several thousand locks that a server has. */
const OBJECTS_AT_ONCE = 100;

/** @returns whether all was carried out; false where time ran out */
export async function dropCopied(target: Database, remainingMs: () => number): Promise<boolean> {
  for (;;) {
    const left = await withSchemaLock(target, async (session) => {
      const [noted] = await session.query(copiedObjectsExist());
      if (!noted?.exists) return 0;
      await session.query(dropCopiedObjects(OBJECTS_AT_ONCE));
      return (await session.query(copiedObjectsLeft()))[0]?.left ?? 0;
    });
    if (left === 0) return true;
    if (remainingMs() < LOOK_AGAIN_RESERVE_MS) return false;
  }
}
