import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { MACHINE_NAMES, MACHINES } from '../../lambdas/engine/machines.ts';
import { NAMESPACE, UNITS } from '../../lambdas/monitoring/metrics.ts';
import { ALARM_NAMES, ALARMS, anchorOf, needsEntrance } from '../../lib/alarms.ts';
import { BEHIND, CONTEXT, synthesized } from '../support/synthesized.ts';

const stack = synthesized();
const behind = synthesized({ ...BEHIND, planetscaleEgress: '3.64.1.2' });
/** Those that are there without a load balancer. */
const PLAIN_ALARMS = ALARM_NAMES.filter((name) => !needsEntrance(name));
const told = synthesized({ notificationEmail: 'on-call@example.com', stackName: 'Other' });
const { template, idOf } = stack;
type Properties = Readonly<Record<string, never>> & Readonly<Record<string, unknown>>;
const propertiesOf = (type: string): Properties[] => Object.values(template.findResources(type)).map(({ Properties }) => Properties);
const topic = { Ref: idOf('Monitoring/Topic/Resource') };
const functionArn = (name: string) => ({ 'Fn::GetAtt': [idOf(`Monitoring/${name}/Function/Resource`), 'Arn'] });
const acting = MACHINE_NAMES.filter((name) => MACHINES[name].acts);
const machineArn = (name: string) => ({ Ref: idOf(`Migration/${name}/Machine/Resource`) });

/** Statements of a role's own policy. */
function rightsOf(path: string) {
  const id = idOf(`${path}/Role/DefaultPolicy/Resource`);
  const { PolicyDocument } = template.toJSON().Resources[id].Properties;
  return (PolicyDocument.Statement as { Effect: string; Action: string | string[]; Resource: unknown }[]).map((statement) => ({
    effect: statement.Effect,
    actions: [statement.Action].flat(),
    resources: [statement.Resource].flat(),
  }));
}

describe('the monitoring function in the stack', () => {
  it('is called each minute, from the common bundle, and has ended before the next call', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [Match.objectLike({ Arn: functionArn('Watch'), RetryPolicy: { MaximumRetryAttempts: 0 } })],
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'handler.watch',
      Code: stack.functionOf('CheckReadiness').Code,
      Timeout: 50,
      VpcConfig: stack.functionOf('CheckReadiness').VpcConfig,
      Environment: { Variables: Match.objectLike({ STACK_NAME: 'AuroraToPlanetScale', DATABASE: 'shop' }) },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });

  it('may read two secrets, the address of the cluster and the list of executions, and change nothing', () => {
    const rights = rightsOf('Monitoring/Watch');
    const actions = new Set(rights.flatMap((right) => right.actions).filter((action) => !/^(logs|ec2):/.test(action)));
    expect([...actions].sort()).toEqual([
      'rds:DescribeDBClusters',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'states:ListExecutions',
    ]);
    const reading = rights.filter((right) => right.actions.includes('secretsmanager:GetSecretValue'));
    expect(reading.flatMap(({ resources }) => resources)).toEqual([CONTEXT.sourceSecretArn, { Ref: idOf('TargetSecret/Resource') }]);
  });

  it('knows the acting machines', () => {
    const watch = template.toJSON().Resources[idOf('Monitoring/Watch/Function/Resource')].Properties;
    const listed = JSON.stringify(watch.Environment.Variables.ACTING_MACHINE_ARNS);
    for (const name of MACHINE_NAMES) expect(listed.includes(idOf(`Migration/${name}/Machine/Resource`))).toBe(acting.includes(name));
  });
});

