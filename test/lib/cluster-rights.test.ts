import { describe, expect, it } from 'vitest';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { needsOf, STEP_NAMES } from '../../lambdas/steps/index.ts';
import { BEHIND, CONTEXT, type Synthesized, synthesized, TOKEN, whoMay } from '../support/synthesized.ts';

const stack = synthesized();
const named = synthesized({ clusterInstances: 'writer-1,writer-2', stackName: 'Other', access: 'own' });
const told = synthesized({ ...TOKEN });
const behind = synthesized({ ...TOKEN, ...BEHIND });

const rds = (kind: string, name: string): string => `arn:aws:rds:eu-central-1:111122223333:${kind}:${name}`;
const CLUSTER = rds('cluster', 'shop-production');
const INSTANCES = rds('db', 'shop-production*');
const GROUP = rds('cluster-pg', 'auroratoplanetscale-until-cleanup-aurora-postgresql15');
const resourcesOf = (step: StepName, action: string, of = stack): unknown[] =>
  of
    .rightsOf(step)
    .filter(({ actions }) => actions.includes(action))
    .flatMap(({ resources }) => resources);

/** Statements of all policies that allow an action, with their conditions. */
const statementsOf = (of: Synthesized, action: string) =>
  Object.values(of.template.findResources('AWS::IAM::Policy'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Action }) => [Action].flat().includes(action));

describe('the right to modify the cluster', () => {
  it("is ConfigureSource's, to the group of the migration only, and RestoreSource's, to any group", () => {
    expect(whoMay(stack, 'rds:ModifyDBCluster')).toEqual(['ConfigureSource', 'RestoreSource']);
    expect(resourcesOf('ConfigureSource', 'rds:ModifyDBCluster')).toEqual([GROUP, CLUSTER]);
    expect(resourcesOf('RestoreSource', 'rds:ModifyDBCluster')).toEqual([rds('cluster-pg', '*'), CLUSTER]);
  });

  it("is ConfigureSource's alone for parameters, in the group of the stack only", () => {
    expect(whoMay(stack, 'rds:ModifyDBClusterParameterGroup')).toEqual(['ConfigureSource']);
    expect(resourcesOf('ConfigureSource', 'rds:ModifyDBClusterParameterGroup')).toEqual([GROUP]);
    const [group] = Object.values(stack.template.findResources('AWS::RDS::DBClusterParameterGroup'));
    expect(GROUP).toBe(rds('cluster-pg', group?.Properties.DBClusterParameterGroupName));
  });

  it("is ConfigureSource's and RestoreSource's for instances, of this cluster only", () => {
    expect(whoMay(stack, 'rds:ModifyDBInstance')).toEqual(['ConfigureSource', 'RestoreSource']);
    for (const step of ['ConfigureSource', 'RestoreSource'] as const)
      expect(resourcesOf(step, 'rds:ModifyDBInstance')).toEqual([INSTANCES]);
    expect(resourcesOf('RestoreSource', 'rds:ModifyDBInstance', named)).toEqual([rds('db', 'writer-1'), rds('db', 'writer-2')]);
  });

  it('excludes instances for ConfigureSource where no public access is wanted', () => {
    expect(whoMay(named, 'rds:ModifyDBInstance')).toEqual(['RestoreSource']);
  });

  it("is RebootSource's alone for reboots, of instances of this cluster only", () => {
    expect(whoMay(stack, 'rds:RebootDBInstance')).toEqual(['RebootSource']);
    expect(resourcesOf('RebootSource', 'rds:RebootDBInstance')).toEqual([INSTANCES]);
    expect(resourcesOf('RebootSource', 'rds:RebootDBInstance', named)).toEqual([rds('db', 'writer-1'), rds('db', 'writer-2')]);
  });
});

describe('the right to the journal', () => {
  it('lets RestoreSource read the groups that the journal names, and not modify them (#9.15)', () => {
    for (const action of ['rds:DescribeDBClusterParameters', 'rds:DescribeDBClusterParameterGroups'])
      expect(resourcesOf('RestoreSource', action)).toEqual([rds('cluster-pg', '*')]);
    expect(whoMay(stack, 'rds:DescribeDBClusterParameterGroups')).toEqual(['RestoreSource']);
  });

  it('lets ConfigureSource write it, RestoreSource remove it and both read it, on the cluster and its instances', () => {
    expect(whoMay(stack, 'rds:ListTagsForResource')).toEqual(['ConfigureSource', 'RestoreSource']);
    expect(whoMay(stack, 'rds:AddTagsToResource')).toEqual(['ConfigureSource']);
    expect(whoMay(stack, 'rds:RemoveTagsFromResource')).toEqual(['RestoreSource']);
    for (const [step, action] of [
      ['ConfigureSource', 'rds:ListTagsForResource'],
      ['ConfigureSource', 'rds:AddTagsToResource'],
      ['RestoreSource', 'rds:RemoveTagsFromResource'],
    ] as const)
      expect(resourcesOf(step, action)).toEqual([CLUSTER, INSTANCES]);
  });

  it.each([
    ['AuroraToPlanetScale', stack],
    ['Other', named],
  ])('for the stack %s excludes every other tag, of the user and of another stack', (name, of) => {
    for (const action of ['rds:AddTagsToResource', 'rds:RemoveTagsFromResource']) {
      const [statement, ...others] = statementsOf(of, action);
      expect(others).toEqual([]);
      expect(statement.Condition).toEqual({
        'ForAllValues:StringLike': { 'aws:TagKeys': [`planetscale-migration:${name}:*`] },
        Null: { 'aws:TagKeys': 'false' },
      });
    }
  });

  it("is limited to the key of the stack's name", () => {
    for (const step of ['ConfigureSource', 'RestoreSource'] as const)
      expect(named.functionOf(step).Environment.Variables.STACK_NAME).toBe('Other');
  });
});

