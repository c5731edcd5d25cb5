/** The dashboard: progress, remaining time, health, and readiness for the cutover. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { type MetricName, NAMESPACE } from '../lambdas/monitoring/metrics.ts';

/** Columns of CloudWatch's grid. */
const WIDTH = 24;

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

const heading = (question: string, answer: string): cloudwatch.IWidget =>
  new cloudwatch.TextWidget({ markdown: `## ${question}\n${answer}`, width: WIDTH, height: 2 });

function graph(title: string, width: number, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({ title, width, height: 6, left, right, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } });
}

const number = (title: string, width: number, ...metrics: cloudwatch.IMetric[]): cloudwatch.IWidget =>
  new cloudwatch.SingleValueWidget({ title, width, height: 4, metrics });

/** Remaining hours of the copy at the pace of the last quarter of an hour; no value once everything is copied. */
function copyHoursLeft(stack: string): cloudwatch.MathExpression {
  const period = Duration.minutes(15);
  return new cloudwatch.MathExpression({
    expression: 'IF(RATE(copied) > 0, (total - copied) / RATE(copied) / 3600)',
    usingMetrics: { copied: measure(stack, 'CopyBytes', { period }), total: measure(stack, 'CopyBytesTotal', { period }) },
    period,
    label: 'hours left at this pace',
  });
}

export function dashboard(scope: Construct, id: string, stack: string, alarms: readonly cloudwatch.Alarm[]): cloudwatch.Dashboard {
  const one = (name: MetricName, options?: MeasureOptions) => measure(stack, name, options);
  return new cloudwatch.Dashboard(scope, id, {
    dashboardName: stack,
    defaultInterval: Duration.hours(3),
    widgets: [
      [heading('How far, and how long still?', 'The initial copy. Measured each minute while a migration is open; empty otherwise.')],
      [
        number('Copied', 6, one('CopyPercent', { label: 'percent' })),
        number('Tables', 6, one('TablesReady', { label: 'ready' }), one('Tables', { label: 'of' })),
        number('Time left', 6, copyHoursLeft(stack)),
        number('Size of the target', 6, one('TargetBytes', { label: 'bytes' })),
      ],
      [
        graph('Copy', 12, [one('CopyBytes', { label: 'copied' }), one('CopyBytesTotal', { label: 'of' })]),
        graph('Copy at rest for', 6, [one('CopyIdleSeconds', { label: 'seconds' })]),
        graph('Size of the target', 6, [one('TargetBytes', { label: 'bytes' })]),
      ],
      [
        graph('Parts', 12, [one('PartsDone', { label: 'copied' }), one('PartsOpen', { label: 'open' })]),
        graph('Workers of the copy in parts', 12, [
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
        graph('What must stay at zero', 8, [
          one('HistoryBroken', { label: 'slot lost' }),
          one('HeartbeatGaps', { label: 'heartbeat gaps' }),
          one('FenceHeldSeconds', { label: 'fence held, seconds' }),
        ]),
      ],
      [
        heading(
          'May I cut over?',
          '1 means that nothing which can be seen from here speaks against it. Cutover checks everything again before it begins.',
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
