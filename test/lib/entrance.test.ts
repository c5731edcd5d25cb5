import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { MACHINE_NAMES } from '../../lambdas/engine/machines.ts';
import { needsOf, STEP_NAMES } from '../../lambdas/steps/index.ts';
import { BEHIND, CONTEXT, synthesized, TOKEN } from '../support/synthesized.ts';

const EGRESS = '3.64.1.2,3.64.1.16/28';
const behind = synthesized({ ...BEHIND, planetscaleEgress: EGRESS, clusterPort: '6000' });
const others = [synthesized({ planetscaleEgress: EGRESS }), synthesized({ access: 'own' })];
const { template, idOf } = behind;

const balancer = { Ref: idOf('Entrance/LoadBalancer/Resource') };
const targetGroup = { Ref: idOf('Entrance/Writer/Resource') };
const group = { 'Fn::GetAtt': [idOf('EntranceAccess/SecurityGroup/Resource'), 'GroupId'] };
const host = { 'Fn::GetAtt': [idOf('Entrance/LoadBalancer/Resource'), 'DNSName'] };
const follow = { 'Fn::GetAtt': [idOf('Follower/Follow/Function/Resource'), 'Arn'] };

describe('the load balancer', () => {
  it('stands in the public subnets, reaches every zone, and goes with the stack', () => {
    template.hasResource('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      DeletionPolicy: Match.absent(),
      Properties: {
        Type: 'network',
        Scheme: 'internet-facing',
        Subnets: BEHIND.publicSubnetIds.split(','),
        SecurityGroups: [group],
        LoadBalancerAttributes: Match.arrayWith([
          { Key: 'deletion_protection.enabled', Value: 'false' },
          { Key: 'load_balancing.cross_zone.enabled', Value: 'true' },
        ]),
      },
    });
  });

  it("lets PlanetScale's addresses in at the cluster's port, and leads to nothing but the cluster", () => {
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupName: 'AuroraToPlanetScale-entrance',
      VpcId: CONTEXT.vpcId,
      SecurityGroupIngress: [
        Match.objectLike({ CidrIp: '3.64.1.2/32', IpProtocol: 'tcp', FromPort: 6000, ToPort: 6000 }),
        Match.objectLike({ CidrIp: '3.64.1.16/28', IpProtocol: 'tcp', FromPort: 6000, ToPort: 6000 }),
      ],
    });
    const out = Object.values(template.findResources('AWS::EC2::SecurityGroupEgress'))
      .map(({ Properties }) => Properties)
      .filter(({ GroupId }) => JSON.stringify(GroupId) === JSON.stringify(group));
    expect(out).toEqual([
      expect.objectContaining({
        DestinationSecurityGroupId: CONTEXT.clusterSecurityGroupId,
        IpProtocol: 'tcp',
        FromPort: 6000,
        ToPort: 6000,
      }),
    ]);
    const own = Object.values(template.findResources('AWS::EC2::SecurityGroup')).find(({ Properties }) => Properties.GroupName);
    expect(own?.Properties.SecurityGroupEgress ?? []).toEqual([]);
  });

  it('is let in to the cluster by a rule in its own group', () => {
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: CONTEXT.clusterSecurityGroupId,
      SourceSecurityGroupId: group,
      IpProtocol: 'tcp',
      FromPort: 6000,
      ToPort: 6000,
    });
  });

  it('passes TCP on to addresses, tries them, and ends the connections of one that is left', () => {
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      LoadBalancerArn: balancer,
      Port: 6000,
      Protocol: 'TCP',
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroup }],
      ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '6000' }],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      TargetType: 'ip',
      Protocol: 'TCP',
      Port: 6000,
      Targets: Match.absent(),
      HealthCheckProtocol: 'TCP',
      HealthCheckIntervalSeconds: 10,
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'deregistration_delay.timeout_seconds', Value: '0' },
        { Key: 'preserve_client_ip.enabled', Value: 'false' },
        { Key: 'deregistration_delay.connection_termination.enabled', Value: 'true' },
      ]),
    });
  });

  it('is not there where the cluster is public or PlanetScale takes a way of its own', () => {
    for (const { template: other } of others) {
      for (const type of ['LoadBalancer', 'Listener', 'TargetGroup']) other.resourceCountIs(`AWS::ElasticLoadBalancingV2::${type}`, 0);
      expect(JSON.stringify(other.findResources('AWS::Lambda::Function'))).not.toMatch(/ENTRANCE_HOST|handler\.follow/);
      expect(Object.keys(other.findOutputs('*'))).not.toContain('EntranceHost');
    }
  });

  it('is told of in an output', () => {
    expect(template.findOutputs('EntranceHost')).toMatchObject({ EntranceHost: { Value: host } });
  });
});

