import {
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  EC2Client,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { networkAround, securityGroupName, securityGroupNamed } from '../../../../lambdas/adapters/aws/vpc.ts';
import { state } from '../../../support/cluster.ts';

const api = mockClient(EC2Client);
const client = new EC2Client({});
const OUT = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' } as const;
const LOCAL = { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', State: 'active' } as const;
const main = (...Routes: object[]) => ({ Associations: [{ Main: true }], Routes: [LOCAL, ...Routes] });
const tableOf = (SubnetId: string, ...Routes: object[]) => ({ Associations: [{ SubnetId }], Routes: [LOCAL, ...Routes] });

const rules = (...IpPermissions: IpPermission[]): void => {
  api
    .on(DescribeSecurityGroupsCommand, { GroupIds: ['sg-0application'] })
    .resolves({ SecurityGroups: [{ GroupId: 'sg-0application', IpPermissions }] });
};
const routes = (...RouteTables: object[]): void => {
  api.on(DescribeRouteTablesCommand, { Filters: [{ Name: 'vpc-id', Values: ['vpc-1'] }] }).resolves({ RouteTables });
};
const look = () => networkAround(client, 'vpc-1', state());

beforeEach(() => {
  api.reset();
  api.on(DescribeVpcAttributeCommand, { VpcId: 'vpc-1', Attribute: 'enableDnsSupport' }).resolves({ EnableDnsSupport: { Value: true } });
  api
    .on(DescribeVpcAttributeCommand, { VpcId: 'vpc-1', Attribute: 'enableDnsHostnames' })
    .resolves({ EnableDnsHostnames: { Value: false } });
  routes(main(OUT));
  rules();
});

describe('the network of a cluster', () => {
  it('has both DNS switches of the VPC', async () => {
    await expect(look()).resolves.toMatchObject({ dnsSupport: true, dnsHostnames: false });
  });

  it.each([
    ['the main table leads out', [main(OUT)], []],
    ['the main table leads nowhere', [main()], ['subnet-a', 'subnet-b']],
    ['one subnet has a table of its own', [main(OUT), tableOf('subnet-b')], ['subnet-b']],
    ['the way out is a NAT gateway', [main({ ...OUT, GatewayId: undefined, NatGatewayId: 'nat-1' })], ['subnet-a', 'subnet-b']],
    ['the gateway is gone', [main({ ...OUT, State: 'blackhole' })], ['subnet-a', 'subnet-b']],
    ['there is no table', [], ['subnet-a', 'subnet-b']],
  ])('has the private subnets: %s', async (_, tables, expected) => {
    routes(...tables);
    await expect(look()).resolves.toMatchObject({ privateSubnets: expected });
  });

  const tcp = (FromPort: number, ToPort: number, ...nets: string[]): IpPermission => ({
    ...{ IpProtocol: 'tcp', FromPort, ToPort },
    IpRanges: nets.map((CidrIp) => ({ CidrIp })),
  });

  it.each<[string, IpPermission, boolean]>([
    ['any address at the port', tcp(5432, 5432, '0.0.0.0/0'), true],
    ['any address at a range around it', tcp(0, 65_535, '0.0.0.0/0'), true],
    ['half of the internet', tcp(5432, 5432, '10.0.0.0/8', '128.0.0.0/1'), true],
    ['any address of IPv6', { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, Ipv6Ranges: [{ CidrIpv6: '::/0' }] }, true],
    ['any protocol', { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }, true],
    ['another port', tcp(443, 443, '0.0.0.0/0'), false],
    ['private networks and single addresses', tcp(5432, 5432, '10.0.0.0/8', '172.16.0.0/12', '3.4.5.6/32'), false],
    ['another group', { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-2' }] }, false],
    ['pings', { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }, false],
  ])('has the security groups that are open to all: %s', async (_, rule, open) => {
    rules(rule);
    await expect(look()).resolves.toMatchObject({ openSecurityGroups: open ? ['sg-0application'] : [] });
  });

  it('is read without asking EC2 for security groups where none is attached', async () => {
    await networkAround(client, 'vpc-1', state({ securityGroups: [] }));
    expect(api.commandCalls(DescribeSecurityGroupsCommand)).toHaveLength(0);
  });
});

describe('the security group for PlanetScale', () => {
  it('is found by its name in its VPC', async () => {
    const Filters = [
      { Name: 'group-name', Values: ['Shop-until-cleanup'] },
      { Name: 'vpc-id', Values: ['vpc-1'] },
    ];
    api.on(DescribeSecurityGroupsCommand, { Filters }).resolves({ SecurityGroups: [{ GroupId: 'sg-7' }] });
    await expect(securityGroupNamed(client, 'Shop-until-cleanup', 'vpc-1')).resolves.toBe('sg-7');
  });

  it('is looked up by its id, if it exists (#9.15)', async () => {
    const query = (id: string) => ({ Filters: [{ Name: 'group-id', Values: [id] }] });
    api
      .on(DescribeSecurityGroupsCommand, query('sg-7'))
      .resolves({ SecurityGroups: [{ GroupId: 'sg-7', GroupName: 'Shop-until-cleanup' }] });
    await expect(securityGroupName(client, 'sg-7')).resolves.toBe('Shop-until-cleanup');
    api.on(DescribeSecurityGroupsCommand, query('sg-8')).resolves({ SecurityGroups: [] });
    await expect(securityGroupName(client, 'sg-8')).resolves.toBeUndefined();
  });

  it('is named where it is missing', async () => {
    api.on(DescribeSecurityGroupsCommand).resolves({ SecurityGroups: [] });
    await expect(securityGroupNamed(client, 'Shop-until-cleanup', 'vpc-1')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('knows no security group Shop-until-cleanup in vpc-1'),
    });
  });
});

describe('a fault of EC2', () => {
  it.each([
    ['UnauthorizedOperation', 'InvalidConfiguration', /AWS denied ec2:DescribeRouteTables on vpc-1/],
    ['RequestLimitExceeded', 'TransientError', /ec2:DescribeRouteTables on vpc-1 failed for the moment/],
    ['InvalidVpcID.NotFound', 'InvalidConfiguration', /knows no vpc-1/],
    ['InvalidParameterValue', 'ClusterNotConfigurable', /EC2 refused ec2:DescribeRouteTables/],
  ])('%s becomes %s', async (name, ours, message) => {
    api.on(DescribeRouteTablesCommand).rejects(Object.assign(new Error('no'), { name }));
    await expect(look()).rejects.toMatchObject({ name: ours, message: expect.stringMatching(message) });
  });
});
