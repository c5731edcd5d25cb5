/** The port `cluster` over the RDS API. */
import {
  type DBCluster,
  type DBClusterMember,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterParameterGroupCommand,
  paginateDescribeDBClusterParameters,
  paginateDescribeDBInstances,
  type RDSClient,
  RebootDBInstanceCommand,
} from '@aws-sdk/client-rds';
import type { Cluster, ClusterMember, Parameter } from '../contract.ts';
import { ClusterNotConfigurable, InvalidConfiguration, type MigrationError, TransientError } from '../errors.ts';
import { type Call, translateCommon } from './aws-errors.ts';

/** Where the cluster's writer answers. */
export interface WriterEndpoint {
  readonly host: string;
  readonly port: number;
}

/** The cluster or an instance of it is being changed by somebody, ourselves included; it will be available again. */
const BUSY = new Set([
  'InvalidDBClusterStateFault',
  'InvalidDBInstanceStateFault',
  'InvalidDBInstanceState',
  'InvalidDBParameterGroupStateFault',
  'InvalidDBParameterGroupState',
]);
const NOT_FOUND = /NotFound(Fault)?$/;

/** @param identifier DBClusterIdentifier; `migrationGroup` is the cluster parameter group that the stack made */
export function clusterPort(client: RDSClient, identifier: string, migrationGroup: string): Cluster {
  return {
    migrationGroup,
    async describe() {
      const [cluster, statuses] = await Promise.all([describeCluster(client, identifier), instanceStatuses(client, identifier)]);
      return {
        cluster: identifier,
        status: cluster.Status ?? 'unknown',
        parameterGroup: cluster.DBClusterParameterGroup ?? '',
        engineVersion: cluster.EngineVersion ?? '',
        members: (cluster.DBClusterMembers ?? []).map((member) => memberOf(member, statuses)),
      };
    },
    async userParameters(group) {
      const found: Parameter[] = [];
      await calling({ action: 'rds:DescribeDBClusterParameters', resource: group }, async () => {
        for await (const page of paginateDescribeDBClusterParameters({ client }, { DBClusterParameterGroupName: group, Source: 'user' })) {
          for (const { ParameterName: name, ParameterValue: value, ApplyMethod: applyMethod = 'pending-reboot' } of page.Parameters ?? []) {
            if (name !== undefined && value !== undefined) found.push({ name, value, applyMethod });
          }
        }
      });
      return found;
    },
    async setParameters(group, parameters) {
      const Parameters = parameters.map(({ name, value, applyMethod }) => ({
        ParameterName: name,
        ParameterValue: value,
        ApplyMethod: applyMethod,
      }));
      await calling({ action: 'rds:ModifyDBClusterParameterGroup', resource: group }, () =>
        client.send(new ModifyDBClusterParameterGroupCommand({ DBClusterParameterGroupName: group, Parameters })),
      );
    },
    async attachParameterGroup(group) {
      await calling({ action: 'rds:ModifyDBCluster', resource: identifier }, () =>
        client.send(
          new ModifyDBClusterCommand({ DBClusterIdentifier: identifier, DBClusterParameterGroupName: group, ApplyImmediately: true }),
        ),
      );
    },
    async reboot(instance) {
      await calling({ action: 'rds:RebootDBInstance', resource: instance }, () =>
        client.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: instance })),
      );
    },
  };
}

/** The cluster's own endpoint, which follows the writer through a failover. */
export async function writerEndpoint(client: RDSClient, identifier: string): Promise<WriterEndpoint> {
  const { Endpoint: host, Port: port } = await describeCluster(client, identifier);
  if (host !== undefined && port !== undefined) return { host, port };
  throw new InvalidConfiguration(`The cluster ${identifier} has no endpoint yet. Nothing was touched; start again once it is available.`);
}

async function describeCluster(client: RDSClient, identifier: string): Promise<DBCluster> {
  const call = { action: 'rds:DescribeDBClusters', resource: identifier };
  const { DBClusters } = await calling(call, () => client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier })));
  const cluster = DBClusters?.[0];
  if (cluster) return cluster;
  throw notFound(identifier);
}

/** DBInstanceStatus by instance. */
async function instanceStatuses(client: RDSClient, identifier: string): Promise<ReadonlyMap<string, string>> {
  const statuses = new Map<string, string>();
  await calling({ action: 'rds:DescribeDBInstances', resource: identifier }, async () => {
    const Filters = [{ Name: 'db-cluster-id', Values: [identifier] }];
    for await (const page of paginateDescribeDBInstances({ client }, { Filters })) {
      for (const { DBInstanceIdentifier: instance, DBInstanceStatus: status } of page.DBInstances ?? []) {
        if (instance !== undefined && status !== undefined) statuses.set(instance, status);
      }
    }
  });
  return statuses;
}

function memberOf(member: DBClusterMember, statuses: ReadonlyMap<string, string>): ClusterMember {
  const instance = member.DBInstanceIdentifier ?? '';
  return {
    instance,
    isWriter: member.IsClusterWriter ?? false,
    status: statuses.get(instance) ?? 'unknown',
    parameterGroupStatus: member.DBClusterParameterGroupStatus ?? 'unknown',
  };
}

async function calling<Result>(call: Call, send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    throw translateCommon(error, call) ?? translate(error as Error, call);
  }
}

function translate({ name, message }: Error, { action, resource }: Call): MigrationError {
  if (BUSY.has(name)) return new TransientError(`${resource} is being changed at the moment (${action} answered ${name}: ${message}).`);
  if (NOT_FOUND.test(name)) return notFound(resource);
  return new ClusterNotConfigurable(
    `RDS refused ${action} on ${resource} (${name}: ${message}). It was left as it was; remove the cause, then start again.`,
  );
}

const notFound = (resource: string): InvalidConfiguration =>
  new InvalidConfiguration(
    `RDS knows no ${resource} in this account and region. Nothing was changed; correct the settings and deploy again.`,
  );
