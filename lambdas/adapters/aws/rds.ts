/** The port `cluster` over the RDS API, with EC2's for the network around it. */
import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  DescribeDBClusterParameterGroupsCommand,
  ListTagsForResourceCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterParameterGroupCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBClusterParameters,
  type RDSClient,
  RebootDBInstanceCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-rds';
import type { Cluster, Parameter } from '../../ports/cluster.ts';
import { addressRules } from './address-rules.ts';
import { proxiesOf, secondariesIn } from './rds-access.ts';
import { calling } from './rds-call.ts';
import { clusterState } from './rds-state.ts';
import { networkAround, securityGroupName, securityGroupNamed } from './vpc.ts';

/** The cluster, and what the deployment wants of it. */
export interface ClusterSettings extends Pick<Cluster, 'migrationGroup' | 'stack' | 'publicAccess'> {
  /** DBClusterIdentifier. */
  readonly identifier: string;
  readonly vpc: string;
  /** Name of the security group for PlanetScale's addresses. @default - there is none */
  readonly securityGroup?: string | undefined;
  /** Name of the security group into which addresses are entered at run time. @default - there is none */
  readonly addressGroup?: string | undefined;
  /** Port of the cluster. */
  readonly port: number;
}

export interface ClusterClients {
  readonly rds: RDSClient;
  readonly network: EC2Client;
}

/** @param settings read on demand: a function has only the variables that its step needs */
export function clusterPort({ rds, network }: ClusterClients, settings: ClusterSettings): Cluster {
  const { identifier } = settings;
  return {
    get migrationGroup() {
      return settings.migrationGroup;
    },
    get stack() {
      return settings.stack;
    },
    get publicAccess() {
      return settings.publicAccess;
    },
    describe: () => clusterState(rds, identifier),
    userParameters: (group) => userParameters(rds, group),
    parameterGroupFamily: (group) => parameterGroupFamily(rds, group),
    securityGroupName: (id) => securityGroupName(network, id),
    proxies: (state) => proxiesOf(rds, state),
    secondaries: (globalCluster) => secondariesIn(rds, globalCluster),
    async securityGroup() {
      return settings.securityGroup === undefined ? undefined : securityGroupNamed(network, settings.securityGroup, settings.vpc);
    },
    ...addressRules(network, () => {
      const { addressGroup: name } = settings;
      return name === undefined ? undefined : { name, vpc: settings.vpc, port: settings.port, stack: settings.stack };
    }),
    network: (state) => networkAround(network, settings.vpc, state),
    async tags(arn) {
      const call = { action: 'rds:ListTagsForResource', resource: arn };
      const { TagList = [] } = await calling(call, () => rds.send(new ListTagsForResourceCommand({ ResourceName: arn })));
      return Object.fromEntries(TagList.flatMap(({ Key, Value = '' }) => (Key === undefined ? [] : [[Key, Value]])));
    },
    async addTags(arn, tags) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await calling({ action: 'rds:AddTagsToResource', resource: arn }, () =>
        rds.send(new AddTagsToResourceCommand({ ResourceName: arn, Tags })),
      );
    },
    async removeTags(arn, keys) {
      await calling({ action: 'rds:RemoveTagsFromResource', resource: arn }, () =>
        rds.send(new RemoveTagsFromResourceCommand({ ResourceName: arn, TagKeys: [...keys] })),
      );
    },
    async setParameters(group, parameters) {
      const Parameters = parameters.map(({ name, value, applyMethod }) => ({
        ParameterName: name,
        ParameterValue: value,
        ApplyMethod: applyMethod,
      }));
      await calling({ action: 'rds:ModifyDBClusterParameterGroup', resource: group }, () =>
        rds.send(new ModifyDBClusterParameterGroupCommand({ DBClusterParameterGroupName: group, Parameters })),
      );
    },
    async modify({ parameterGroup, securityGroups }) {
      const wanted = {
        ...(parameterGroup !== undefined && { DBClusterParameterGroupName: parameterGroup }),
        ...(securityGroups && { VpcSecurityGroupIds: [...securityGroups] }),
      };
      await calling({ action: 'rds:ModifyDBCluster', resource: identifier }, () =>
        rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: identifier, ...wanted, ApplyImmediately: true })),
      );
    },
    /** Without `ApplyImmediately`, which would also apply changes that are scheduled for the maintenance window; this one is never deferred. */
    async setPublic(instance, isPublic) {
      await calling({ action: 'rds:ModifyDBInstance', resource: instance }, () =>
        rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: instance, PubliclyAccessible: isPublic })),
      );
    },
    async reboot(instance) {
      await calling({ action: 'rds:RebootDBInstance', resource: instance }, () =>
        rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: instance })),
      );
    },
  };
}

async function parameterGroupFamily(client: RDSClient, group: string): Promise<string | undefined> {
  const command = new DescribeDBClusterParameterGroupsCommand({ DBClusterParameterGroupName: group });
  return calling({ action: 'rds:DescribeDBClusterParameterGroups', resource: group }, async () => {
    try {
      const { DBClusterParameterGroups = [] } = await client.send(command);
      return DBClusterParameterGroups.find(({ DBClusterParameterGroupName: name }) => name === group)?.DBParameterGroupFamily;
    } catch (error) {
      if (/^DB(Cluster)?ParameterGroupNotFound/.test((error as Error).name)) return undefined;
      throw error;
    }
  });
}

async function userParameters(client: RDSClient, group: string): Promise<Parameter[]> {
  const found: Parameter[] = [];
  await calling({ action: 'rds:DescribeDBClusterParameters', resource: group }, async () => {
    for await (const page of paginateDescribeDBClusterParameters({ client }, { DBClusterParameterGroupName: group, Source: 'user' })) {
      for (const { ParameterName: name, ParameterValue: value, ApplyMethod: applyMethod = 'pending-reboot' } of page.Parameters ?? []) {
        if (name !== undefined && value !== undefined) found.push({ name, value, applyMethod });
      }
    }
  });
  return found;
}
