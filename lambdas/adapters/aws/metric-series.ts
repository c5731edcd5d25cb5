/** What the watch has measured, from CloudWatch. */
import { type CloudWatchClient, GetMetricDataCommand, type GetMetricDataCommandOutput } from '@aws-sdk/client-cloudwatch';
import { type MetricName, NAMESPACE } from '../../monitoring/metrics.ts';
import type { MigrationHistory, Sample } from '../../report/history.ts';
import { translateCommon } from './aws-errors.ts';

/** The metrics that a report draws. */
const DRAWN = ['CopyBytes', 'CopyBytesTotal', 'LagMilliseconds', 'LagBytes', 'WalKeptBytes', 'TargetBytes'] as const satisfies MetricName[];

const MINUTE = 60;
const DAY_MS = 86_400_000;
/** More could not be seen in a graph. */
const MOST_SAMPLES = 500;

/**
 * Seconds between samples. CloudWatch keeps minutes for 15 days, five minutes for 63, and hours after that
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention).
 * @param from and `to` in milliseconds since 1970 @param now when it is asked
 */
export function periodOf(from: number, to: number, now: number): number {
  const age = (now - from) / DAY_MS;
  const kept = age < 15 ? MINUTE : age < 63 ? 5 * MINUTE : 60 * MINUTE;
  return Math.max(1, Math.ceil((to - from) / 1000 / MOST_SAMPLES / kept)) * kept;
}

const identifierOf = (name: MetricName): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`;

/**
 * @param stack the dimension of the metrics
 * @param from and `to` in milliseconds since 1970
 * @throws InvalidConfiguration where the right is missing
 */
export async function readSeries(
  client: CloudWatchClient,
  stack: string,
  from: number,
  to: number,
  now: number,
): Promise<MigrationHistory['series']> {
  const Period = periodOf(from, to, now);
  const queries = DRAWN.map((name) => ({
    Id: identifierOf(name),
    MetricStat: {
      Metric: { Namespace: NAMESPACE, MetricName: name, Dimensions: [{ Name: 'service', Value: stack }] },
      ...{ Period, Stat: 'Maximum' },
    },
  }));
  const found = new Map<string, Sample[]>();
  let NextToken: string | undefined;
  try {
    do {
      const page: GetMetricDataCommandOutput = await client.send(
        new GetMetricDataCommand({
          MetricDataQueries: queries,
          // Whole periods: otherwise the first and the last are cut.
          StartTime: new Date(Math.floor(from / 1000 / Period) * Period * 1000),
          EndTime: new Date(Math.ceil(to / 1000 / Period) * Period * 1000),
          ScanBy: 'TimestampAscending',
          ...(NextToken !== undefined && { NextToken }),
        }),
      );
      for (const { Id = '', Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        const samples = Timestamps.map((at, index): Sample => [at.getTime(), Values[index] ?? 0]);
        found.set(Id, [...(found.get(Id) ?? []), ...samples]);
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
  } catch (error) {
    throw translateCommon(error, { action: 'cloudwatch:GetMetricData', resource: NAMESPACE }) ?? error;
  }
  return Object.fromEntries(DRAWN.flatMap((name) => (found.has(identifierOf(name)) ? [[name, found.get(identifierOf(name)) ?? []]] : [])));
}
