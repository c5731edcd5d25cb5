/** Messages about what is left where a clean-up could not do everything, for the operator who reads the red box. */
import { PUBLICATION, REPLICATION_ROLE, SCHEMA, subscriptionName } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import { ORIGINAL_LABEL } from '../ports/application.ts';
import type { Endpoint } from '../ports/database.ts';
import { dropOwnSchemaByHand, dropSlot, dropSubscription } from './leftovers.sql.ts';
import { belongsToAnother, type CleanupState, isWithoutTarget } from './state.ts';
import type { TargetArtifacts } from './target.ts';

const at = ({ host, port, database }: Endpoint): string => `${host}:${port}/${database}`;

/** What is left, one message for each side. */
export function left(ctx: CleanupState, drop: boolean): string[] {
  const { source, target, original, lost, at: endpoints } = ctx;
  const { database } = endpoints.source;
  return [
    ...(source.reached || lost === 'source'
      ? []
      : [source.notOurs ? leftNotOurs('source', source.reason) : leftOnSource(endpoints.source, source.reason)]),
    ...(target.reached || lost === 'target' || isWithoutTarget(ctx)
      ? []
      : [
          target.notOurs
            ? leftNotOurs('target', target.reason)
            : leftOnTarget(target.noLogin ? undefined : endpoints.target, database, target.reason, drop),
        ]),
    ...(target.reached && belongsToAnother(ctx) ? [leftOfAnother(endpoints.target, database, target.artifacts)] : []),
    ...(original.reached ? [] : [leftInSecret(original.reason)]),
  ];
}

/** Without our own tables it is not known what else there is ours, nor which settings a gate has to restore. */
const leftNotOurs = (side: SideName, reason: string): string =>
  `Nothing was dropped on the ${side}, where it cannot be told what of it is ours: ${reason} It is Cleanup that has to be started again; until ` +
  'then a slot of the migration there, if it had made one, keeps WAL.';

/** A slot that is not dropped keeps WAL until the disk is full, so it is named first, with the statement that drops it. */
function leftOnSource(source: Endpoint, reason: string): string {
  const name = subscriptionName(source.database);
  return (
    `The source at ${at(source)} could not be reached: ${reason} What the migration made there is still there: the replication slot ${name}, ` +
    'which keeps WAL until the disk of the source is full, slots of table copies (pg_…_sync_…), ' +
    `the publication ${PUBLICATION}, the role ${REPLICATION_ROLE} and the schema ${SCHEMA}, as far as the migration had come; after a switch ` +
    `also the subscription ${subscriptionName(source.database, 'reverse')} and the gate, which keeps the application from writing there. ` +
    `Start Cleanup again as soon as the source can be reached, or with "lost": "source" if it is gone for good; until then, an operator who reaches it can drop the slot: ${dropSlot(name)}`
  );
}

/** @param target undefined where there is no login, so that its address is not known */
function leftOnTarget(target: Endpoint | undefined, sourceDatabase: string, reason: string, drop: boolean): string {
  const reverse = subscriptionName(sourceDatabase, 'reverse');
  return (
    `The target${target ? ` at ${at(target)}` : ''} could not be reached: ${reason} What the migration made there is still there: the subscription ` +
    `${subscriptionName(sourceDatabase)}, the schema ${SCHEMA}${drop ? ' and the copied objects' : ''}, as far as the migration had come; after ` +
    `a switch also the replication slot ${reverse}, which keeps WAL until the disk of the target is full, the publication ${PUBLICATION}, the ` +
    `role ${REPLICATION_ROLE} and the gate, which may keep the application from writing there. Start Cleanup again as soon as the target can ` +
    `be reached; until then, an operator who reaches it can drop the slot: ${dropSlot(reverse)} If the role of its login was deleted at PlanetScale, put {} into the target secret and start Cleanup again. If it is gone for good, start Cleanup with "lost": "target", which then puts the cluster back too.`
  );
}

function leftOfAnother(target: Endpoint, sourceDatabase: string, { subscriptions, publisher, copy }: TargetArtifacts): string {
  const statements = [
    ...subscriptions.slice(0, 1).flatMap(dropSubscription),
    ...publisher.slots.map(({ name }) => dropSlot(name)),
    ...(subscriptions.length + publisher.slots.length === 0 ? [dropOwnSchemaByHand()] : []),
  ];
  const tie =
    subscriptions.length > 0
      ? ` with the subscription ${subscriptions.join(', ')}`
      : publisher.slots.length > 0
        ? ', which follows it back'
        : '';
  return (
    `The target at ${at(target)} belongs to the migration of another source than ${sourceDatabase}` +
    `${copy === undefined ? '' : ` (its database ${copy.sourceDatabase})`}${tie}, so everything there was left alone. ` +
    'Run Cleanup of that migration, or correct the secret that is wrong. If that source is gone for good, run on the target: ' +
    `${statements.join(' ')} Then start Cleanup again.`
  );
}

const leftInSecret = (reason: string): string =>
  `The application's secret could not be looked at: ${reason} One of its versions may still carry the label ${ORIGINAL_LABEL}, which keeps ` +
  'it from being thrown away and does nothing else. Start Cleanup again, or remove the label.';

export const leftInTheWay = (target: Endpoint, objects: readonly string[]): string =>
  `The copied objects on the target at ${at(target)} cannot be dropped without dropping these, which did not come with the copy: ` +
  `${objects.join(', ')}. Nothing was changed on either side. Drop or move them yourself, or leave out "target": "drop", then start Cleanup again.`;
