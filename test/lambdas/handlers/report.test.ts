import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VARIABLE } from '../../../lambdas/config/environment.ts';
import { report } from '../../../lambdas/handlers/report.ts';
import type { MigrationReport } from '../../../lambdas/report/model.ts';

const executions = mockClient(SFNClient);
const metrics = mockClient(CloudWatchClient);
const store = mockClient(S3Client);
const HOME = 'arn:aws:states:eu-central-1:111122223333';
const detail = {
  executionArn: `${HOME}:execution:My-Shop-Cutover:monday`,
  stateMachineArn: `${HOME}:stateMachine:My-Shop-Cutover`,
  name: 'monday',
  status: 'SUCCEEDED' as const,
};
const BEGAN = new Date('2026-01-31T08:00:00.123Z');
const tell = (change = {}) => report({ detail: { ...detail, ...change } }, { awsRequestId: 'r' });
const put = () => store.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);
const written = (): MigrationReport => JSON.parse(String(put().find(({ Key }) => Key === 'report.json')?.Body));

beforeEach(() => {
  for (const api of [executions, metrics, store]) api.reset();
  vi.stubEnv(VARIABLE.stack, 'My-Shop');
  vi.stubEnv(VARIABLE.database, 'shop');
  vi.stubEnv(VARIABLE.clusterIdentifier, 'production');
  vi.stubEnv(VARIABLE.planetscaleOrganization, 'acme');
  vi.stubEnv(VARIABLE.planetscaleDatabase, 'shop');
  vi.stubEnv(VARIABLE.toldMachines, detail.stateMachineArn);
  vi.stubEnv(VARIABLE.reports, 'bucket');
  executions.on(ListExecutionsCommand).resolves({
    executions: [{ ...detail, startDate: BEGAN }],
  });
  executions.on(DescribeExecutionCommand).resolves({
    ...{ name: 'monday', startDate: BEGAN, stopDate: new Date(BEGAN.getTime() + 5_000) },
    output: JSON.stringify({
      SwitchOver: {
        verdict: 'done',
        evidence: { serving: 'target', committedAt: BEGAN.toISOString(), downtimeMs: 85, parts: [{ name: 'fence', ms: 85 }] },
      },
    }),
  });
  executions.on(GetExecutionHistoryCommand).resolves({ events: [] });
  metrics.on(GetMetricDataCommand).resolves({
    MetricDataResults: [{ Id: 'lagMilliseconds', Timestamps: [BEGAN], Values: [12] }],
  });
  store.on(PutObjectCommand).resolves({});
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the report function', () => {
  it('writes page and JSON as the newest report, and under the beginning of the migration', async () => {
    await tell();
    expect(put().map(({ Bucket, Key, ContentType }) => [Bucket, Key, ContentType])).toEqual([
      ['bucket', '2026-01-31T08-00-00Z/report.json', 'application/json; charset=utf-8'],
      ['bucket', '2026-01-31T08-00-00Z/report.html', 'text/html; charset=utf-8'],
      ['bucket', 'report.json', 'application/json; charset=utf-8'],
      ['bucket', 'report.html', 'text/html; charset=utf-8'],
    ]);
    expect(written()).toMatchObject({
      ...{ version: 1, stack: 'My-Shop', database: 'shop', outcome: { code: 'on PlanetScale' } },
      sides: { source: 'the Aurora cluster production', target: 'PlanetScale (acme/shop)' },
      switches: [{ from: 'source', to: 'target', fencedMs: 85, parts: [{ name: 'fence', ms: 85 }] }],
      stream: { lagMilliseconds: [[BEGAN.getTime(), 12]] },
    });
    expect(Object.values(written().links)).toEqual([
      `https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/${detail.executionArn}`,
    ]);
  });

  it('is written without graphs where the metrics cannot be read', async () => {
    metrics.on(GetMetricDataCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await tell();
    expect(written().stream.lagMilliseconds).toEqual([]);
  });

  it('takes the end from the event where the description lags behind', async () => {
    executions.on(ListExecutionsCommand).resolves({ executions: [{ ...detail, status: 'RUNNING', startDate: BEGAN }] });
    executions.on(DescribeExecutionCommand).resolves({ name: 'monday', startDate: BEGAN });
    await tell({ status: 'ABORTED' });
    expect(written().executions).toMatchObject([{ status: 'ABORTED', endedAt: expect.any(String) }]);
    expect(written().outcome.code).toBe('failed');
  });

  it('writes once more where another execution has ended meanwhile', async () => {
    const running = { ...detail, name: 'tuesday', executionArn: `${detail.executionArn}-2`, startDate: new Date(BEGAN.getTime() + 1) };
    const listed = (status: 'RUNNING' | 'SUCCEEDED') => ({
      executions: [
        { ...running, status },
        { ...detail, startDate: BEGAN },
      ],
    });
    executions.on(ListExecutionsCommand).resolvesOnce(listed('RUNNING')).resolvesOnce(listed('RUNNING')).resolves(listed('SUCCEEDED'));
    await tell();
    expect(put()).toHaveLength(8);
  });

  it('takes the end of the very execution, and not of one that has the same name', async () => {
    const other = { stateMachineArn: `${HOME}:stateMachine:My-Shop-Replicate`, executionArn: `${HOME}:execution:My-Shop-Replicate:monday` };
    executions.on(ListExecutionsCommand).resolves({ executions: [{ ...detail, ...other, status: 'RUNNING', startDate: BEGAN }] });
    executions.on(DescribeExecutionCommand).resolves({ name: 'monday', startDate: BEGAN, status: 'RUNNING' });
    await report({ detail: { ...detail, ...other } }, { awsRequestId: 'r' });
    expect(written().executions).toMatchObject([{ status: 'RUNNING', endedAt: null }]);
  });

  it('writes nothing for a child of a map, nor where nothing is known', async () => {
    await tell({ executionArn: `${HOME}:execution:My-Shop-Replicate/CopyInParts:one` });
    executions.on(ListExecutionsCommand).resolves({ executions: [] });
    await tell();
    expect(put()).toEqual([]);
  });

  it('fails where the bucket cannot be written, so that Lambda tries again', async () => {
    store.on(PutObjectCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(tell()).rejects.toThrow('s3:PutObject');
  });
});
