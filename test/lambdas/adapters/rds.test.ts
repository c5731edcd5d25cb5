import {
  DescribeDBClusterParametersCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterParameterGroupCommand,
  RDSClient,
  RebootDBInstanceCommand,
} from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { clusterPort, writerEndpoint } from '../../../lambdas/adapters/rds.ts';

const api = mockClient(RDSClient);
const client = new RDSClient({});
const cluster = clusterPort(client, 'shop', 'migration-group');

beforeEach(() => {
  api.reset();
  api.on(DescribeDBClustersCommand, { DBClusterIdentifier: 'shop' }).resolves({
    DBClusters: [
      {
        Status: 'available',
        DBClusterParameterGroup: 'users-group',
        EngineVersion: '15.4',
        Endpoint: 'shop.cluster-abc.eu-central-1.rds.amazonaws.com',
        Port: 6000,
        DBClusterMembers: [
          { DBInstanceIdentifier: 'shop-1', IsClusterWriter: true, DBClusterParameterGroupStatus: 'pending-reboot' },
          { DBInstanceIdentifier: 'shop-2', IsClusterWriter: false, DBClusterParameterGroupStatus: 'in-sync' },
        ],
      },
    ],
  });
  const ofCluster = { Filters: [{ Name: 'db-cluster-id', Values: ['shop'] }] };
  api
    .on(DescribeDBInstancesCommand, ofCluster)
    .resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-1', DBInstanceStatus: 'rebooting' }], Marker: 'm' });
  api
    .on(DescribeDBInstancesCommand, { ...ofCluster, Marker: 'm' })
    .resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-2', DBInstanceStatus: 'available' }] });
});

describe('the cluster', () => {
  it('is described with the state of each of its instances', async () => {
    await expect(cluster.describe()).resolves.toEqual({
      cluster: 'shop',
      status: 'available',
      parameterGroup: 'users-group',
      engineVersion: '15.4',
      members: [
        { instance: 'shop-1', isWriter: true, status: 'rebooting', parameterGroupStatus: 'pending-reboot' },
        { instance: 'shop-2', isWriter: false, status: 'available', parameterGroupStatus: 'in-sync' },
      ],
    });
  });

  it('tells what the user has set in a group, from every page', async () => {
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

  it('is changed by one call for each wish', async () => {
    api.on(ModifyDBClusterParameterGroupCommand).resolves({});
    api.on(ModifyDBClusterCommand).resolves({});
    api.on(RebootDBInstanceCommand).resolves({});
    await cluster.setParameters('migration-group', [{ name: 'work_mem', value: '64', applyMethod: 'immediate' }]);
    await cluster.attachParameterGroup('migration-group');
    await cluster.reboot('shop-1');
    expect(api.calls().map((call) => call.args[0].input)).toEqual([
      {
        DBClusterParameterGroupName: 'migration-group',
        Parameters: [{ ParameterName: 'work_mem', ParameterValue: '64', ApplyMethod: 'immediate' }],
      },
      { DBClusterIdentifier: 'shop', DBClusterParameterGroupName: 'migration-group', ApplyImmediately: true },
      { DBInstanceIdentifier: 'shop-1' },
    ]);
  });

  it("knows where its writer answers, and says so where it doesn't", async () => {
    await expect(writerEndpoint(client, 'shop')).resolves.toEqual({ host: 'shop.cluster-abc.eu-central-1.rds.amazonaws.com', port: 6000 });
    api.on(DescribeDBClustersCommand).resolves({ DBClusters: [{ Status: 'creating' }] });
    await expect(writerEndpoint(client, 'shop')).rejects.toMatchObject({ name: 'InvalidConfiguration' });
  });

  it('is named where the answer is empty', async () => {
    api.on(DescribeDBClustersCommand).resolves({ DBClusters: [] });
    await expect(cluster.describe()).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('knows no shop'),
    });
  });

  it.each([
    ['Throttling', 'TransientError', /for the moment/],
    ['InvalidDBInstanceState', 'TransientError', /being changed/],
    ['InvalidDBInstanceStateFault', 'TransientError', /being changed/],
    ['AccessDenied', 'InvalidConfiguration', /denied rds:RebootDBInstance on shop-1/],
    ['DBInstanceNotFound', 'InvalidConfiguration', /knows no shop-1/],
    ['DBInstanceNotFoundFault', 'InvalidConfiguration', /knows no shop-1/],
    ['InvalidParameterCombination', 'ClusterNotConfigurable', /refused rds:RebootDBInstance on shop-1.*left as it was/],
  ])('turns %s into %s', async (name, ours, message) => {
    api.on(RebootDBInstanceCommand).rejects(Object.assign(new Error('no'), { name }));
    await expect(cluster.reboot('shop-1')).rejects.toMatchObject({ name: ours, message: expect.stringMatching(message) });
  });

  it.each(['describe', 'userParameters', 'setParameters', 'attachParameterGroup', 'reboot'] as const)(
    'names the permission that %s lacks',
    async (method) => {
      api.onAnyCommand().rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
      api.on(DescribeDBClustersCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
      api.on(DescribeDBInstancesCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
      const call = {
        describe: () => cluster.describe(),
        userParameters: () => cluster.userParameters('g'),
        setParameters: () => cluster.setParameters('g', []),
        attachParameterGroup: () => cluster.attachParameterGroup('g'),
        reboot: () => cluster.reboot('i'),
      };
      await expect(call[method]()).rejects.toMatchObject({
        name: 'InvalidConfiguration',
        message: expect.stringMatching(/AWS denied rds:\w+ on/),
      });
    },
  );
});
