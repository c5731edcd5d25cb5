import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { addressRules } from '../../../../lambdas/adapters/aws/address-rules.ts';
import { ruleDescriptionOf } from '../../../../lambdas/config/names.ts';

const api = mockClient(EC2Client);
const MARK = ruleDescriptionOf('Shop');
const group = { name: 'Shop-until-cleanup', vpc: 'vpc-1', port: 6000, stack: 'Shop' };
const rules = addressRules(new EC2Client({}), () => group);
const rule = (id: string, CidrIpv4: string | undefined, over: SecurityGroupRule = {}): SecurityGroupRule => ({
  SecurityGroupRuleId: id,
  GroupId: 'sg-1',
  IsEgress: false,
  IpProtocol: 'tcp',
  FromPort: 6000,
  ToPort: 6000,
  ...(CidrIpv4 !== undefined && { CidrIpv4 }),
  Description: MARK,
  ...over,
});
const has = (...SecurityGroupRules: SecurityGroupRule[]): void => {
  api.on(DescribeSecurityGroupRulesCommand, { Filters: [{ Name: 'group-id', Values: ['sg-1'] }] }).resolves({ SecurityGroupRules });
};
const failure = (name: string) => Object.assign(new Error('No.'), { name });
const authorized = () =>
  api
    .commandCalls(AuthorizeSecurityGroupIngressCommand)
    .map(({ args: [{ input }] }) => input.IpPermissions?.[0]?.IpRanges?.map(({ CidrIp }) => CidrIp));
const revoked = () => api.commandCalls(RevokeSecurityGroupIngressCommand).map(({ args: [{ input }] }) => input.SecurityGroupRuleIds);

beforeEach(() => {
  api.reset();
  api.on(DescribeSecurityGroupsCommand).resolves({ SecurityGroups: [{ GroupId: 'sg-1', GroupName: group.name }] });
  api.on(AuthorizeSecurityGroupIngressCommand).resolves({});
  api.on(RevokeSecurityGroupIngressCommand).resolves({});
  has();
});

describe('the addresses that are let in', () => {
  it('are ours by the mark, and others at the port of the cluster', async () => {
    has(
      rule('r-1', '3.64.1.2/32'),
      rule('r-2', '3.64.1.3/32', { FromPort: 5432, ToPort: 5432 }),
      rule('r-3', '3.64.1.4/32', { Description: 'PlanetScale' }),
      rule('r-4', '3.64.1.5/32', { Description: 'office', FromPort: 22, ToPort: 22 }),
      rule('r-5', '3.64.1.6/32', { Description: 'all', IpProtocol: '-1', FromPort: -1, ToPort: -1 }),
      rule('r-6', '3.64.1.7/32', { IsEgress: true }),
      rule('r-7', undefined, { CidrIpv6: '2001:db8::/32' }),
      rule('r-8', '3.64.1.8/32', { Description: ruleDescriptionOf('Other') }),
      rule('r-9', '3.64.1.9/32', { GroupId: 'sg-2' }),
    );
    expect(await rules.allowed()).toEqual([
      { address: '3.64.1.2/32', isOurs: true },
      { address: '3.64.1.3/32', isOurs: true },
      { address: '3.64.1.4/32', isOurs: false },
      { address: '3.64.1.6/32', isOurs: false },
      { address: '3.64.1.8/32', isOurs: false },
    ]);
  });

  it('are not known where no group is for them, or where it is gone', async () => {
    expect(await addressRules(new EC2Client({}), () => undefined).allowed()).toBeUndefined();
    api.on(DescribeSecurityGroupsCommand).resolves({ SecurityGroups: [] });
    expect(await rules.allowed()).toBeUndefined();
    await rules.allow(['3.64.1.2/32']);
    await rules.disallow(['3.64.1.2/32']);
    expect([...authorized(), ...revoked()]).toEqual([]);
  });
});

describe('letting addresses in', () => {
  it('makes all rules in one call, each with the mark', async () => {
    await rules.allow(['3.64.1.2/32', '3.64.1.16/28']);
    expect(api.commandCalls(AuthorizeSecurityGroupIngressCommand).map(({ args: [{ input }] }) => input)).toEqual([
      {
        GroupId: 'sg-1',
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 6000,
            ToPort: 6000,
            IpRanges: [
              { CidrIp: '3.64.1.2/32', Description: MARK },
              { CidrIp: '3.64.1.16/28', Description: MARK },
            ],
          },
        ],
      },
    ]);
    expect(MARK).toMatch(/^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/); // what EC2 takes
  });

  it('makes those that are not there yet where another call was faster', async () => {
    api.on(AuthorizeSecurityGroupIngressCommand).callsFake(({ IpPermissions: [{ IpRanges }] }) => {
      if (IpRanges.some(({ CidrIp }: { CidrIp: string }) => CidrIp === '3.64.1.2/32')) throw failure('InvalidPermission.Duplicate');
      return {};
    });
    await rules.allow(['3.64.1.2/32', '3.64.1.3/32']);
    expect(authorized()).toEqual([['3.64.1.2/32', '3.64.1.3/32'], ['3.64.1.2/32'], ['3.64.1.3/32']]);
  });

  it('says so where the group has no room for them, and is not tried again', async () => {
    api.on(AuthorizeSecurityGroupIngressCommand).rejects(failure('RulesPerSecurityGroupLimitExceeded'));
    await expect(rules.allow(Array.from({ length: 70 }, (_, number) => `3.64.1.${number}/32`))).rejects.toMatchObject({
      name: 'ClusterNotConfigurable',
      message: expect.stringMatching(/70 addresses.*sg-1.*None of them was let in.*quota/),
    });
  });

  it.each([
    ['Client.RequestLimitExceeded', 'TransientError'],
    ['UnauthorizedOperation', 'InvalidConfiguration'],
  ])('fails as %s says', async (name, ours) => {
    api.on(AuthorizeSecurityGroupIngressCommand).rejects(failure(name));
    await expect(rules.allow(['3.64.1.2/32'])).rejects.toMatchObject({ name: ours });
  });
});

describe('shutting addresses out', () => {
  it('takes away our rules for them, and no others', async () => {
    has(
      rule('r-1', '3.64.1.2/32'),
      rule('r-2', '3.64.1.2/32', { FromPort: 5432, ToPort: 5432 }),
      rule('r-3', '3.64.1.3/32'),
      rule('r-4', '3.64.1.2/32', { Description: 'PlanetScale' }),
    );
    await rules.disallow(['3.64.1.2/32']);
    expect(revoked()).toEqual([['r-1'], ['r-2']]);
  });

  it.each(['InvalidPermission.NotFound', 'InvalidSecurityGroupRuleId.NotFound'])(
    'passes where a rule is gone already (%s)',
    async (name) => {
      has(rule('r-1', '3.64.1.2/32'), rule('r-2', '3.64.1.3/32'));
      api.on(RevokeSecurityGroupIngressCommand).rejectsOnce(failure(name)).resolves({});
      await rules.disallow(['3.64.1.2/32', '3.64.1.3/32']);
      expect(revoked()).toEqual([['r-1'], ['r-2']]);
    },
  );
});
