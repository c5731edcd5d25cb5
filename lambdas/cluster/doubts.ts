/**
 * Entries of the journal that no step of ours can have written. A principal that may tag the cluster can write into the journal without being
 * allowed to change the cluster, so entries are compared with what ConfigureSource alone produces: names of the stack, a group that exists and
 * fits, and the parameters that were carried over into ours, which only a principal that may change the attached group could have changed. A
 * group that agrees in all of that may be attached, even if another principal wrote its name: no parameter would differ.
 */
import { isParameterGroupOf, securityGroupOf } from '../config/names.ts';
import type { ClusterRestoreView } from '../ports/cluster.ts';
import { keyOf, strangeTags } from './journal.ts';
import { differencesBetween } from './parameters.ts';
import { type Restoration, restorationOf } from './restoration.ts';
import { journalOf, type Tagged } from './tags.ts';

/** An entry that is not followed. */
export interface Doubt {
  readonly arn: string;
  readonly key: string;
  readonly value: string;
  /** Why it is not ours, as a clause. */
  readonly reason: string;
}

/** The most names in one message. */
const SHOWN = 10;

/** Doubts about the entries that would be restored now; entries that change nothing are not examined. */
export async function doubtsAbout(cluster: ClusterRestoreView, tagged: Tagged): Promise<Doubt[]> {
  const { cluster: changes } = restorationOf(tagged);
  return [
    ...(changes.parameterGroup === undefined ? [] : await doubtsAboutGroup(cluster, tagged, changes.parameterGroup)),
    ...(changes.securityGroups === undefined ? [] : await doubtsAboutSecurityGroup(cluster, tagged)),
  ];
}

async function doubtsAboutGroup(cluster: ClusterRestoreView, tagged: Tagged, was: string): Promise<Doubt[]> {
  const { stack, state } = tagged;
  const { arn, parameterGroup: attached } = state;
  const doubt = (name: 'parameterGroup' | 'parameterGroupSet', value: string, reason: string): Doubt[] => [
    { arn, key: keyOf(stack, name), value, reason },
  ];
  if (!isParameterGroupOf(stack, attached)) return doubt('parameterGroupSet', attached, 'is no name of a group of this stack');
  if (isParameterGroupOf(stack, was))
    return doubt('parameterGroup', was, 'is the name of a group of this stack, which no cluster had before');
  const [ours, theirs] = [await cluster.parameterGroupFamily(attached), await cluster.parameterGroupFamily(was)];
  if (theirs === undefined) return doubt('parameterGroup', was, 'is no cluster parameter group of this account and region');
  if (theirs !== ours) return doubt('parameterGroup', was, `is of the family ${theirs}, but the cluster is of ${ours}`);
  const differing = differencesBetween(await cluster.userParameters(was), await cluster.userParameters(attached));
  if (differing.length === 0) return [];
  const names = differing.length > SHOWN ? [...differing.slice(0, SHOWN), '…'] : differing;
  return doubt(
    'parameterGroup',
    was,
    `is not the group whose parameters were carried over, or one of the two was changed since: ${names.join(', ')}`,
  );
}

async function doubtsAboutSecurityGroup(cluster: ClusterRestoreView, tagged: Tagged): Promise<Doubt[]> {
  const { stack, state } = tagged;
  const { securityGroupAdded: added } = journalOf(tagged, state.arn);
  if (added === undefined || (await cluster.securityGroupName(added)) === securityGroupOf(stack)) return [];
  return [{ arn: state.arn, key: keyOf(stack, 'securityGroupAdded'), value: added, reason: 'is no security group of this stack' }];
}

/** Sentences about entries that are not followed, which are removed with the rest of the journal. */
export const strangeEntries = ({ stack, state, tags }: Tagged): string[] =>
  [state.arn, ...state.members.map(({ arn }) => arn)].flatMap((arn) =>
    strangeTags(stack, tags.get(arn) ?? {}).map(
      ([key, value]) => `The tag ${key} = ${value} is none that the migration writes; it was not followed.`,
    ),
  );

/** The message for the operator: every entry, what was left, what to do. */
export function distrusted(doubts: readonly Doubt[], { state }: Tagged, restoration: Restoration): string {
  const entries = doubts.map(({ key, value, reason }) => `The tag ${key} says ${value}, which ${reason}.`);
  const [{ arn } = { arn: state.arn }] = doubts;
  const keys = doubts.map(({ key }) => key).join(' ');
  const wanted = restoration.cluster.parameterGroup;
  return (
    `The journal of ${state.cluster} holds what the migration did not write, or what no longer holds. ${entries.join(' ')} Nothing was put back: ` +
    `the cluster keeps the parameter group ${state.parameterGroup} and the security groups ${state.securityGroups.join(', ')}. Find out who ` +
    `wrote or changed it. ${wanted === undefined ? '' : 'Attach the parameter group that you want yourself (aws rds modify-db-cluster). '}` +
    `Where the tag itself is wrong, remove it (aws rds remove-tags-from-resource --resource-name ${arn} --tag-keys ${keys}). Then start Cleanup again; ` +
    'it puts back the rest.'
  );
}
