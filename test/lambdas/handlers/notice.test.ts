import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VARIABLE } from '../../../lambdas/config/environment.ts';
import { notice } from '../../../lambdas/handlers/index.ts';

const sfn = mockClient(SFNClient);
const sns = mockClient(SNSClient);
const HOME = 'arn:aws:states:eu-central-1:111122223333';
const detail = {
  executionArn: `${HOME}:execution:Shop-Replicate:monday`,
  stateMachineArn: `${HOME}:stateMachine:Shop-Replicate`,
  name: 'monday',
  status: 'FAILED' as const,
};
const published = () => sns.commandCalls(PublishCommand).map(({ args }) => args[0].input);

beforeEach(() => {
  sfn.reset();
  sns.reset();
  vi.stubEnv(VARIABLE.stack, 'Shop');
  vi.stubEnv(VARIABLE.topic, 'topic');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the notice function', () => {
  it('publishes the reason that the event carries', async () => {
    await notice({ detail: { ...detail, error: 'NotReady', cause: 'No key.' } });
    expect(published()).toEqual([
      { TopicArn: 'topic', Subject: 'Shop: Replicate failed: NotReady', Message: expect.stringContaining('No key.') },
    ]);
    expect(sfn.calls()).toHaveLength(0);
  });

  it.each([{}, { error: null, cause: null }])('asks for the reason where the event lacks it: %j', async (missing) => {
    sfn.on(DescribeExecutionCommand, { executionArn: detail.executionArn }).resolves({ error: 'CopyStalled', cause: 'A lock.' });
    await notice({ detail: { ...detail, ...missing } });
    expect(published()).toMatchObject([{ Subject: 'Shop: Replicate failed: CopyStalled', Message: expect.stringContaining('A lock.') }]);
  });

  it('asks nothing about a success, and sends nothing where there is nothing to report', async () => {
    await notice({ detail: { ...detail, status: 'SUCCEEDED' } });
    await notice({ detail: { ...detail, status: 'SUCCEEDED', stateMachineArn: `${HOME}:stateMachine:Shop-Rotation` } });
    expect(published()).toMatchObject([{ Subject: 'Shop: ready to cut over' }]);
    expect(sfn.calls()).toHaveLength(0);
  });

  it('says where the report is', async () => {
    vi.stubEnv(VARIABLE.reportPage, 'https://eu-central-1.console.aws.amazon.com/s3/object/b?prefix=report.html');
    await notice({ detail: { ...detail, status: 'SUCCEEDED' } });
    expect(published()[0]?.Message).toContain('https://eu-central-1.console.aws.amazon.com/s3/object/b?prefix=report.html');
  });

  it("tells nothing of the children of a machine's map, however they end", async () => {
    for (const status of ['SUCCEEDED', 'FAILED', 'ABORTED'] as const)
      await notice({ detail: { ...detail, status, executionArn: `${HOME}:execution:Shop-Replicate/CopyInParts:monday` } });
    expect([...sfn.calls(), ...sns.calls()]).toEqual([]);
  });

  it('fails where the message could not be published, so that it is called again', async () => {
    sns.on(PublishCommand).rejects(new Error('not now'));
    await expect(notice({ detail: { ...detail, status: 'SUCCEEDED' } })).rejects.toThrow('not now');
  });
});
