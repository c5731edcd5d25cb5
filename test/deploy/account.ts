/**
 * What is in an account before a migration: a network, an Aurora cluster with a writer, a reader and a secret that RDS manages, and the
 * application's own secrets.
 */
import { CreateStackCommand, DescribeStacksCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import type { Clients } from './site.ts';

export const CLUSTER = 'corner-shop';
export const WRITER = `${CLUSTER}-1`;
export const INSTANCES = [WRITER, `${CLUSTER}-2`];
/** Aurora's version with the newest minor that both it and the embedded servers have. */
export const ENGINE_VERSION = '17.10';
const STACK = 'Account';

const ref = (name: string) => ({ Ref: name });
const attribute = (name: string, of: string) => ({ 'Fn::GetAtt': [name, of] });
const subnet = (index: number) => ({
  Type: 'AWS::EC2::Subnet',
  Properties: { VpcId: ref('Vpc'), CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: { 'Fn::Select': [index, { 'Fn::GetAZs': '' }] } },
});
const instance = (DBInstanceIdentifier: string) => ({
  Type: 'AWS::RDS::DBInstance',
  Properties: { DBInstanceIdentifier, DBClusterIdentifier: ref('Cluster'), Engine: 'aurora-postgresql', DBInstanceClass: 'db.r8g.large' },
});
const secret = (Name: string) => ({ Type: 'AWS::SecretsManager::Secret', Properties: { Name } });

const TEMPLATE = {
  Resources: {
    Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true } },
    Subnet0: subnet(0),
    Subnet1: subnet(1),
    ClusterSecurityGroup: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'Aurora cluster', VpcId: ref('Vpc') } },
    SubnetGroup: {
      Type: 'AWS::RDS::DBSubnetGroup',
      Properties: { DBSubnetGroupDescription: 'Aurora cluster', SubnetIds: [ref('Subnet0'), ref('Subnet1')] },
    },
    Cluster: {
      Type: 'AWS::RDS::DBCluster',
      Properties: {
        DBClusterIdentifier: CLUSTER,
        Engine: 'aurora-postgresql',
        EngineVersion: ENGINE_VERSION,
        MasterUsername: 'aurora_master',
        ManageMasterUserPassword: true,
        DBSubnetGroupName: ref('SubnetGroup'),
        VpcSecurityGroupIds: [attribute('ClusterSecurityGroup', 'GroupId')],
      },
    },
    Writer: instance(WRITER),
    Reader: { ...instance(`${CLUSTER}-2`), DependsOn: 'Writer' },
    ApplicationSecret: secret('corner-shop/application'),
    ApplicationTargetSecret: secret('corner-shop/application-at-planetscale'),
  },
  Outputs: {
    vpcId: { Value: ref('Vpc') },
    subnetIds: { Value: { 'Fn::Join': [',', [ref('Subnet0'), ref('Subnet1')]] } },
    clusterSecurityGroupId: { Value: attribute('ClusterSecurityGroup', 'GroupId') },
    sourceSecretArn: { Value: attribute('Cluster', 'MasterUserSecret.SecretArn') },
    applicationSecretArn: { Value: ref('ApplicationSecret') },
    applicationTargetSecretArn: { Value: ref('ApplicationTargetSecret') },
  },
};

/** Settings of the app that name what is there. */
export type AccountSettings = Readonly<Record<keyof (typeof TEMPLATE)['Outputs'], string>>;

export async function makeAccount({ stacks: client }: Clients): Promise<AccountSettings> {
  await client.send(new CreateStackCommand({ StackName: STACK, TemplateBody: JSON.stringify(TEMPLATE) }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName: STACK });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  const outputs = Stacks?.[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as AccountSettings;
}
