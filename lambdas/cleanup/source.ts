/** Artifacts on the source: publisher of the forward stream, subscriber of the reverse stream, and our schema with the gate. */
import { subscriptionName } from '../config/names.ts';
import type { Reader } from '../ports/database.ts';
import { readNote } from '../replication/connection.ts';
import { refusedForce } from '../replication/held-force.ts';
import { refusedKeys } from '../replication/held-keys.ts';
import { recordOn } from '../replication/identity/put-back.ts';
import { subscriptionState } from '../replication/subscriptions.sql.ts';
import { identityOf } from '../state/earlier-copy.ts';
import type { Gate } from '../state/gates.sql.ts';
import { gateOf } from '../state/gates.ts';
import { ownSchemaExists } from '../state/own-schema.sql.ts';
import type { RecordedIdentity } from '../state/replica-identities.sql.ts';
import { lookAtPublisher, type PublisherArtifacts, publisherIsClean } from './publisher.ts';

export interface SourceArtifacts {
  /** Identity of the database, independent of its address. */
  readonly identity: string;
  readonly publisher: PublisherArtifacts;
  /** Whether the subscription of the reverse stream is there. */
  readonly subscription: boolean;
  /** Incarnation of the slot on the target that this subscription began with. */
  readonly reverseIncarnation: string | undefined;
  readonly gate: Gate | undefined;
  readonly schema: boolean;
  /** Replica identities that we have set. */
  readonly identities?: readonly RecordedIdentity[];
  /** Foreign keys that were held and that the server would not make again, as statements. */
  readonly keys?: readonly string[];
  /** Row-level security that the server would not force again, as statements. */
  readonly force?: readonly string[];
}

export async function lookAtSource(source: Reader): Promise<SourceArtifacts> {
  const { database } = source.endpoint;
  const [subscription] = await source.query(subscriptionState(subscriptionName(database, 'reverse')));
  const [schema] = await source.query(ownSchemaExists());
  return {
    identity: await identityOf(source),
    publisher: await lookAtPublisher(source, subscriptionName(database)),
    subscription: subscription !== undefined,
    reverseIncarnation: readNote(subscription?.note ?? null)?.incarnation,
    gate: await gateOf(source),
    schema: schema?.exists ?? false,
    identities: await recordOn(source),
    keys: await refusedKeys(source),
    force: await refusedForce(source),
  };
}

export const sourceIsClean = ({ publisher, subscription, schema }: SourceArtifacts): boolean =>
  publisherIsClean(publisher) && !subscription && !schema;
