/** The dashboard. It answers in this order: how far, how long still, is it healthy, may I switch. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { StepName } from '../lambdas/engine/machines.ts';
import { type MetricName, NAMESPACE } from '../lambdas/monitoring/metrics.ts';

/** Columns of CloudWatch's grid. */
const WIDTH = 24;

/** Steps that write their findings into the log. */
export const FINDING_STEPS = ['CheckReadiness', 'CheckCutover', 'CheckRollback'] as const satisfies readonly StepName[];

export interface MeasureOptions {
  /** @default Maximum */
  readonly statistic?: string;
  /** @default - one minute, as often as it is measured */
  readonly period?: Duration;
  /** @default - the name of the measure */
  readonly label?: string;
}

/** One measure of a stack's migration. */
export const measure = (
  stack: string,
  name: MetricName,
  { statistic = 'Maximum', period = Duration.minutes(1), ...label }: MeasureOptions = {},
): cloudwatch.Metric =>
  new cloudwatch.Metric({ namespace: NAMESPACE, metricName: name, dimensionsMap: { service: stack }, statistic, period, ...label });

export interface DashboardProps {
  /** Name of the stack: of the dashboard, and of the metrics' dimension. */
  readonly stack: string;
  readonly alarms: readonly cloudwatch.Alarm[];
  /** Names of the log groups of {@link FINDING_STEPS}. */
  readonly findingLogs: readonly string[];
  /** Addresses that are shown above everything else, by what they lead to. Neither may hold a bracket. @default - none */
  readonly links?: Readonly<Record<string, string>>;
}

const text = (height: number, ...lines: string[]): cloudwatch.IWidget =>
  new cloudwatch.TextWidget({ markdown: lines.join('\n'), width: WIDTH, height });

const heading = (question: string, answer: string): cloudwatch.IWidget => text(2, `## ${question}`, answer);

function graph(title: string, width: number, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({ title, width, height: 6, left, right, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } });
}

const number = (title: string, width: number, ...metrics: cloudwatch.IMetric[]): cloudwatch.IWidget =>
  new cloudwatch.SingleValueWidget({ title, width, height: 4, metrics });

/** Long enough for a pace that means something while single tables or parts, however large, are copied. */
const PACE = Duration.minutes(15);

/** Bytes a second that the copy has gained in the last quarter of an hour; no value where it has not gained any. */
const copyPace = (stack: string): cloudwatch.MathExpression =>
  new cloudwatch.MathExpression({
    expression: 'IF(RATE(copied) > 0, RATE(copied))',
    usingMetrics: { copied: measure(stack, 'CopyBytes', { period: PACE }) },
    period: PACE,
    label: 'bytes a second',
  });

/** Remaining hours of the copy at that pace; no value once everything is copied. */
const copyHoursLeft = (stack: string): cloudwatch.MathExpression =>
  new cloudwatch.MathExpression({
    expression: 'IF(RATE(copied) > 0, (total - copied) / RATE(copied) / 3600)',
    usingMetrics: { copied: measure(stack, 'CopyBytes', { period: PACE }), total: measure(stack, 'CopyBytesTotal', { period: PACE }) },
    period: PACE,
    label: 'hours left at this pace',
  });

/**
 * The newest finding, twice: field by field, and as a text. CloudWatch calls the fields of a finding `details.…` (see `logger.ts`), which here get
 * names of their own, because a line has a `message` beside that of the finding. Of lines of the same millisecond a blocker wins.
 */
function lastFinding(logs: readonly string[]): cloudwatch.IWidget[][] {
  const found = (title: string, height: number, shown: string, columns: string): cloudwatch.IWidget =>
    new cloudwatch.LogQueryWidget({
      title,
      width: WIDTH,
      height,
      logGroupNames: [...logs],
      queryLines: [
        `fields ${shown}`,
        'filter ispresent(details.code) and ispresent(details.remedy)',
        'sort @timestamp desc, details.severity asc',
        'limit 1',
        `display ${columns}`,
      ],
    });
  const steps = `${FINDING_STEPS.slice(0, -1).join(', ')} or ${FINDING_STEPS.at(-1)}`;
  return [
    [
      text(
        3,
        '### Last finding',
        `The newest one of ${steps} in the time range of this dashboard. It is empty where nothing was found; a longer range may show an older one.`,
        'A blocker refuses, a warning does not. Whether it still holds is said by the next execution, whose result or error lists all of its findings.',
      ),
    ],
    [
      found(
        'In words',
        4,
        'concat(step, " found ", details.code, ", a ", details.severity, ". ", details.message, " ", details.remedy) as finding',
        'finding',
      ),
    ],
    [
      found(
        'In its parts',
        4,
        'step, details.severity as severity, details.code as code, details.objects.0 as concerns, details.message as meaning, details.remedy as remedy',
        '@timestamp, step, severity, code, concerns, meaning, remedy',
      ),
    ],
  ];
}

