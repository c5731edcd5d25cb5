/** Connections to a cluster that bypass its writer's endpoint, from RDS: proxies, write forwarding, global databases. */
import {
  DescribeGlobalClustersCommand,
  paginateDescribeDBProxies,
  paginateDescribeDBProxyTargets,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { ClusterMember, DatabaseProxy, SecondaryCluster } from '../../ports/cluster.ts';
import { calling } from './rds-call.ts';

/** Whether write forwarding is anything but off: on, being enabled or being disabled. */
export const isForwarding = (status: string | undefined): status is string =>
  status !== undefined && status !== '' && status !== 'disabled';

/** Proxies for PostgreSQL with a target in the cluster; an instance of the cluster counts as well. */
export async function proxiesOf(
  client: RDSClient,
  { cluster, members }: { readonly cluster: string; readonly members: readonly Pick<ClusterMember, 'instance'>[] },
): Promise<DatabaseProxy[]> {
  const ours = new Set([cluster, ...members.map(({ instance }) => instance)]);
  const found: DatabaseProxy[] = [];
  await calling({ action: 'rds:DescribeDBProxies', resource: '*' }, async () => {
    for await (const page of paginateDescribeDBProxies({ client }, {})) {
      for (const { DBProxyName: name, Endpoint: endpoint = '', EngineFamily: family } of page.DBProxies ?? []) {
        if (name === undefined || (family !== undefined && family !== 'POSTGRESQL')) continue;
        if ((await targetsOf(client, name)).some((target) => ours.has(target))) found.push({ name, endpoint });
      }
    }
  });
  return found;
}

/** Identifiers of the clusters and instances that a proxy leads to. */
async function targetsOf(client: RDSClient, name: string): Promise<string[]> {
  const found: string[] = [];
  await calling({ action: 'rds:DescribeDBProxyTargets', resource: name }, async () => {
    for await (const page of paginateDescribeDBProxyTargets({ client }, { DBProxyName: name })) {
      for (const { TrackedClusterId: cluster, RdsResourceId: resource } of page.Targets ?? []) {
        found.push(...[cluster, resource].filter((id) => id !== undefined));
      }
    }
  });
  return found;
}

/** The members of a global database except the primary. */
export async function secondariesIn(client: RDSClient, globalCluster: string): Promise<SecondaryCluster[]> {
  const call = { action: 'rds:DescribeGlobalClusters', resource: globalCluster };
  const { GlobalClusters = [] } = await calling(call, () =>
    client.send(new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: globalCluster })),
  );
  return GlobalClusters.flatMap(({ GlobalClusterMembers = [] }) => GlobalClusterMembers).flatMap(
    ({ DBClusterArn: arn = 'unknown', IsWriter: isWriter, GlobalWriteForwardingStatus: status }) =>
      isWriter ? [] : [{ arn, ...(isForwarding(status) && { writeForwarding: status }) }],
  );
}
