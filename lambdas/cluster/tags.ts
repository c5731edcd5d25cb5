/** Reads the tags of the cluster and of its instances. */
import type { Cluster, ClusterState, Tags } from '../ports/cluster.ts';
import { candidatesOf } from './availability.ts';
import { type Journal, journalIn } from './journal.ts';

/** A cluster with the tags of everything in it that the migration may change, by ARN. */
export interface Tagged {
  readonly stack: string;
  readonly state: ClusterState;
  readonly tags: ReadonlyMap<string, Tags>;
}

/** Tags by ARN, read after the state, so that every observed change of ours has its journal; one after the other, because RDS throttles soon. */
export async function candidateTags(cluster: Pick<Cluster, 'tags'>, state: ClusterState): Promise<Map<string, Tags>> {
  const tags = new Map<string, Tags>();
  for (const { arn } of [state, ...candidatesOf(state)]) tags.set(arn, await cluster.tags(arn));
  return tags;
}

/** The stack's own journal of one resource. */
export const journalOf = ({ stack, tags }: Tagged, arn: string): Journal => journalIn(stack, tags.get(arn) ?? {});

/** The stack's own journals, by cluster and instance; those that record nothing are left out. */
export function journalsIn(tagged: Tagged): Record<string, Record<string, string | boolean | readonly string[]>> {
  const { state } = tagged;
  const all = [
    [state.cluster, journalOf(tagged, state.arn)] as const,
    ...state.members.map(({ instance, arn }) => [instance, journalOf(tagged, arn)] as const),
  ];
  return Object.fromEntries(all.flatMap(([name, journal]) => (Object.keys(journal).length > 0 ? [[name, { ...journal }]] : [])));
}
