/** Settings and tags that a clean-up has to leave as they were on the control plane of the source: all that a migration changes. */
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import type { Entry } from './catalogs.ts';

/** Nothing of a server that is not managed. Whether an instance runs with the attached group is left out: that takes a reboot. */
export async function entriesOfCluster(cluster: Cluster): Promise<Entry[]> {
  const state = await cluster.describe();
  if (!state) return [];
  const tagsOf = async (name: string, arn: string): Promise<Entry[]> =>
    Object.entries(await cluster.tags(arn)).map(([key, detail]) => ({ name: `tag ${key} of ${name}`, detail }));
  return [
    { name: 'parameter group', detail: state.parameterGroup },
    { name: 'security groups', detail: [...state.securityGroups].sort().join(' ') },
    ...state.members.map(({ instance, isPublic }) => ({ name: `public access to ${instance}`, detail: String(isPublic) })),
    ...(await tagsOf(state.cluster, state.arn)),
    ...(await Promise.all(state.members.map(({ instance, arn }) => tagsOf(instance, arn)))).flat(),
  ];
}
