/** The network around a cluster, over the read-only part of the EC2 API. */
import {
  DescribeVpcAttributeCommand,
  type EC2Client,
  type IpPermission,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  type RouteTable,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import type { ClusterState, Network } from '../../ports/cluster.ts';
import { calling, notFound } from './rds-call.ts';

/** A wider network holds millions of public addresses; 10.0.0.0/8 is the widest private one. */
const WIDEST_PREFIX = 8;
const ANY_PROTOCOL = '-1';

/** @throws InvalidConfiguration where there is no security group of this name */
export async function securityGroupNamed(client: EC2Client, name: string, vpc: string): Promise<string> {
  const found = await findSecurityGroup(client, name, vpc);
  if (found !== undefined) return found;
  throw notFound(`security group ${name} in ${vpc}`);
}

/** Id of a group by its name; undefined where there is none. */
export async function findSecurityGroup(client: EC2Client, name: string, vpc: string): Promise<string | undefined> {
  const filters = [
    { Name: 'group-name', Values: [name] },
    { Name: 'vpc-id', Values: [vpc] },
  ];
  const [found] = await securityGroups(client, name, { Filters: filters });
  return found?.GroupId;
}

/** Name of a group by its id; undefined where there is none. A filter returns nothing where an unknown id would be an error. */
export async function securityGroupName(client: EC2Client, id: string): Promise<string | undefined> {
  const found = await securityGroups(client, id, { Filters: [{ Name: 'group-id', Values: [id] }] });
  return found.find(({ GroupId }) => GroupId === id)?.GroupName;
}

export async function networkAround(client: EC2Client, vpc: string, state: ClusterState): Promise<Network> {
  const tables = await routeTables(client, vpc);
  const attached = await securityGroups(client, state.securityGroups.join(', '), { GroupIds: [...state.securityGroups] });
  return {
    dnsSupport: await attribute(client, vpc, 'enableDnsSupport'),
    dnsHostnames: await attribute(client, vpc, 'enableDnsHostnames'),
    privateSubnets: state.subnets.flatMap(({ id }) => (leadsOut(tableOf(id, tables)) ? [] : [id])),
    openSecurityGroups: attached.flatMap(({ GroupId: id, IpPermissions = [] }) =>
      id !== undefined && IpPermissions.some((rule) => opens(rule, state.port)) ? [id] : [],
    ),
  };
}

async function attribute(client: EC2Client, vpc: string, name: 'enableDnsSupport' | 'enableDnsHostnames'): Promise<boolean> {
  const answer = await calling({ action: 'ec2:DescribeVpcAttribute', resource: vpc }, () =>
    client.send(new DescribeVpcAttributeCommand({ VpcId: vpc, Attribute: name })),
  );
  return (name === 'enableDnsSupport' ? answer.EnableDnsSupport : answer.EnableDnsHostnames)?.Value === true;
}

async function routeTables(client: EC2Client, vpc: string): Promise<RouteTable[]> {
  const tables: RouteTable[] = [];
  await calling({ action: 'ec2:DescribeRouteTables', resource: vpc }, async () => {
    for await (const page of paginateDescribeRouteTables({ client }, { Filters: [{ Name: 'vpc-id', Values: [vpc] }] }))
      tables.push(...(page.RouteTables ?? []));
  });
  return tables;
}

type Selection = Omit<Parameters<typeof paginateDescribeSecurityGroups>[1], 'NextToken' | 'MaxResults'>;

async function securityGroups(client: EC2Client, resource: string, selection: Selection): Promise<SecurityGroup[]> {
  if (selection.GroupIds?.length === 0) return []; // EC2 takes an empty list for all groups
  const groups: SecurityGroup[] = [];
  await calling({ action: 'ec2:DescribeSecurityGroups', resource }, async () => {
    for await (const page of paginateDescribeSecurityGroups({ client }, selection)) groups.push(...(page.SecurityGroups ?? []));
  });
  return groups;
}

/** The route table of a subnet: its own, or the main one of its VPC. */
const tableOf = (subnet: string, tables: readonly RouteTable[]): RouteTable | undefined =>
  tables.find(({ Associations = [] }) => Associations.some(({ SubnetId }) => SubnetId === subnet)) ??
  tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main));

const leadsOut = (table: RouteTable | undefined): boolean =>
  (table?.Routes ?? []).some(
    ({ DestinationCidrBlock: to, GatewayId: by, State: state }) => to === '0.0.0.0/0' && by?.startsWith('igw-') && state !== 'blackhole',
  );

function opens({ IpProtocol, FromPort, ToPort, IpRanges = [], Ipv6Ranges = [] }: IpPermission, port: number): boolean {
  const covers = IpProtocol === ANY_PROTOCOL || (IpProtocol === 'tcp' && (FromPort ?? 0) <= port && port <= (ToPort ?? 0));
  const nets = [...IpRanges.map(({ CidrIp }) => CidrIp), ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6)];
  return covers && nets.some((net) => net !== undefined && Number(net.split('/')[1]) < WIDEST_PREFIX);
}
