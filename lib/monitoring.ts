/** Monitoring of a migration: the watch function, dashboard, alarms, notices, and the topic of alarms and notices. */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type Dashboard, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, Grant, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { VARIABLE } from '../lambdas/config/environment.ts';
import { MACHINE_NAMES, MACHINES } from '../lambdas/engine/machines.ts';
import { WATCH_NEEDS } from '../lambdas/monitoring/collect.ts';
import { ALARM_NAMES, ALARMS, type AlarmName, type AlarmRule, anchorOf, needsEntrance } from './alarms.ts';
import { dashboard, FINDING_STEPS, measure } from './dashboard.ts';
import { allowWildcard } from './exceptions.ts';
import { MigrationFunction } from './function.ts';
import type { Migration } from './migration.ts';
import type { Network } from './network.ts';
import type { Resources } from './resources.ts';
import { reachOf } from './rights.ts';

export interface MonitoringProps {
  readonly migration: Migration;
  /** The databases and their secrets. */
  readonly resources: Omit<Resources, 'actingMachineArns'>;
  /** Network of the watch function. */
  readonly network: Network;
  /** The load balancer and the function that follows the writer. @default - PlanetScale takes another way */
  readonly entrance?: { readonly targetGroup: NetworkTargetGroup; readonly follower: MigrationFunction };
  /** Where a person finds the newest report. */
  readonly reportPage: string;
  /** Mail address for alarms and notices. @default - none; the topic can be subscribed to */
  readonly email?: string;
}

const EVERY = Duration.minutes(1);
/** Less than the minute until the next run. */
const WATCH_TIMEOUT = Duration.seconds(50);

const ACTING = MACHINE_NAMES.filter((name) => MACHINES[name].acts);

export class Monitoring extends Construct {
  readonly topic: Topic;
  readonly dashboard: Dashboard;
  readonly alarms: Readonly<Partial<Record<AlarmName, Alarm>>>;
  readonly #stack: string;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#stack = Stack.of(this).stackName;
    this.topic = this.#topic(props.email);
    const watch = this.#watch(props);
    this.#notices(props);
    const alarms = ALARM_NAMES.filter((name) => props.entrance || !needsEntrance(name)).map(
      (name) => [name, this.#alarm(name, { watch, entrance: props.entrance })] as const,
    );
    this.alarms = Object.fromEntries(alarms);
    this.dashboard = dashboard(this, 'Dashboard', {
      stack: this.#stack,
      alarms: alarms.map(([, alarm]) => alarm),
      links: { 'The report of this migration': props.reportPage },
      findingLogs: FINDING_STEPS.map((step) => props.migration.functions[step].logGroup.logGroupName),
    });
  }

  /**
   * Messages are stored until they are delivered, and leave as mail: a key of our own would cost a dollar a month without a benefit. They hold
   * no secret and no row. Publishers have to use TLS.
   */
  #topic(email: string | undefined): Topic {
    const topic = new Topic(this, 'Topic', { displayName: `Migration ${this.#stack}`, enforceSSL: true });
    if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
    const alarms = this.#arnOf('cloudwatch', 'alarm', `${this.#stack}-*`);
    topic.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': alarms }, StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }

  /** The same rights as a step with these needs, and the same network. */
  #watch({ migration, network, resources }: MonitoringProps): MigrationFunction {
    const whole = { ...resources, actingMachineArns: ACTING.map((name) => migration.machines[name].stateMachineArn) };
    const reach = reachOf(WATCH_NEEDS, whole);
    const watch = new MigrationFunction(this, 'Watch', {
      description: 'Watches the migration to PlanetScale, each minute while one is open. Only looks.',
      code: migration.code,
      entry: 'watch',
      timeout: WATCH_TIMEOUT,
      network,
      retryAttempts: 0, // the next run is a minute away
      environment: { [VARIABLE.stack]: this.#stack, ...reach.environment },
    });
    reach.grant(watch.role);
    new Rule(this, 'EachMinute', {
      description: 'Calls the function that watches the migration; it returns at once where none is open',
      schedule: Schedule.rate(EVERY),
      targets: [new LambdaFunction(watch.function, { retryAttempts: 0 })],
    });
    return watch;
  }

  /** A function and not a template of the rule: the cause of a failure may hold quotes and newlines, which a template does not escape. */
  #notices({ migration, reportPage }: MonitoringProps): void {
    const notice = new MigrationFunction(this, 'Notice', {
      description: 'Tells how executions of the migration to PlanetScale ended',
      code: migration.code,
      entry: 'notice',
      timeout: Duration.seconds(30),
      environment: { [VARIABLE.stack]: this.#stack, [VARIABLE.topic]: this.topic.topicArn, [VARIABLE.reportPage]: reportPage },
    });
    Grant.addToPrincipal({ grantee: notice.role, actions: ['sns:Publish'], resourceArns: [this.topic.topicArn] });
    const machines = ACTING.map((name) => migration.machines[name]);
    for (const name of ACTING) {
      const executions = this.#arnOf('states', 'execution', `${this.#stack}-${name}:*`);
      Grant.addToPrincipal({ grantee: notice.role, actions: ['states:DescribeExecution'], resourceArns: [executions] });
      allowWildcard(notice.role, executions, 'Every execution of this machine; their names are chosen when they are started.');
    }
    new Rule(this, 'ExecutionEnded', {
      description: 'Tells people that an execution of the migration ended, and how',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: machines.map(({ stateMachineArn }) => stateMachineArn),
        },
      },
      targets: [new LambdaFunction(notice.function)],
    });
  }

  #arnOf(service: string, resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service, resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }

  #alarm(name: AlarmName, measured: Measured): Alarm {
    const rule = ALARMS[name];
    const { title, says, is, times, threshold, growing } = rule;
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#stack}-${name}`,
      alarmDescription: `${says} What to do: docs/alarms.md#${anchorOf(title)}`,
      metric: growing ? growth(this.#measured(rule, measured), threshold) : this.#measured(rule, measured),
      threshold: growing ? 0 : threshold,
      comparisonOperator: growing ? ComparisonOperator.GREATER_THAN_THRESHOLD : OPERATORS[is],
      evaluationPeriods: times,
      treatMissingData: rule.missing === 'bad' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }

  #measured({ metric, of, statistic, minutes }: AlarmRule, { watch, entrance }: Measured): IMetric {
    const options = { statistic, period: Duration.minutes(minutes) };
    if (metric) return measure(this.#stack, metric, options);
    if (of === 'load balancer' && entrance) return entrance.targetGroup.metrics.healthyHostCount(options);
    return (of === 'follower' && entrance ? entrance.follower : watch).function.metricErrors(options);
  }
}

/** What the alarms are on, beside our own metrics. */
interface Measured {
  readonly watch: MigrationFunction;
  readonly entrance: MonitoringProps['entrance'];
}

const OPERATORS = {
  'at least': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  'less than': ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/** Growth of a metric since the value before, where the metric is at least `atLeast`. */
const growth = (metric: IMetric, atLeast: number): MathExpression =>
  new MathExpression({ expression: `IF(m >= ${atLeast}, DIFF(m), 0)`, usingMetrics: { m: metric }, label: 'growth' });