describe('the alarms', () => {
  const document = readFileSync(new URL('../../docs/alarms.md', import.meta.url), 'utf8');
  const article = (title: string): string => document.split(`\n## ${title}\n`)[1]?.split('\n#')[0] ?? '';

  it.each(ALARM_NAMES)('%s leads to its article in docs/alarms.md, which has a check and a remedy', (name) => {
    const { title, says, missing } = ALARMS[name];
    behind.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `AuroraToPlanetScale-${name}`,
      AlarmDescription: `${says} What to do: docs/alarms.md#${anchorOf(title)}`,
      AlarmActions: [{ Ref: behind.idOf('Monitoring/Topic/Resource') }],
      TreatMissingData: missing === 'bad' ? 'breaching' : 'notBreaching',
    });
    expect(article(title).replaceAll('\n', ' ')).toContain(`\`${name}\`: ${says}`);
    expect(article(title)).toMatch(/^- Look: /m);
    expect(article(title)).toMatch(/^- Do: /m);
    // An anchor belongs to the first heading of its name.
    const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
    expect(headings.filter((anchor) => anchor === anchorOf(title))).toHaveLength(1);
  });

  it('are described in docs/alarms.md in the order of declaration, before everything else', () => {
    const section = document.split('\n## What is watched, and when\n')[0] ?? '';
    expect([...section.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(ALARM_NAMES.map((name) => ALARMS[name].title));
  });

  it('are on metrics of this stack that the monitoring function writes', () => {
    const seen = propertiesOf('AWS::CloudWatch::Alarm').flatMap((alarm) => {
      const { MetricName, Namespace, Dimensions, Metrics = [] } = alarm as unknown as Alarmed;
      const inside = Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
      return [...(MetricName ? [{ MetricName, Namespace, Dimensions }] : []), ...inside];
    });
    expect(seen).toHaveLength(PLAIN_ALARMS.length);
    for (const { MetricName, Namespace, Dimensions } of seen.filter((metric) => metric.Namespace !== 'AWS/Lambda')) {
      expect(Namespace).toBe(NAMESPACE);
      expect(Object.keys(UNITS)).toContain(MetricName);
      expect(Dimensions).toEqual([{ Name: 'service', Value: 'AuroraToPlanetScale' }]);
    }
  });

  it('stay silent in a burst, and fire for a lag that keeps growing', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'AuroraToPlanetScale-LagGrowing',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 3,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'IF(m >= 16777216, DIFF(m), 0)' }),
        Match.objectLike({ Id: 'm', MetricStat: Match.objectLike({ Stat: 'Minimum', Period: 300 }), ReturnData: false }),
      ]),
    });
  });

  it('fire when the monitoring function itself fails', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'AuroraToPlanetScale-WatchBlind',
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: idOf('Monitoring/Watch/Function/Resource') } }],
    });
  });
});

interface Alarmed {
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Dimensions?: unknown;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Omit<Alarmed, 'Metrics'> } }[];
}

describe('the notices', () => {
  it('are sent at the end of every acting machine, however it ends', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: acting.map(machineArn) },
      },
      Targets: [Match.objectLike({ Arn: functionArn('Notice') })],
    });
  });

  it('are sent by a function outside of the VPC that may describe executions and publish to the one topic', () => {
    const rights = rightsOf('Monitoring/Notice').filter(({ actions }) => !actions.every((action) => /^logs:/.test(action)));
    expect(rights).toEqual([
      { effect: 'Allow', actions: ['sns:Publish'], resources: [topic] },
      {
        effect: 'Allow',
        actions: ['states:DescribeExecution'],
        resources: acting.map((name) => `arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-${name}:*`).sort(),
      },
    ]);
    template.hasResourceProperties('AWS::Lambda::Function', { Handler: 'handler.notice', VpcConfig: Match.absent() });
  });
});

describe('the topic of the notices', () => {
  const alarms = 'arn:aws:cloudwatch:eu-central-1:111122223333:alarm:AuroraToPlanetScale-*';

  it('accepts messages by TLS only, from the alarms of this stack and from IAM principals of the account', () => {
    const [policy] = propertiesOf('AWS::SNS::TopicPolicy') as unknown as [{ PolicyDocument: { Statement: unknown[] } }];
    expect(policy.PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Resource: topic,
        Condition: { ArnLike: { 'aws:SourceArn': alarms }, StringEquals: { 'aws:SourceAccount': '111122223333' } },
      }),
    ]);
  });

  it('sends mail to the address in the settings, and has no subscription without one', () => {
    template.resourceCountIs('AWS::SNS::Subscription', 0);
    told.template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' });
  });
});

describe('the dashboard', () => {
  it('has the name of the stack', () => {
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'AuroraToPlanetScale' });
  });

  it('is linked in the outputs', () => {
    const { DashboardConsole, NotificationTopicArn } = template.findOutputs('*');
    expect(JSON.stringify(DashboardConsole?.Value)).toContain('cloudwatch/home?region=eu-central-1#dashboards/dashboard/');
    expect(NotificationTopicArn?.Value).toEqual(topic);
  });
});

describe('the AwsSolutions rules of the monitoring', () => {
  it('pass with and without an address', () => {
    expect(() => synthesized({}, true)).not.toThrow();
    expect(() => synthesized({ notificationEmail: 'on-call@example.com' }, true)).not.toThrow();
  });
});