describe('the cluster behind the load balancer', () => {
  it('stays private: nothing of it is made public, and no group of ours is attached to it', () => {
    const { Variables } = behind.functionOf('ConfigureSource').Environment;
    expect(Variables).toMatchObject({ PUBLIC_ACCESS: 'none' });
    expect(Variables).not.toHaveProperty('SECURITY_GROUP');
    const actions = behind.rightsOf('ConfigureSource').flatMap((right) => right.actions);
    expect(actions).not.toContain('rds:ModifyDBInstance');
  });

  it('is known to PlanetScale by the name of the load balancer, and to the functions by its own', () => {
    for (const step of STEP_NAMES) {
      const { Variables } = behind.functionOf(step).Environment;
      const streams = needsOf(step).some((need) => ['replication', 'comparison', 'partCopy'].includes(need));
      expect([step, Variables.ENTRANCE_HOST]).toEqual([step, streams ? host : undefined]);
      if (streams) expect(Variables).toMatchObject({ CLUSTER_PORT: '6000', CLUSTER_IDENTIFIER: CONTEXT.clusterIdentifier });
    }
  });

  it('keeps its parameter group until everything else is still there', () => {
    const [{ DependsOn } = { DependsOn: [] }] = Object.values(template.findResources('AWS::RDS::DBClusterParameterGroup'));
    expect(DependsOn).toEqual(
      expect.arrayContaining([
        ...MACHINE_NAMES.map((name) => idOf(`Migration/${name}/Machine/Resource`)),
        ...Object.keys(template.findResources('AWS::Events::Rule')),
      ]),
    );
  });
});

describe('the function that follows the writer', () => {
  it('stands in the network of the functions, from the common bundle', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'handler.follow',
      Code: behind.functionOf('CheckReadiness').Code,
      VpcConfig: behind.functionOf('CheckReadiness').VpcConfig,
      Environment: { Variables: Match.objectLike({ CLUSTER_IDENTIFIER: CONTEXT.clusterIdentifier, TARGET_GROUP_ARN: targetGroup }) },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });

  it('is called each minute, and when RDS says that the cluster or an instance of it fails over', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      Targets: [Match.objectLike({ Arn: follow })],
    });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.rds'],
        'detail-type': ['RDS DB Cluster Event', 'RDS DB Instance Event'],
        resources: [
          'arn:aws:rds:eu-central-1:111122223333:cluster:shop-production',
          { prefix: 'arn:aws:rds:eu-central-1:111122223333:db:shop-production' },
        ],
        detail: { EventCategories: ['failover'] },
      },
      Targets: [Match.objectLike({ Arn: follow })],
    });
  });

  it('may change the targets of this load balancer, and read the address of the cluster, and nothing else', () => {
    const { PolicyDocument } = template.toJSON().Resources[idOf('Follower/Follow/Role/DefaultPolicy/Resource')].Properties;
    const rights = (PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[]).flatMap(({ Action, Resource }) =>
      [Action].flat().map((action) => [action, Resource] as const),
    );
    expect(Object.fromEntries(rights.filter(([action]) => !/^logs:|NetworkInterface/.test(action)))).toEqual({
      'rds:DescribeDBClusters': 'arn:aws:rds:eu-central-1:111122223333:cluster:shop-production',
      'elasticloadbalancing:RegisterTargets': targetGroup,
      'elasticloadbalancing:DeregisterTargets': targetGroup,
      'elasticloadbalancing:DescribeTargetHealth': '*',
    });
  });
});

describe('the alarms of the load balancer', () => {
  it('go off where no target is healthy, and where the writer cannot be followed', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'AuroraToPlanetScale-EntranceUnhealthy',
      Namespace: 'AWS/NetworkELB',
      MetricName: 'HealthyHostCount',
      Statistic: 'Maximum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Dimensions: Match.arrayWith([Match.objectLike({ Name: 'LoadBalancer' }), Match.objectLike({ Name: 'TargetGroup' })]),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'AuroraToPlanetScale-EntranceBlind',
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: idOf('Follower/Follow/Function/Resource') } }],
    });
  });
});

describe('the AwsSolutions rules of the load balancer', () => {
  it.each([{ planetscaleEgress: EGRESS }, { allowAnyAddress: 'true' }, TOKEN])('pass with %j', (context) => {
    expect(() => synthesized({ ...BEHIND, ...context }, true)).not.toThrow();
  });

  it('pass with a token and a public cluster', () => {
    expect(() => synthesized(TOKEN, true)).not.toThrow();
  });
});
