import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../lambdas/ports/cluster.ts';
import { unmanagedCluster } from '../../rehearsal/aurora-stand-in.ts';
import { entriesOfCluster } from '../../rehearsal/inventory/cluster.ts';
import { compareCatalogs } from '../../rehearsal/inventory/unchanged.ts';
import { member, type Played, playedCluster } from '../support/cluster.ts';
import { untilDoneOn } from '../support/control-plane.ts';

const catalogs = async (cluster: Played) => ({ source: { cluster: await entriesOfCluster(cluster) }, target: {} });

describe("the rehearsal's comparison of the cluster", () => {
  it.each<[string, (cluster: Played) => unknown, string]>([
    ['a parameter group', (cluster) => put(cluster, { parameterGroup: 'another' }), 'parameter group is not as it was'],
    ['a security group', (cluster) => put(cluster, { securityGroups: [] }), 'security groups is not as it was'],
    ['public access', (cluster) => put(cluster, { members: [member({ isPublic: true })] }), 'public access to shop-1 is not as it was'],
    ['a tag of the cluster', (cluster) => cluster.addTags(cluster.state.arn, { key: 'canary' }), 'tag key of shop was left'],
    ['a tag of an instance', (cluster) => cluster.addTags(member().arn, { key: 'canary' }), 'tag key of shop-1 was left'],
  ])('finds %s that is left, and reports no value', async (_, change, words) => {
    const cluster = playedCluster();
    const before = await catalogs(cluster);
    await change(cluster);
    const { different } = compareCatalogs(before, await catalogs(cluster));
    expect(different).toEqual([`source, cluster: ${words}`]);
  });

  it('finds it unchanged after ConfigureSource and RestoreSource', async () => {
    const cluster = playedCluster();
    const before = await catalogs(cluster);
    await untilDoneOn(cluster, 'ConfigureSource');
    expect(compareCatalogs(before, await catalogs(cluster)).different).not.toEqual([]);
    await untilDoneOn(cluster, 'RestoreSource');
    expect(compareCatalogs(before, await catalogs(cluster)).different).toEqual([]);
  });

  it('finds nothing for an unmanaged server', async () => {
    expect(await entriesOfCluster(unmanagedCluster)).toEqual([]);
  });
});

function put(cluster: Played, over: Partial<ClusterState>): void {
  cluster.state = { ...cluster.state, ...over };
}
