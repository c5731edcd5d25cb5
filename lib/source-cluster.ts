/** The cluster as the functions know it. The names of our groups are chosen here: see `MigrationStack` for why. */
import type { Stack } from 'aws-cdk-lib';
import { entranceGroupOf, parameterGroupOf, securityGroupOf } from '../lambdas/config/names.ts';
import type { MigrationConfig } from './config.ts';
import { parameterGroupFamily } from './parameter-group.ts';
import type { SourceCluster } from './resources.ts';

export function sourceCluster(stack: Stack, config: MigrationConfig): SourceCluster {
  const arn = (type: string, name: string) =>
    stack.formatArn({ service: 'rds', resource: `${type}:${name}`, resourceName: '' }).replace(/\/$/, '');
  const parameterGroup = parameterGroupOf(stack.stackName, parameterGroupFamily(config.engineVersion));
  const { access, allowAnyAddress, clusterIdentifier, clusterPort, vpcId } = config;
  return {
    identifier: clusterIdentifier,
    arn: arn('cluster', clusterIdentifier),
    instanceArns: config.clusterInstances.map((instance) => arn('db', instance)),
    anyInstanceArn: arn('db', '*'),
    anyParameterGroupArn: arn('cluster-pg', '*'),
    anyProxyArns: {
      proxies: arn('db-proxy', '*'),
      endpoints: arn('db-proxy-endpoint', '*'),
      targets: [arn('target-group', '*'), arn('target', '*')],
    },
    anyGlobalClusterArn: stack.formatArn({ service: 'rds', region: '', resource: 'global-cluster:*', resourceName: '' }).replace(/\/$/, ''),
    parameterGroup,
    parameterGroupArn: arn('cluster-pg', parameterGroup),
    ...(access !== 'own' && {
      access: {
        securityGroup: access === 'public' ? securityGroupOf(stack.stackName) : entranceGroupOf(stack.stackName),
        isAttached: access === 'public',
        isListed: !allowAnyAddress,
        anySecurityGroupArn: stack.formatArn({ service: 'ec2', resource: 'security-group', resourceName: '*' }),
      },
    }),
    port: clusterPort,
    publicAccess: access === 'public' ? (allowAnyAddress ? 'anyone' : 'listed') : 'none',
    vpcId,
    vpcArn: stack.formatArn({ service: 'ec2', account: '*', resource: 'vpc', resourceName: vpcId }),
    stack: stack.stackName,
  };
}
