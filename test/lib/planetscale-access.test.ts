import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { MACHINE_NAMES } from '../../lambdas/engine/machines.ts';
import { BEHIND, CONTEXT, type Synthesized, synthesized, TOKEN } from '../support/synthesized.ts';

const EGRESS = '3.64.1.2,3.64.1.16/28';
const listed = synthesized({ planetscaleEgress: EGRESS, clusterPort: '6000' });
const plain = synthesized();
const closed = synthesized({ access: 'own' });
const former = synthesized({ publicAccess: 'false' });
const open = synthesized({ allowAnyAddress: 'true' });

/** Properties of the security groups that the cluster is to carry. */
const groupsOf = (stack: Synthesized) =>
  Object.values(stack.template.findResources('AWS::EC2::SecurityGroup'))
    .map(({ Properties }) => Properties)
    .filter(({ GroupName }) => GroupName !== undefined);
const letIn = (stack: Synthesized): unknown[] =>
  groupsOf(stack).flatMap(({ SecurityGroupIngress = [] }) =>
    SecurityGroupIngress.map(({ CidrIp, FromPort, ToPort, IpProtocol }: Record<string, unknown>) => [CidrIp, IpProtocol, FromPort, ToPort]),
  );

describe('the security group for PlanetScale', () => {
  it("admits the listed addresses at the cluster's port, and nothing else", () => {
    expect(letIn(listed)).toEqual([
      ['3.64.1.2/32', 'tcp', 6000, 6000],
      ['3.64.1.16/28', 'tcp', 6000, 6000],
    ]);
    expect(groupsOf(listed)).toEqual([expect.objectContaining({ VpcId: CONTEXT.vpcId, GroupName: 'AuroraToPlanetScale-until-cleanup' })]);
  });

  it('admits no address without a list, and all addresses only by a setting of its own', () => {
    expect(groupsOf(plain)).toHaveLength(1);
    expect(letIn(plain)).toEqual([]);
    expect(letIn(open)).toEqual([['0.0.0.0/0', 'tcp', 5432, 5432]]);
    for (const stack of [listed, plain, closed]) {
      const rules = JSON.stringify([letIn(stack), stack.template.findResources('AWS::EC2::SecurityGroupIngress')]);
      expect(rules).not.toMatch(/0\.0\.0\.0|::\/0/);
    }
  });

  it('comes with a warning where the cluster becomes public without it', () => {
    expect(plain.warnings).toEqual([expect.stringContaining('planetscaleEgress names no address')]);
    for (const stack of [listed, closed, open]) expect(stack.warnings).toEqual([]);
  });

  it('comes without that warning where a token finds the addresses', () => {
    expect(synthesized({ ...TOKEN }).warnings).toEqual([]);
    expect(synthesized({ ...TOKEN, ...BEHIND }).warnings).toEqual([]);
    expect(synthesized({ ...BEHIND }).warnings).toEqual([expect.stringContaining('The load balancer is there, but')]);
  });

  it('is absent where the former setting says so, with a word about its new name', () => {
    expect(groupsOf(former)).toEqual([]);
    expect(former.warnings).toEqual([expect.stringContaining('give access "own" in place of publicAccess false')]);
  });

  it('is absent where PlanetScale is not let in', () => {
    expect(groupsOf(closed)).toEqual([]);
    expect(closed.functionOf('ConfigureSource').Environment.Variables).not.toHaveProperty('SECURITY_GROUP');
  });

  it('is attached by ConfigureSource, which finds it by its name, and not by the stack', () => {
    expect(listed.functionOf('ConfigureSource').Environment.Variables).toMatchObject({
      SECURITY_GROUP: 'AuroraToPlanetScale-until-cleanup',
      PUBLIC_ACCESS: 'listed',
      VPC_ID: CONTEXT.vpcId,
    });
    expect(open.functionOf('ConfigureSource').Environment.Variables).toMatchObject({ PUBLIC_ACCESS: 'anyone' });
    expect(closed.functionOf('ConfigureSource').Environment.Variables).toMatchObject({ PUBLIC_ACCESS: 'none' });
    expect(Object.keys(listed.template.findResources('AWS::RDS::DBCluster'))).toEqual([]);
    expect(Object.keys(listed.template.findResources('AWS::RDS::DBInstance'))).toEqual([]);
  });
});

describe('the resources that the cluster uses', () => {
  /** Logical ids of what goes only after it. */
  const heldBy = (stack: Synthesized, type: string): string[] =>
    Object.values(stack.template.findResources(type)).flatMap(({ DependsOn, Properties }) =>
      type !== 'AWS::EC2::SecurityGroup' || Properties.GroupName ? [DependsOn].flat() : [],
    );
  const needed = (stack: Synthesized): string[] => [
    ...MACHINE_NAMES.map((name) => stack.idOf(`Migration/${name}/Machine/Resource`)),
    ...['DropReplication', 'RestoreSource'].flatMap((step) => [
      stack.idOf(`Migration/${step}/Function/Resource`),
      stack.idOf(`Migration/${step}/Role/DefaultPolicy/Resource`),
    ]),
    ...Object.keys(stack.template.findResources('AWS::EC2::SecurityGroupIngress')),
    ...Object.keys(stack.template.findResources('AWS::Events::Rule')),
  ];

  it.each([
    ['AWS::RDS::DBClusterParameterGroup', listed],
    ['AWS::RDS::DBClusterParameterGroup', closed],
    ['AWS::EC2::SecurityGroup', listed],
  ])('are deleted first when the stack is destroyed (%s), so that Cleanup remains while AWS refuses', (type, stack) => {
    expect(heldBy(stack, type)).toEqual(expect.arrayContaining(needed(stack)));
  });

  it('are deleted from RDS first, as EC2 takes minutes to refuse', () => {
    const [access] = groupsOf(listed).map(() => listed.idOf('PlanetScaleAccess/SecurityGroup/Resource'));
    expect(heldBy(listed, 'AWS::RDS::DBClusterParameterGroup')).toContain(access);
  });

  it('name the required Cleanup in their name, their description and an output', () => {
    listed.template.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      DBClusterParameterGroupName: 'auroratoplanetscale-until-cleanup-aurora-postgresql15',
      Description: Match.stringLikeRegexp('Cleanup detaches it, before the stack goes'),
    });
    listed.template.hasOutput('BeforeDestroy', { Value: Match.anyValue() });
    expect(JSON.stringify(listed.template.findOutputs('BeforeDestroy'))).toMatch(/Start .*Cleanup.* and let it end/);
  });

  it("have names that RDS accepts, whatever the stack's name", () => {
    const { template } = synthesized({ stackName: 'Shop--Main-', engineVersion: '13.20' });
    template.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      DBClusterParameterGroupName: 'shop-main-until-cleanup-aurora-postgresql13',
    });
  });
});

describe("the AwsSolutions rules of PlanetScale's access", () => {
  it.each([{ planetscaleEgress: EGRESS }, { allowAnyAddress: 'true' }, { access: 'own' }, { clusterInstances: 'writer-1' }])(
    'pass with %j',
    (context) => {
      expect(() => synthesized(context, true)).not.toThrow();
    },
  );
});
