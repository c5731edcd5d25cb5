/** What is left where a clean-up could not do everything, in words for the person who reads the red box. */
import type { Endpoint } from '../contract.ts';
import { PUBLICATION, REPLICATION_ROLE, SCHEMA, subscriptionName } from '../names.ts';
import { dropSlot, dropSubscription } from '../sql/leftovers.ts';

const at = ({ host, port, database }: Endpoint): string => `${host}:${port}/${database}`;

/** A slot that nobody drops keeps WAL until the disk is full, so it is named first, with the statement that drops it. */
export function leftOnSource(source: Endpoint, reason: string): string {
  const name = subscriptionName(source.database);
  return (
    `The source at ${at(source)} could not be reached: ${reason} What the migration made there is still there: the replication slot ${name}, ` +
    'which keeps WAL until the disk of the source is full, slots of table copies (pg_…_sync_…), ' +
    `the publication ${PUBLICATION}, the role ${REPLICATION_ROLE} and the schema ${SCHEMA}, as far as the migration had come. ` +
    `Start Cleanup again as soon as the source can be reached; until then, whoever reaches it can drop the slot: ${dropSlot(name)}`
  );
}

export function leftOnTarget(target: Endpoint, sourceDatabase: string, reason: string, drop: boolean): string {
  return (
    `The target at ${at(target)} could not be reached: ${reason} What the migration made there is still there: the subscription ` +
    `${subscriptionName(sourceDatabase)}, the schema ${SCHEMA}${drop ? ' and the copied objects' : ''}, as far as the migration had come. ` +
    'Start Cleanup again as soon as the target can be reached. If it is gone for good, nothing is left to be done.'
  );
}

/** @param copied name of the database that the target was copied from, if it is known */
export function leftOfAnother(
  target: Endpoint,
  sourceDatabase: string,
  subscriptions: readonly string[],
  copied: string | undefined,
): string {
  return (
    `The target at ${at(target)} follows another source${copied === undefined ? '' : ` (its database ${copied})`} with the subscription ` +
    `${subscriptions.join(', ')}, so everything there was left alone. Run Cleanup of that migration, or correct the secret that is wrong. If ` +
    `that source is gone for good, run on the target: ${dropSubscription(subscriptions[0] ?? subscriptionName(sourceDatabase)).join(' ')} ` +
    'Then start Cleanup again.'
  );
}

export const leftInTheWay = (target: Endpoint, objects: readonly string[]): string =>
  `The copied objects on the target at ${at(target)} cannot be dropped without dropping these, which did not come with the copy: ` +
  `${objects.join(', ')}. Nothing was changed on either side. Drop or move them yourself, or leave out "target": "drop", then start Cleanup again.`;