const linked = (links: Readonly<Record<string, string>>): cloudwatch.IWidget[][] => {
  const lines = Object.entries(links).map(([name, address]) => `- [${name}](${address})`);
  return lines.length > 0 ? [[text(1 + lines.length, ...lines)]] : [];
};

export function dashboard(scope: Construct, id: string, { stack, alarms, findingLogs, links = {} }: DashboardProps): cloudwatch.Dashboard {
  const one = (name: MetricName, options?: MeasureOptions) => measure(stack, name, options);
  return new cloudwatch.Dashboard(scope, id, {
    dashboardName: stack,
    defaultInterval: Duration.hours(3),
    widgets: [
      ...linked(links),
      [heading('How far?', 'The initial copy. Measured each minute while a migration is open; empty otherwise.')],
      [
        number('Copied', 6, one('CopyPercent', { label: 'percent' })),
        number('Tables', 6, one('TablesReady', { label: 'ready' }), one('Tables', { label: 'of' })),
        number('Size of the target', 6, one('TargetBytes', { label: 'bytes' })),
        number('Parts', 6, one('PartsDone', { label: 'copied' }), one('PartsOpen', { label: 'open' })),
      ],
      [
        graph('Copy', 12, [one('CopyBytes', { label: 'copied' }), one('CopyBytesTotal', { label: 'of' })]),
        graph('Size of the target', 6, [one('TargetBytes', { label: 'bytes' })]),
        graph('Parts', 6, [one('PartsDone', { label: 'copied' }), one('PartsOpen', { label: 'open' })]),
      ],
      [
        heading(
          'How long still?',
          'The copy at the pace of the last quarter of an hour. Indexes, constraints and the comparison come after it; it is empty once everything is copied.',
        ),
      ],
      [
        number('Time left', 8, copyHoursLeft(stack)),
        number('Pace', 8, copyPace(stack)),
        number('At rest for', 8, one('CopyIdleSeconds', { label: 'seconds' })),
      ],
      [
        graph('Time left and pace', 12, [copyHoursLeft(stack)], [copyPace(stack)]),
        graph('Copy at rest for', 6, [one('CopyIdleSeconds', { label: 'seconds' })]),
        graph('Workers of the copy in parts', 6, [
          one('CopyWorkersWorking', { label: 'work' }),
          one('CopyWorkersAllowed', { label: 'may work' }),
        ]),
      ],
      [
        heading(
          'Is it healthy?',
          'The stream that flows now: from Aurora before the switch, back to it afterwards. docs/alarms.md says what to do.',
        ),
      ],
      [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', width: WIDTH, height: 3, alarms: [...alarms] })],
      [
        graph('Lag', 8, [one('LagMilliseconds', { label: 'milliseconds' })], [one('LagBytes', { label: 'bytes' })]),
        graph('WAL kept by the publisher', 8, [one('WalKeptBytes', { label: 'bytes' })], [one('WalHoursLeft', { label: 'hours left' })]),
        graph('Transaction ids held back', 8, [one('TransactionIdAge', { label: 'age' })]),
      ],
      [
        graph('Slot and subscription', 8, [
          one('SlotActive', { statistic: 'Minimum', label: 'slot is read' }),
          one('SubscriptionRunning', { statistic: 'Minimum', label: 'subscription runs' }),
        ]),
        graph('Errors', 8, [one('ApplyErrors', { statistic: 'Sum', label: 'errors' })]),
        graph(
          'What must stay at zero',
          8,
          [one('HistoryBroken', { label: 'slot lost' }), one('HeartbeatGaps', { label: 'heartbeat gaps' })],
          [one('FenceHeldSeconds', { label: 'fence held, seconds' })],
        ),
      ],
      ...lastFinding(findingLogs),
      [
        heading(
          'May I switch?',
          '1 means that nothing which can be seen from here speaks against `Cutover`, which checks everything again before it begins.',
        ),
      ],
      [
        number('Ready to cut over', 8, one('ReadyToCutOver', { statistic: 'Minimum', label: 'ready' })),
        number('PlanetScale serves', 8, one('ServingTarget', { label: 'PlanetScale' })),
        number('Lag now', 8, one('LagMilliseconds', { label: 'milliseconds' })),
      ],
    ],
  });
}