describe('the right to the network', () => {
  const LOOKS = ['ec2:DescribeSecurityGroups', 'ec2:DescribeRouteTables', 'ec2:DescribeVpcAttribute'];

  it('is to read for ConfigureSource, security groups for RestoreSource too (#9.15)', () => {
    const [groups = '', ...others] = LOOKS;
    expect(whoMay(stack, groups)).toEqual(['ConfigureSource', 'RestoreSource']);
    for (const action of others) expect(whoMay(stack, action)).toEqual(['ConfigureSource']);
    expect(resourcesOf('ConfigureSource', 'ec2:DescribeVpcAttribute')).toEqual([`arn:aws:ec2:eu-central-1:*:vpc/${CONTEXT.vpcId}`]);
  });

  const changing = (of: Synthesized) => {
    const all = STEP_NAMES.flatMap((step) => of.rightsOf(step).flatMap(({ actions }) => actions.map((action) => `${step} ${action}`)));
    return all.filter((one) => / ec2:(?!Describe)/.test(one) && !one.includes('NetworkInterface'));
  };

  it('is to change nothing but rules of our own group: with a token for ConfigureSource, and to take them away for RestoreSource', () => {
    expect(changing(stack)).toEqual(['RestoreSource ec2:RevokeSecurityGroupIngress']);
    expect(changing(named)).toEqual([]);
    for (const of of [told, behind])
      expect(changing(of).sort()).toEqual([
        'ConfigureSource ec2:AuthorizeSecurityGroupIngress',
        'ConfigureSource ec2:RevokeSecurityGroupIngress',
        'RestoreSource ec2:RevokeSecurityGroupIngress',
      ]);
    expect(changing(synthesized({ ...TOKEN, allowAnyAddress: 'true' }))).toEqual(['RestoreSource ec2:RevokeSecurityGroupIngress']);
  });

  it.each([
    ['attached to the cluster', told],
    ["the load balancer's", behind],
  ])('knows our own group, %s, by the tag that the stack puts on it', (_whose, of) => {
    const statements = ['ec2:AuthorizeSecurityGroupIngress', 'ec2:RevokeSecurityGroupIngress'].flatMap((action) =>
      statementsOf(of, action),
    );
    expect(statements.length).toBeGreaterThan(1);
    for (const statement of statements) {
      expect(statement.Resource).toBe('arn:aws:ec2:eu-central-1:111122223333:security-group/*');
      expect(statement.Condition).toEqual({ StringEquals: { 'aws:ResourceTag/planetscale-migration:stack': 'AuroraToPlanetScale' } });
    }
    const tagged = Object.values(of.template.findResources('AWS::EC2::SecurityGroup')).filter(({ Properties }) => Properties.Tags);
    expect(tagged.map(({ Properties }) => Properties.Tags)).toEqual([
      [{ Key: 'planetscale-migration:stack', Value: 'AuroraToPlanetScale' }],
    ]);
    for (const step of ['ConfigureSource', 'RestoreSource'] as const)
      expect(of.functionOf(step).Environment.Variables).toMatchObject({
        ADDRESS_GROUP: tagged[0]?.Properties.GroupName,
        VPC_ID: CONTEXT.vpcId,
        CLUSTER_PORT: '5432',
      });
  });

  it('is absent where PlanetScale is not let in', () => {
    for (const action of LOOKS) expect(whoMay(named, action).filter((step) => step === 'ConfigureSource')).toEqual([]);
    for (const step of ['ConfigureSource', 'RestoreSource'] as const)
      expect(named.functionOf(step).Environment.Variables).not.toHaveProperty('ADDRESS_GROUP');
    expect(whoMay(behind, 'ec2:DescribeRouteTables')).toEqual([]);
  });
});

describe('the right to find access to the cluster past its writer (#9.8)', () => {
  it("is CheckCutover's alone, and read-only", () => {
    for (const action of ['rds:DescribeDBProxies', 'rds:DescribeDBProxyTargets', 'rds:DescribeGlobalClusters'])
      expect(whoMay(stack, action)).toEqual(['CheckCutover']);
    const actions = stack.rightsOf('CheckCutover').flatMap((right) => right.actions);
    expect(actions.filter((action) => /^rds:(?!Describe)/.test(action))).toEqual([]);
  });

  it('is limited to proxies of this account and region, and global databases of this account', () => {
    expect(resourcesOf('CheckCutover', 'rds:DescribeDBProxies')).toEqual([rds('db-proxy', '*')]);
    expect(resourcesOf('CheckCutover', 'rds:DescribeDBProxyTargets')).toEqual([
      rds('db-proxy', '*'),
      rds('target-group', '*'),
      rds('target', '*'),
    ]);
    expect(resourcesOf('CheckCutover', 'rds:DescribeGlobalClusters')).toEqual(['arn:aws:rds::111122223333:global-cluster:*']);
  });
});

it('a step that only reads the cluster has no right to modify it', () => {
  const lookers = STEP_NAMES.filter((step) => needsOf(step).includes('cluster'));
  expect(lookers).toContain('VerifyWalLevel');
  for (const step of lookers) {
    const actions = stack.rightsOf(step).flatMap((right) => right.actions);
    expect(actions.filter((action) => /^rds:(?!Describe)/.test(action))).toEqual([]);
  }
});
