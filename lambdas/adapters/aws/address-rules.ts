/** Rules of our own security group for PlanetScale's addresses, made at run time and marked by their description. */
import {
  AuthorizeSecurityGroupIngressCommand,
  type EC2Client,
  paginateDescribeSecurityGroupRules,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import { ClusterNotConfigurable } from '../../config/errors.ts';
import { ruleDescriptionOf } from '../../config/names.ts';
import type { AllowedAddress, Cluster } from '../../ports/cluster.ts';
import { calling } from './rds-call.ts';
import { findSecurityGroup } from './vpc.ts';

/** The group, and what its rules are for. */
export interface AddressGroup {
  /** Name of the group. */
  readonly name: string;
  readonly vpc: string;
  readonly port: number;
  /** Name of the stack, by which rules are marked. */
  readonly stack: string;
}

const ANY_PROTOCOL = '-1';

/** @param group read on demand; undefined where there is none */
export function addressRules(client: EC2Client, group: () => AddressGroup | undefined): Pick<Cluster, 'allowed' | 'allow' | 'disallow'> {
  return {
    async allowed() {
      const known = group();
      const id = known && (await findSecurityGroup(client, known.name, known.vpc));
      return known && id !== undefined ? (await rulesOf(client, id)).flatMap((rule) => allowedBy(rule, known)) : undefined;
    },
    async allow(addresses) {
      const known = group();
      const id = known && (await findSecurityGroup(client, known.name, known.vpc));
      if (!known || id === undefined || addresses.length === 0) return;
      // All of them or none; but where one is there already, the others are not made, either.
      if (await authorize(client, id, known, addresses)) return;
      for (const address of addresses) await authorize(client, id, known, [address]);
    },
    async disallow(addresses) {
      const known = group();
      const id = known && (await findSecurityGroup(client, known.name, known.vpc));
      if (!known || id === undefined) return;
      for (const rule of await rulesOf(client, id)) {
        const goes = allowedBy(rule, known).some(({ address, isOurs }) => isOurs && addresses.includes(address));
        if (goes && rule.SecurityGroupRuleId !== undefined) await revoke(client, id, rule.SecurityGroupRuleId);
      }
    },
  };
}

async function rulesOf(client: EC2Client, id: string): Promise<SecurityGroupRule[]> {
  const rules: SecurityGroupRule[] = [];
  await calling({ action: 'ec2:DescribeSecurityGroupRules', resource: id }, async () => {
    const Filters = [{ Name: 'group-id', Values: [id] }];
    for await (const page of paginateDescribeSecurityGroupRules({ client }, { Filters })) rules.push(...(page.SecurityGroupRules ?? []));
  });
  return rules.filter(({ GroupId, IsEgress }) => GroupId === id && IsEgress !== true);
}

/** The address that a rule lets in at the port; ours whatever their port, since a deployment may have changed it. */
function allowedBy(rule: SecurityGroupRule, { port, stack }: AddressGroup): AllowedAddress[] {
  const { CidrIpv4: address, IpProtocol, FromPort = 0, ToPort = 0, Description } = rule;
  if (address === undefined) return [];
  const isOurs = Description === ruleDescriptionOf(stack);
  const covers = IpProtocol === ANY_PROTOCOL || (IpProtocol === 'tcp' && FromPort <= port && port <= ToPort);
  return isOurs || covers ? [{ address, isOurs }] : [];
}

/** @returns false where one of them is let in already, and then none was added */
async function authorize(client: EC2Client, id: string, { port, stack }: AddressGroup, addresses: readonly string[]): Promise<boolean> {
  const IpRanges = addresses.map((CidrIp) => ({ CidrIp, Description: ruleDescriptionOf(stack) }));
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges }];
  return calling({ action: 'ec2:AuthorizeSecurityGroupIngress', resource: id }, async () => {
    try {
      await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }));
      return true;
    } catch (error) {
      const { name } = error as Error;
      if (name === 'InvalidPermission.Duplicate') return false;
      if (name === 'RulesPerSecurityGroupLimitExceeded') throw tooMany(id, addresses.length);
      throw error;
    }
  });
}

const tooMany = (id: string, count: number): ClusterNotConfigurable =>
  new ClusterNotConfigurable(
    `PlanetScale connects from ${count} addresses that are not let in yet, more than the security group ${id} has room for: an account allows a group ` +
      '60 rules by default. None of them was let in. Raise the quota "Inbound or outbound rules per security group" of Amazon VPC (Service Quotas), ' +
      'then start again.',
  );

async function revoke(client: EC2Client, id: string, rule: string): Promise<void> {
  await calling({ action: 'ec2:RevokeSecurityGroupIngress', resource: id }, async () => {
    try {
      await client.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, SecurityGroupRuleIds: [rule] }));
    } catch (error) {
      if (!/^(InvalidPermission|InvalidSecurityGroupRuleId)\.NotFound$/.test((error as Error).name)) throw error;
    }
  });
}
