/** DescribeDBClusters and DescribeDBInstances → {@link ClusterState}. */
import {
  type DBCluster,
  type DBClusterMember,
  type DBInstance,
  DescribeDBClustersCommand,
  paginateDescribeDBInstances,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { ClusterMember, ClusterState, Subnet } from '../../ports/cluster.ts';
import { isForwarding } from './rds-access.ts';
import { calling, notFound } from './rds-call.ts';

/** Address of the cluster's writer. */
export interface WriterEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Instance class of Serverless v2. */
const SERVERLESS = 'db.serverless';

export async function clusterState(client: RDSClient, identifier: string): Promise<ClusterState> {
  const [cluster, instances] = await Promise.all([describeCluster(client, identifier), describeInstances(client, identifier)]);
  const { VpcSecurityGroups = [], ReplicationSourceIdentifier: replicatesFrom, ServerlessV2ScalingConfiguration: scaling } = cluster;
  return {
    cluster: identifier,
    arn: cluster.DBClusterArn ?? '',
    status: cluster.Status ?? 'unknown',
    parameterGroup: cluster.DBClusterParameterGroup ?? '',
    engineVersion: cluster.EngineVersion ?? '',
    port: cluster.Port ?? 0,
    members: (cluster.DBClusterMembers ?? []).map((member) => memberOf(member, instances)),
    securityGroups: VpcSecurityGroups.flatMap(({ VpcSecurityGroupId: id, Status: status }) =>
      id === undefined || status === 'removing' ? [] : [id],
    ),
    securityGroupsSettled: VpcSecurityGroups.every(({ Status: status }) => status === 'active'),
    subnets: subnetsOf(instances),
    ...(replicatesFrom && { replicatesFrom }), // an empty text on clusters that do not replicate from another
    ...(scaling?.MinCapacity !== undefined && { leastCapacity: scaling.MinCapacity }),
    ...accessTo(cluster),
  };
}

/** Endpoints and write forwarding beside the writer's endpoint. A primary with global forwarding requested forwards as soon as it is demoted. */
function accessTo(cluster: DBCluster): Pick<ClusterState, 'readerEndpoints' | 'writeForwarding' | 'globalCluster'> {
  const { ReaderEndpoint: reader, CustomEndpoints: custom = [], GlobalClusterIdentifier: globalCluster } = cluster;
  const { LocalWriteForwardingStatus: local, GlobalWriteForwardingStatus: global, GlobalWriteForwardingRequested: requested } = cluster;
  const readerEndpoints = [...(reader ? [reader] : []), ...custom];
  const writeForwarding = [
    ...(isForwarding(local) ? [`local ${local}`] : []),
    ...(isForwarding(global) ? [`global ${global}`] : requested ? ['global requested'] : []),
  ];
  return {
    ...(readerEndpoints.length > 0 && { readerEndpoints }),
    ...(writeForwarding.length > 0 && { writeForwarding }),
    ...(globalCluster && { globalCluster }),
  };
}

/** The cluster's own endpoint, which follows the writer through a failover. */
export async function writerEndpoint(client: RDSClient, identifier: string): Promise<WriterEndpoint> {
  const { Endpoint: host, Port: port } = await describeCluster(client, identifier);
  if (host !== undefined && port !== undefined) return { host, port };
  throw new InvalidConfiguration(`The cluster ${identifier} has no endpoint yet. Nothing was touched; start again once it is available.`);
}

/** @throws InvalidConfiguration where there is no cluster of that name */
export async function describeCluster(client: RDSClient, identifier: string): Promise<DBCluster> {
  const call = { action: 'rds:DescribeDBClusters', resource: identifier };
  const { DBClusters } = await calling(call, () => client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier })));
  const cluster = DBClusters?.[0];
  if (cluster) return cluster;
  throw notFound(identifier);
}

/** Instances by identifier. */
type Instances = ReadonlyMap<string, DBInstance>;

/** The instances of a cluster. */
export async function describeInstances(client: RDSClient, identifier: string): Promise<Instances> {
  const instances = new Map<string, DBInstance>();
  await calling({ action: 'rds:DescribeDBInstances', resource: identifier }, async () => {
    const Filters = [{ Name: 'db-cluster-id', Values: [identifier] }];
    for await (const page of paginateDescribeDBInstances({ client }, { Filters })) {
      for (const instance of page.DBInstances ?? []) {
        if (instance.DBInstanceIdentifier !== undefined) instances.set(instance.DBInstanceIdentifier, instance);
      }
    }
  });
  return instances;
}

function memberOf(member: DBClusterMember, instances: Instances): ClusterMember {
  const instance = member.DBInstanceIdentifier ?? '';
  const known = instances.get(instance);
  return {
    instance,
    arn: known?.DBInstanceArn ?? '',
    isWriter: member.IsClusterWriter ?? false,
    status: known?.DBInstanceStatus ?? 'unknown',
    parameterGroupStatus: member.DBClusterParameterGroupStatus ?? 'unknown',
    isPublic: known?.PubliclyAccessible ?? false,
    isServerless: known?.DBInstanceClass === SERVERLESS,
    zone: known?.AvailabilityZone ?? '',
  };
}

/** All instances of a cluster are in one subnet group. */
function subnetsOf(instances: Instances): Subnet[] {
  const [group] = [...instances.values()].flatMap(({ DBSubnetGroup }) => (DBSubnetGroup ? [DBSubnetGroup] : []));
  return (group?.Subnets ?? []).flatMap(({ SubnetIdentifier: id, SubnetAvailabilityZone: zone }) =>
    id === undefined ? [] : [{ id, zone: zone?.Name ?? '' }],
  );
}
