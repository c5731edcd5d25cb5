/**
 * What is in an account before a migration: a network, an Aurora cluster with a writer, a reader and a secret that RDS manages, and the
 * application's own secrets, and the secret with a token for PlanetScale's API.
 */
import { CreateStackCommand, DescribeStacksCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import {
  CreateDBClusterCommand,
  type CreateDBClusterCommandInput,
  CreateDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  type Tag,
} from '@aws-sdk/client-rds';
import type { Clients } from './site.ts';

export const CLUSTER = 'corner-shop';
export const WRITER = `${CLUSTER}-1`;
export const INSTANCES = [WRITER, `${CLUSTER}-2`];
/** Aurora's version with the newest minor that both it and the embedded servers have. */
export const ENGINE_VERSION = '17.10';
const STACK = 'Account';

const ref = (name: string) => ({ Ref: name });
const attribute = (name: string, of: string) => ({ 'Fn::GetAtt': [name, of] });
const subnet = (index: number, zone = index) => ({
  Type: 'AWS::EC2::Subnet',
  Properties: { VpcId: ref('Vpc'), CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: { 'Fn::Select': [zone, { 'Fn::GetAZs': '' }] } },
});
const routesOf = (name: string) => ({
  Type: 'AWS::EC2::SubnetRouteTableAssociation',
  Properties: { SubnetId: ref(name), RouteTableId: ref('Routes') },
});
const secret = (Name: string) => ({ Type: 'AWS::SecretsManager::Secret', Properties: { Name } });

/** What the user had set before, which has to stay in force: the migration's own group takes it over. */
export const PARAMETERS = {
  work_mem: '12345',
  log_min_duration_statement: '2000',
  shared_preload_libraries: 'pg_stat_statements,auto_explain',
};

const TEMPLATE = {
  Resources: {
    Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true } },
    Subnet0: subnet(0),
    Subnet1: subnet(1),
    Public0: subnet(2, 0),
    Public1: subnet(3, 1),
    ClusterSecurityGroup: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'Aurora cluster', VpcId: ref('Vpc') } },
    Gateway: { Type: 'AWS::EC2::InternetGateway' },
    GatewayAttachment: { Type: 'AWS::EC2::VPCGatewayAttachment', Properties: { VpcId: ref('Vpc'), InternetGatewayId: ref('Gateway') } },
    Routes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } },
    WayOut: {
      Type: 'AWS::EC2::Route',
      DependsOn: 'GatewayAttachment',
      Properties: { RouteTableId: ref('Routes'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref('Gateway') },
    },
    Routes0: routesOf('Subnet0'),
    Routes1: routesOf('Subnet1'),
    Routes2: routesOf('Public0'),
    Routes3: routesOf('Public1'),
    SubnetGroup: {
      Type: 'AWS::RDS::DBSubnetGroup',
      Properties: { DBSubnetGroupDescription: 'Aurora cluster', SubnetIds: [ref('Subnet0'), ref('Subnet1')] },
    },
    ParameterGroup: {
      Type: 'AWS::RDS::DBClusterParameterGroup',
      Properties: { Description: 'Corner shop', Family: 'aurora-postgresql17', Parameters: PARAMETERS },
    },
    ApplicationSecret: secret('corner-shop/application'),
    TokenSecret: secret('corner-shop/planetscale-token'),
  },
  Outputs: {
    parameterGroup: { Value: ref('ParameterGroup') },
    subnetGroup: { Value: ref('SubnetGroup') },
    vpcId: { Value: ref('Vpc') },
    subnetIds: { Value: { 'Fn::Join': [',', [ref('Subnet0'), ref('Subnet1')]] } },
    publicSubnetIds: { Value: { 'Fn::Join': [',', [ref('Public0'), ref('Public1')]] } },
    clusterSecurityGroupId: { Value: attribute('ClusterSecurityGroup', 'GroupId') },
    applicationSecretArn: { Value: ref('ApplicationSecret') },
    planetscaleTokenSecretArn: { Value: ref('TokenSecret') },
  },
};

/** Settings of the app that name what is there. */
export interface AccountSettings {
  readonly vpcId: string;
  readonly subnetIds: string;
  /** For a load balancer; a setting only where there is one. */
  readonly publicSubnetIds: string;
  readonly clusterSecurityGroupId: string;
  readonly sourceSecretArn: string;
  readonly applicationSecretArn: string;
  readonly planetscaleTokenSecretArn: string;
}

export async function makeAccount(clients: Clients): Promise<AccountSettings> {
  const { subnetGroup, parameterGroup, ...settings } = await makeStack(clients);
  const sourceSecretArn = await makeCluster(clients, {
    DBSubnetGroupName: subnetGroup,
    DBClusterParameterGroupName: parameterGroup,
    VpcSecurityGroupIds: [settings.clusterSecurityGroupId],
  });
  return { ...settings, sourceSecretArn };
}

type Made = Omit<AccountSettings, 'sourceSecretArn'> & { readonly subnetGroup: string; readonly parameterGroup: string };

async function makeStack({ stacks: client }: Clients): Promise<Made> {
  await client.send(new CreateStackCommand({ StackName: STACK, TemplateBody: JSON.stringify(TEMPLATE) }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName: STACK });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  return Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as unknown as Made;
}

/** @returns ARN of the secret in which RDS keeps the master user's password */
async function makeCluster({ rds }: Clients, belongings: Partial<CreateDBClusterCommandInput>): Promise<string> {
  const shared = { Engine: 'aurora-postgresql', DBClusterIdentifier: CLUSTER };
  const { DBCluster: cluster } = await rds.send(
    new CreateDBClusterCommand({
      ...shared,
      EngineVersion: ENGINE_VERSION,
      MasterUsername: 'aurora_master',
      ManageMasterUserPassword: true,
      ...belongings,
    }),
  );
  for (const DBInstanceIdentifier of INSTANCES) {
    await rds.send(new CreateDBInstanceCommand({ ...shared, DBInstanceIdentifier, DBInstanceClass: 'db.r8g.large' }));
  }
  return cluster?.MasterUserSecret?.SecretArn ?? '';
}

/** What the migration changes of a cluster, and has to put back. */
export interface ClusterSettings {
  readonly parameterGroup: string | undefined;
  readonly securityGroups: readonly (string | undefined)[];
  readonly tags: readonly string[];
  /** By instance. */
  readonly publiclyAccessible: Readonly<Record<string, boolean | undefined>>;
  readonly instanceTags: Readonly<Record<string, readonly string[]>>;
}

const tagTexts = (tags: readonly Tag[] = []): string[] => tags.map(({ Key, Value }) => `${Key} = ${Value}`).sort();

export async function clusterSettings({ rds }: Clients): Promise<ClusterSettings> {
  const { DBClusters } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: CLUSTER }));
  const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({ Filters: [{ Name: 'db-cluster-id', Values: [CLUSTER] }] }));
  const cluster = DBClusters?.[0];
  return {
    parameterGroup: cluster?.DBClusterParameterGroup,
    securityGroups: (cluster?.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId }) => VpcSecurityGroupId).sort(),
    tags: tagTexts(cluster?.TagList),
    publiclyAccessible: Object.fromEntries(DBInstances.map((one) => [one.DBInstanceIdentifier, one.PubliclyAccessible])),
    instanceTags: Object.fromEntries(DBInstances.map((one) => [one.DBInstanceIdentifier, tagTexts(one.TagList)])),
  };
}
