import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { periodOf, readSeries } from '../../../../lambdas/adapters/aws/metric-series.ts';

const api = mockClient(CloudWatchClient);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const BEGAN = Date.UTC(2026, 0, 1, 10, 0, 30);

beforeEach(() => {
  api.reset();
});

describe('the samples of a report', () => {
  it.each([
    ['a minute apart in an hour', 60 * MINUTE, 60 * MINUTE, 60],
    ['further apart in a day, so that there are not too many', DAY, DAY, 180],
    ['five minutes apart where single minutes are forgotten', 60 * MINUTE, 20 * DAY, 300],
    ['hours apart where these are, too', 60 * MINUTE, 70 * DAY, 3_600],
    ['six hours apart in ninety days', 90 * DAY, 90 * DAY, 18_000],
    ['a period apart where nothing has passed', 0, 0, 60],
  ])('are %s', (_says, length, age, seconds) => {
    expect(periodOf(BEGAN, BEGAN + length, BEGAN + age)).toBe(seconds);
  });

  it('come by metric, from every page, in whole periods, under the dimension of the stack', async () => {
    api
      .on(GetMetricDataCommand)
      .resolvesOnce({
        MetricDataResults: [
          { Id: 'lagMilliseconds', Timestamps: [new Date(1000)], Values: [5] },
          { Id: 'copyBytes', Timestamps: [], Values: [] },
        ],
        NextToken: 'more',
      })
      .resolves({ MetricDataResults: [{ Id: 'lagMilliseconds', Timestamps: [new Date(2000), new Date(3000)], Values: [6, 7] }] });
    const series = await readSeries(new CloudWatchClient({}), 'Shop', BEGAN, BEGAN + 10 * MINUTE, BEGAN + 10 * MINUTE);
    const samples = [
      [1000, 5],
      [2000, 6],
      [3000, 7],
    ];
    expect(series).toEqual({ LagMilliseconds: samples, CopyBytes: [] });
    const [first, second] = api.commandCalls(GetMetricDataCommand).map(({ args }) => args[0].input);
    expect(first).toMatchObject({ StartTime: new Date(BEGAN - MINUTE / 2), EndTime: new Date(BEGAN + 10.5 * MINUTE) });
    expect(second?.NextToken).toBe('more');
    for (const { MetricStat } of first?.MetricDataQueries ?? [])
      expect(MetricStat).toMatchObject({ Metric: { Dimensions: [{ Name: 'service', Value: 'Shop' }] }, Stat: 'Maximum', Period: 60 });
  });

  it('are an error that names the right where it is missing', async () => {
    api.on(GetMetricDataCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(readSeries(new CloudWatchClient({}), 'Shop', 0, 1, 1)).rejects.toThrow('cloudwatch:GetMetricData');
  });
});
