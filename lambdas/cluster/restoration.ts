/** What RestoreSource has to restore: values that are still as we set them. Values that others have changed since stay, and are reported. */
import type { ClusterChanges, ClusterState } from '../ports/cluster.ts';
import { keysOf, otherStacks } from './journal.ts';
import { journalOf, type Tagged } from './tags.ts';

export interface Restoration {
  /** What ModifyDBCluster has to put back. */
  readonly cluster: ClusterChanges;
  /** Instances that are to be private again. */
  readonly makePrivate: readonly string[];
  /** What differs from before the migration and stays so, in sentences. */
  readonly leftAlone: readonly string[];
}

export function restorationOf(tagged: Tagged): Restoration {
  const { state } = tagged;
  const { parameterGroup, parameterGroupSet, securityGroups, securityGroupAdded } = journalOf(tagged, state.arn);
  const added = securityGroupAdded !== undefined && !securityGroups?.includes(securityGroupAdded) ? securityGroupAdded : undefined;
  const rest = state.securityGroups.filter((id) => id !== added);
  return {
    cluster: {
      ...(parameterGroup !== undefined && state.parameterGroup === parameterGroupSet && { parameterGroup }),
      ...(added !== undefined && state.securityGroups.includes(added) && { securityGroups: rest }),
    },
    makePrivate: state.members.flatMap(({ instance, arn, isPublic }) =>
      isPublic && journalOf(tagged, arn).isPublic === false ? [instance] : [],
    ),
    leftAlone: [
      ...anotherGroup(state, parameterGroup, parameterGroupSet),
      ...(securityGroups === undefined ? [] : otherSecurityGroups(securityGroups, rest)),
    ],
  };
}

function anotherGroup({ parameterGroup: now }: ClusterState, was: string | undefined, set: string | undefined): string[] {
  if (was === undefined || now === was || now === set) return [];
  return [`The cluster parameter group is ${now}, which was attached meanwhile; before the migration it was ${was}.`];
}

function otherSecurityGroups(was: readonly string[], now: readonly string[]): string[] {
  const newer = now.filter((id) => !was.includes(id));
  const gone = was.filter((id) => !now.includes(id));
  return [
    ...(newer.length > 0 ? [`Security groups attached meanwhile: ${newer.join(', ')}.`] : []),
    ...(gone.length > 0 ? [`Security groups detached meanwhile: ${gone.join(', ')}.`] : []),
  ];
}

export const restoresAnything = ({ cluster, makePrivate }: Restoration): boolean =>
  Object.keys(cluster).length > 0 || makePrivate.length > 0;

/** Other migrations of the same cluster that rely on what this one would restore. The security group is used by this migration only. */
export function othersInNeed({ stack, state, tags }: Tagged, { cluster, makePrivate }: Restoration): string[] {
  const shared = cluster.parameterGroup !== undefined || makePrivate.length > 0;
  return shared ? otherStacks(stack, tags.get(state.arn) ?? {}) : [];
}

/** The keys of our journal, by ARN, the cluster's own last: as long as they exist, there is more to do. */
export const recordedKeys = ({ stack, state, tags }: Tagged): (readonly [arn: string, keys: string[]])[] =>
  [...state.members.map(({ arn }) => arn), state.arn].flatMap((arn) => {
    const keys = keysOf(stack, tags.get(arn) ?? {});
    return keys.length > 0 ? [[arn, keys] as const] : [];
  });
