import { EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  type DBCluster,
  type DBInstance,
  DBParameterGroupNotFoundFault,
  DescribeDBClusterParameterGroupsCommand,
  DescribeDBClusterParametersCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBProxiesCommand,
  DescribeDBProxyTargetsCommand,
  DescribeGlobalClustersCommand,
  ListTagsForResourceCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterParameterGroupCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RebootDBInstanceCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { clusterPort } from '../../../../lambdas/adapters/aws/rds.ts';
import { writerEndpoint } from '../../../../lambdas/adapters/aws/rds-state.ts';
import type { Cluster, ClusterState } from '../../../../lambdas/ports/cluster.ts';
import { visitOn } from '../../../support/control-plane.ts';

const api = mockClient(RDSClient);
const client = new RDSClient({});
const cluster = clusterPort(
  { rds: client, network: new EC2Client({}) },
  { identifier: 'shop', migrationGroup: 'migration-group', stack: 'Shop', vpc: 'vpc-1', publicAccess: 'none', port: 6000 },
);

const arn = (kind: string, name: string) => `arn:aws:rds:eu-central-1:111122223333:${kind}:${name}`;
const CLUSTER: DBCluster = {
  DBClusterArn: arn('cluster', 'shop'),
  Status: 'available',
  DBClusterParameterGroup: 'users-group',
  EngineVersion: '15.4',
  Endpoint: 'shop.cluster-abc.eu-central-1.rds.amazonaws.com',
  Port: 6000,
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1', Status: 'active' }],
  DBClusterMembers: [
    { DBInstanceIdentifier: 'shop-1', IsClusterWriter: true, DBClusterParameterGroupStatus: 'pending-reboot' },
    { DBInstanceIdentifier: 'shop-2', IsClusterWriter: false, DBClusterParameterGroupStatus: 'in-sync' },
  ],
};
const subnet = (id: string, zone: string) => ({ SubnetIdentifier: id, SubnetAvailabilityZone: { Name: zone } });
const instance = (name: string, over: Partial<DBInstance> = {}): DBInstance => ({
  DBInstanceIdentifier: name,
  DBInstanceArn: arn('db', name),
  DBInstanceStatus: 'available',
  DBInstanceClass: 'db.r8g.large',
  PubliclyAccessible: false,
  AvailabilityZone: 'eu-central-1a',
  DBSubnetGroup: { Subnets: [subnet('subnet-a', 'eu-central-1a'), subnet('subnet-b', 'eu-central-1b')] },
  ...over,
});
const OF_CLUSTER = { Filters: [{ Name: 'db-cluster-id', Values: ['shop'] }] };

/** What RDS answers about the cluster and its instances, one page each. */
function answers(over: Partial<DBCluster>, ...instances: DBInstance[]): void {
  api.on(DescribeDBClustersCommand, { DBClusterIdentifier: 'shop' }).resolves({ DBClusters: [{ ...CLUSTER, ...over }] });
  api.on(DescribeDBInstancesCommand, OF_CLUSTER).resolves({ DBInstances: instances });
}

beforeEach(() => {
  api.reset();
  api.on(DescribeDBClustersCommand, { DBClusterIdentifier: 'shop' }).resolves({ DBClusters: [CLUSTER] });
  api
    .on(DescribeDBInstancesCommand, OF_CLUSTER)
    .resolves({ DBInstances: [instance('shop-1', { DBInstanceStatus: 'rebooting', PubliclyAccessible: true })], Marker: 'm' });
  api
    .on(DescribeDBInstancesCommand, { ...OF_CLUSTER, Marker: 'm' })
    .resolves({ DBInstances: [instance('shop-2', { DBInstanceClass: 'db.serverless', AvailabilityZone: 'eu-central-1b' })] });
  api.on(ListTagsForResourceCommand).resolves({});
});

describe('the description of a cluster', () => {
  it('has the state of each instance', async () => {
    await expect(cluster.describe()).resolves.toEqual({
      cluster: 'shop',
      arn: arn('cluster', 'shop'),
      status: 'available',
      parameterGroup: 'users-group',
      engineVersion: '15.4',
      port: 6000,
      members: [
        {
          ...{ instance: 'shop-1', arn: arn('db', 'shop-1'), isWriter: true, status: 'rebooting', parameterGroupStatus: 'pending-reboot' },
          ...{ isPublic: true, isServerless: false, zone: 'eu-central-1a' },
        },
        {
          ...{ instance: 'shop-2', arn: arn('db', 'shop-2'), isWriter: false, status: 'available', parameterGroupStatus: 'in-sync' },
          ...{ isPublic: false, isServerless: true, zone: 'eu-central-1b' },
        },
      ],
      securityGroups: ['sg-1'],
      securityGroupsSettled: true,
      subnets: [
        { id: 'subnet-a', zone: 'eu-central-1a' },
        { id: 'subnet-b', zone: 'eu-central-1b' },
      ],
    });
  });

  it('has the parameters that keep it from streaming', async () => {
    answers({ ReplicationSourceIdentifier: arn('cluster', 'main'), ServerlessV2ScalingConfiguration: { MinCapacity: 0 } });
    await expect(cluster.describe()).resolves.toMatchObject({ replicatesFrom: arn('cluster', 'main'), leastCapacity: 0 });
  });

  it("has the endpoints beside the writer's (#9.8)", async () => {
    answers({
      ReaderEndpoint: 'shop.cluster-ro-abc',
      CustomEndpoints: ['reports.cluster-custom-abc'],
      LocalWriteForwardingStatus: 'enabling',
      GlobalWriteForwardingStatus: 'disabled',
      GlobalWriteForwardingRequested: true,
      GlobalClusterIdentifier: 'world',
    });
    await expect(cluster.describe()).resolves.toMatchObject({
      readerEndpoints: ['shop.cluster-ro-abc', 'reports.cluster-custom-abc'],
      writeForwarding: ['local enabling', 'global requested'],
      globalCluster: 'world',
    });
    answers({ LocalWriteForwardingStatus: 'disabled', GlobalWriteForwardingStatus: 'unknown' });
    await expect(cluster.describe()).resolves.toMatchObject({ writeForwarding: ['global unknown'] });
    answers({ LocalWriteForwardingStatus: 'disabled', GlobalWriteForwardingStatus: 'disabled', GlobalWriteForwardingRequested: false });
    expect(await cluster.describe()).not.toHaveProperty('writeForwarding');
  });

  it('has the proxies to the cluster or an instance, from every page (#9.8)', async () => {
    answers({}, instance('shop-1'), instance('shop-2'));
    const proxy = (DBProxyName: string, EngineFamily = 'POSTGRESQL') => ({ DBProxyName, EngineFamily, Endpoint: `${DBProxyName}.proxy` });
    api.on(DescribeDBProxiesCommand).resolves({ DBProxies: [proxy('pool'), proxy('others'), proxy('mine', 'MYSQL')], Marker: 'm' });
    api.on(DescribeDBProxiesCommand, { Marker: 'm' }).resolves({ DBProxies: [proxy('direct')] });
    api.on(DescribeDBProxyTargetsCommand, { DBProxyName: 'pool' }).resolves({ Targets: [{ RdsResourceId: 'x' }], Marker: 't' });
    api
      .on(DescribeDBProxyTargetsCommand, { DBProxyName: 'pool', Marker: 't' })
      .resolves({ Targets: [{ TrackedClusterId: 'shop', RdsResourceId: 'shop', Type: 'TRACKED_CLUSTER' }] });
    api.on(DescribeDBProxyTargetsCommand, { DBProxyName: 'others' }).resolves({ Targets: [{ TrackedClusterId: 'other' }] });
    api
      .on(DescribeDBProxyTargetsCommand, { DBProxyName: 'direct' })
      .resolves({ Targets: [{ RdsResourceId: 'shop-2', Type: 'RDS_INSTANCE' }] });
    const state = await cluster.describe();
    await expect(state && cluster.proxies(state)).resolves.toEqual([
      { name: 'pool', endpoint: 'pool.proxy' },
      { name: 'direct', endpoint: 'direct.proxy' },
    ]);
  });

  it('has the secondary clusters of a global database, and whether they write (#9.8)', async () => {
    const [writer, quiet, writing] = ['shop', 'quiet', 'writing'].map((name) => arn('cluster', name));
    api.on(DescribeGlobalClustersCommand, { GlobalClusterIdentifier: 'world' }).resolves({
      GlobalClusters: [
        {
          GlobalClusterMembers: [
            { DBClusterArn: writer, IsWriter: true, GlobalWriteForwardingStatus: 'unknown' },
            { DBClusterArn: quiet, IsWriter: false, GlobalWriteForwardingStatus: 'disabled' },
            { DBClusterArn: writing, IsWriter: false, GlobalWriteForwardingStatus: 'enabled' },
          ],
        },
      ],
    });
    await expect(cluster.secondaries('world')).resolves.toEqual([{ arn: quiet }, { arn: writing, writeForwarding: 'enabled' }]);
  });

  it('has the security groups, settled when none is being changed', async () => {
    const groups = (...statuses: string[]) => statuses.map((Status, index) => ({ VpcSecurityGroupId: `sg-${index}`, Status }));
    answers({ VpcSecurityGroups: groups('active', 'adding', 'removing') });
    await expect(cluster.describe()).resolves.toMatchObject({ securityGroups: ['sg-0', 'sg-1'], securityGroupsSettled: false });
    answers({ VpcSecurityGroups: groups('active') });
    await expect(cluster.describe()).resolves.toMatchObject({ securityGroups: ['sg-0'], securityGroupsSettled: true });
  });

  it('has the family of a parameter group, or that there is no such group (#9.15)', async () => {
    const query = { DBClusterParameterGroupName: 'users-group' };
    const group = { ...query, DBParameterGroupFamily: 'aurora-postgresql15' };
    api.on(DescribeDBClusterParameterGroupsCommand, query).resolves({ DBClusterParameterGroups: [group] });
    await expect(cluster.parameterGroupFamily('users-group')).resolves.toBe('aurora-postgresql15');
    api.on(DescribeDBClusterParameterGroupsCommand).rejects(new DBParameterGroupNotFoundFault({ message: 'no', $metadata: {} }));
    await expect(cluster.parameterGroupFamily('evil-group')).resolves.toBeUndefined();
    const denied = Object.assign(new Error('no'), { name: 'AccessDenied' });
    api.on(DescribeDBClusterParameterGroupsCommand).rejects(denied);
    await expect(cluster.parameterGroupFamily('evil-group')).rejects.toThrow(/rds:DescribeDBClusterParameterGroups/);
  });

  it('has the parameters set by the user in a group, from every page', async () => {
    const query = { DBClusterParameterGroupName: 'users-group', Source: 'user' };
    const first = { ParameterName: 'work_mem', ParameterValue: '64', ApplyMethod: 'immediate' } as const;
    const second = { ParameterName: 'max_wal_senders', ParameterValue: '40', ApplyMethod: 'pending-reboot' } as const;
    api.on(DescribeDBClusterParametersCommand, query).resolves({ Parameters: [first, { ParameterName: 'without_value' }], Marker: 'm' });
    api.on(DescribeDBClusterParametersCommand, { ...query, Marker: 'm' }).resolves({ Parameters: [second] });
    await expect(cluster.userParameters('users-group')).resolves.toEqual([
      { name: 'work_mem', value: '64', applyMethod: 'immediate' },
      { name: 'max_wal_senders', value: '40', applyMethod: 'pending-reboot' },
    ]);
  });

  it('has the tags of any resource of the cluster', async () => {
    api.on(ListTagsForResourceCommand, { ResourceName: 'arn' }).resolves({ TagList: [{ Key: 'a', Value: 'b' }, { Key: 'c' }, {}] });
    await expect(cluster.tags('arn')).resolves.toEqual({ a: 'b', c: '' });
  });

  it('has no security group for PlanetScale where the stack made none', async () => {
    await expect(cluster.securityGroup()).resolves.toBeUndefined();
  });

  it('is changed by one call for each change, in the requested attributes only', async () => {
    for (const command of [ModifyDBClusterParameterGroupCommand, ModifyDBClusterCommand, ModifyDBInstanceCommand] as const)
      api.on(command as typeof ModifyDBClusterCommand).resolves({});
    for (const command of [RebootDBInstanceCommand, AddTagsToResourceCommand, RemoveTagsFromResourceCommand] as const)
      api.on(command as typeof RebootDBInstanceCommand).resolves({});
    await cluster.setParameters('migration-group', [{ name: 'work_mem', value: '64', applyMethod: 'immediate' }]);
    await cluster.modify({ parameterGroup: 'migration-group', securityGroups: ['sg-1', 'sg-2'] });
    await cluster.modify({ securityGroups: ['sg-1'] });
    await cluster.setPublic('shop-1', true);
    await cluster.addTags('arn', { key: 'value' });
    await cluster.removeTags('arn', ['key']);
    await cluster.reboot('shop-1');
    expect(api.calls().map((call) => call.args[0].input)).toEqual([
      {
        DBClusterParameterGroupName: 'migration-group',
        Parameters: [{ ParameterName: 'work_mem', ParameterValue: '64', ApplyMethod: 'immediate' }],
      },
      {
        ...{ DBClusterIdentifier: 'shop', DBClusterParameterGroupName: 'migration-group' },
        ...{ VpcSecurityGroupIds: ['sg-1', 'sg-2'], ApplyImmediately: true },
      },
      { DBClusterIdentifier: 'shop', VpcSecurityGroupIds: ['sg-1'], ApplyImmediately: true },
      { DBInstanceIdentifier: 'shop-1', PubliclyAccessible: true },
      { ResourceName: 'arn', Tags: [{ Key: 'key', Value: 'value' }] },
      { ResourceName: 'arn', TagKeys: ['key'] },
      { DBInstanceIdentifier: 'shop-1' },
    ]);
  });

  it("has the writer's address, or reports that there is none", async () => {
    await expect(writerEndpoint(client, 'shop')).resolves.toEqual({ host: 'shop.cluster-abc.eu-central-1.rds.amazonaws.com', port: 6000 });
    api.on(DescribeDBClustersCommand).resolves({ DBClusters: [{ Status: 'creating' }] });
    await expect(writerEndpoint(client, 'shop')).rejects.toMatchObject({ name: 'InvalidConfiguration' });
  });
});

/** Every state on the way, as RDS tells it: cluster, writer, the group's state in the writer; and what the two steps make of it. */
describe('a cluster being modified', () => {
  const prepared = (status: string, writer: string, group: string): void => {
    const DBClusterMembers = [{ DBInstanceIdentifier: 'shop-1', IsClusterWriter: true, DBClusterParameterGroupStatus: group }];
    answers(
      { Status: status, DBClusterParameterGroup: 'migration-group', DBClusterMembers },
      instance('shop-1', { DBInstanceStatus: writer }),
    );
  };
  const outcome = (step: 'ConfigureSource' | 'RebootSource'): Promise<string> =>
    visitOn(cluster, step).then(
      ({ verdict }) => verdict,
      (error: Error) => error.name,
    );

  it.each([
    ['available', 'available', 'in-sync', 'done', 'done'],
    ['modifying', 'available', 'in-sync', 'pending', 'done'],
    ['available', 'modifying', 'in-sync', 'pending', 'pending'],
    ['available', 'available', 'applying', 'pending', 'pending'],
    ['available', 'available', 'unheard-of', 'pending', 'pending'],
    ['available', 'rebooting', 'pending-reboot', 'pending', 'pending'],
    ['available', 'rebooting', 'in-sync', 'pending', 'pending'],
    ['failing-over', 'available', 'in-sync', 'pending', 'done'],
    ['available', 'backing-up', 'in-sync', 'pending', 'pending'],
    ['available', 'configuring-log-exports', 'in-sync', 'pending', 'pending'],
    ['available', 'storage-optimization', 'in-sync', 'done', 'pending'],
    ['maintenance', 'available', 'in-sync', 'pending', 'done'],
    ['available', 'available', 'failed-to-apply', 'ClusterNotConfigurable', 'pending'],
    ['stopped', 'stopped', 'in-sync', 'ClusterNotConfigurable', 'pending'],
    ['available', 'incompatible-parameters', 'in-sync', 'ClusterNotConfigurable', 'pending'],
    ['inaccessible-encryption-credentials', 'available', 'in-sync', 'ClusterNotConfigurable', 'done'],
  ])(
    'that is %s, with a writer that is %s and %s: ConfigureSource %s, RebootSource %s',
    async (status, writer, group, configured, rebooted) => {
      prepared(status, writer, group);
      expect(await outcome('ConfigureSource')).toBe(configured);
      expect(await outcome('RebootSource')).toBe(rebooted);
    },
  );

  it('is rebooted when available and pending-reboot, and then waited for', async () => {
    prepared('available', 'available', 'pending-reboot');
    expect(await outcome('ConfigureSource')).toBe('done');
    api.on(RebootDBInstanceCommand).callsFake(() => {
      prepared('available', 'rebooting', 'pending-reboot');
      return {};
    });
    expect(await outcome('RebootSource')).toBe('pending');
    prepared('available', 'available', 'in-sync');
    expect(await outcome('RebootSource')).toBe('done');
    expect(api.commandCalls(RebootDBInstanceCommand)).toHaveLength(1);
  });
});

describe('a cluster that does not exist', () => {
  it('is named, whether the answer is empty or a fault', async () => {
    const unknown = { name: 'InvalidConfiguration', message: expect.stringMatching(/knows no shop.*Nothing was changed/) };
    api.on(DescribeDBClustersCommand).resolves({ DBClusters: [] });
    await expect(cluster.describe()).rejects.toMatchObject(unknown);
    api.on(DescribeDBClustersCommand).rejects(Object.assign(new Error('no'), { name: 'DBClusterNotFoundFault' }));
    await expect(cluster.describe()).rejects.toMatchObject(unknown);
  });
});

describe('a fault of RDS', () => {
  const fault = (name: string, message = 'no') => Object.assign(new Error(message), { name });

  it.each([
    ['Throttling', 'TransientError', /for the moment/],
    ['ThrottlingException', 'TransientError', /for the moment/],
    ['RequestLimitExceeded', 'TransientError', /for the moment/],
    ['InvalidDBInstanceState', 'TransientError', /being changed/],
    ['InvalidDBInstanceStateFault', 'TransientError', /being changed/],
    ['AccessDenied', 'InvalidConfiguration', /denied rds:RebootDBInstance on shop-1/],
    ['DBInstanceNotFound', 'InvalidConfiguration', /knows no shop-1/],
    ['DBInstanceNotFoundFault', 'InvalidConfiguration', /knows no shop-1/],
    ['InvalidParameterCombination', 'ClusterNotConfigurable', /refused rds:RebootDBInstance on shop-1.*left as it was/],
  ])('%s becomes %s', async (name, ours, message) => {
    api.on(RebootDBInstanceCommand).rejects(fault(name));
    await expect(cluster.reboot('shop-1')).rejects.toMatchObject({ name: ours, message: expect.stringMatching(message) });
  });

  it('is about the parameter group, where the cluster exists and its former group does not', async () => {
    api.on(ModifyDBClusterCommand).rejects(fault('DBClusterParameterGroupNotFound', 'users-group is gone'));
    await expect(cluster.modify({ parameterGroup: 'users-group' })).rejects.toMatchObject({
      name: 'ClusterNotConfigurable',
      message: expect.stringMatching(/users-group is gone.*remove the cause/),
    });
  });

  const CALLS: Readonly<Record<string, (on: Cluster) => Promise<unknown>>> = {
    'rds:DescribeDBClusters on shop': (on) => on.describe(),
    'rds:DescribeDBInstances on shop': (on) => on.describe(),
    'rds:DescribeDBClusterParameters on g': (on) => on.userParameters('g'),
    'rds:DescribeDBProxies on *': (on) => on.proxies({ cluster: 'shop', members: [] } as unknown as ClusterState),
    'rds:DescribeGlobalClusters on world': (on) => on.secondaries('world'),
    'rds:ListTagsForResource on arn': (on) => on.tags('arn'),
    'rds:AddTagsToResource on arn': (on) => on.addTags('arn', { key: 'value' }),
    'rds:RemoveTagsFromResource on arn': (on) => on.removeTags('arn', ['key']),
    'rds:ModifyDBClusterParameterGroup on g': (on) => on.setParameters('g', []),
    'rds:ModifyDBCluster on shop': (on) => on.modify({ securityGroups: ['sg-1'] }),
    'rds:ModifyDBInstance on i': (on) => on.setPublic('i', true),
    'rds:RebootDBInstance on i': (on) => on.reboot('i'),
  };

  it.each(Object.entries(CALLS))('of rights names the missing permission: %s', async (permission, call) => {
    api.reset();
    const whole = permission.startsWith('rds:DescribeDBInstances');
    api.onAnyCommand().rejects(fault('AccessDenied'));
    if (whole) api.on(DescribeDBClustersCommand).resolves({ DBClusters: [CLUSTER] });
    await expect(call(cluster)).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining(`AWS denied ${permission}`),
    });
  });

  it.each(Object.entries(CALLS))('of throttling is retried, in every call: %s', async (permission, call) => {
    api.reset();
    api.onAnyCommand().rejects(fault('Throttling', 'Rate exceeded'));
    if (permission.startsWith('rds:DescribeDBInstances')) api.on(DescribeDBClustersCommand).resolves({ DBClusters: [CLUSTER] });
    await expect(call(cluster)).rejects.toMatchObject({ name: 'TransientError', message: expect.stringContaining(permission) });
  });
});
