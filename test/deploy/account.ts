/**
 * What is in an account before a migration: a network, an Aurora cluster with a writer, a reader and a secret that RDS manages, and the
 * application's own secrets.
 */
import { CreateStackCommand, DescribeStacksCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { CreateDBClusterCommand, CreateDBInstanceCommand } from '@aws-sdk/client-rds';
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
    ApplicationSecret: secret('corner-shop/application'),
    ApplicationTargetSecret: secret('corner-shop/application-at-planetscale'),
  },
  Outputs: {
    subnetGroup: { Value: ref('SubnetGroup') },
    vpcId: { Value: ref('Vpc') },
    subnetIds: { Value: { 'Fn::Join': [',', [ref('Subnet0'), ref('Subnet1')]] } },
    clusterSecurityGroupId: { Value: attribute('ClusterSecurityGroup', 'GroupId') },
    applicationSecretArn: { Value: ref('ApplicationSecret') },
    applicationTargetSecretArn: { Value: ref('ApplicationTargetSecret') },
  },
};

/** Settings of the app that name what is there. */
export interface AccountSettings {
  readonly vpcId: string;
  readonly subnetIds: string;
  readonly clusterSecurityGroupId: string;
  readonly sourceSecretArn: string;
  readonly applicationSecretArn: string;
  readonly applicationTargetSecretArn: string;
}

export async function makeAccount(clients: Clients): Promise<AccountSettings> {
  const { subnetGroup, ...settings } = await makeStack(clients);
  return { ...settings, sourceSecretArn: await makeCluster(clients, subnetGroup, settings.clusterSecurityGroupId) };
}

type Made = Omit<AccountSettings, 'sourceSecretArn'> & { readonly subnetGroup: string };

async function makeStack({ stacks: client }: Clients): Promise<Made> {
  await client.send(new CreateStackCommand({ StackName: STACK, TemplateBody: JSON.stringify(TEMPLATE) }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName: STACK });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  return Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as unknown as Made;
}

/** @returns ARN of the secret in which RDS keeps the master user's password */
async function makeCluster({ rds }: Clients, subnetGroup: string, securityGroup: string): Promise<string> {
  const shared = { Engine: 'aurora-postgresql', DBClusterIdentifier: CLUSTER };
  const { DBCluster: cluster } = await rds.send(
    new CreateDBClusterCommand({
      ...shared,
      EngineVersion: ENGINE_VERSION,
      MasterUsername: 'aurora_master',
      ManageMasterUserPassword: true,
      DBSubnetGroupName: subnetGroup,
      VpcSecurityGroupIds: [securityGroup],
    }),
  );
  for (const DBInstanceIdentifier of INSTANCES) {
    await rds.send(new CreateDBInstanceCommand({ ...shared, DBInstanceIdentifier, DBInstanceClass: 'db.r8g.large' }));
  }
  return cluster?.MasterUserSecret?.SecretArn ?? '';
}
