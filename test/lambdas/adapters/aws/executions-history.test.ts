import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readExecutions } from '../../../../lambdas/adapters/aws/executions-history.ts';

const HOME = 'arn:aws:states:eu-central-1:111122223333';
const machine = (name: string): string => `${HOME}:stateMachine:My-App-${name}`;
const arnOf = (name: string, execution: string): string => `${HOME}:execution:My-App-${name}:${execution}`;
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 10, 0, second));
const api = mockClient(SFNClient);

let events = 0;
const event = (second: number, type: HistoryEvent['type'], details: Partial<HistoryEvent> = {}): HistoryEvent => {
  events += 1;
  return { id: events, type, timestamp: at(second), ...details };
};
const entered = (second: number, name: string, type: HistoryEvent['type'] = 'TaskStateEntered') =>
  event(second, type, { stateEnteredEventDetails: { name } });
const exited = (second: number, name: string, output?: string, type: HistoryEvent['type'] = 'TaskStateExited') =>
  event(second, type, { stateExitedEventDetails: { name, ...(output !== undefined && { output }) } });

const WARNING = { code: 'RowSecurity', severity: 'warning', objects: ['a'], more: 0, message: 'm', remedy: 'r', statements: [] };

beforeEach(() => {
  api.reset();
  api.on(ListExecutionsCommand).resolves({ executions: [] });
  const listed = (name: string, execution: string, status: 'SUCCEEDED' | 'FAILED' | 'RUNNING', second: number) => ({
    ...{ executionArn: arnOf(name, execution), stateMachineArn: machine(name), name: execution, status, startDate: at(second) },
  });
  api.on(ListExecutionsCommand, { stateMachineArn: machine('Replicate') }).resolves({
    executions: [
      listed('Replicate', 'second', 'FAILED', 20),
      { ...listed('Replicate', 'child', 'SUCCEEDED', 15), executionArn: `${HOME}:execution:My-App-Replicate/CopyInParts:child` },
    ],
    nextToken: 'more',
  });
  api
    .on(ListExecutionsCommand, { stateMachineArn: machine('Replicate'), nextToken: 'more' })
    .resolves({ executions: [listed('Replicate', 'first', 'SUCCEEDED', 10)] });
  api.on(DescribeExecutionCommand, { executionArn: arnOf('Replicate', 'first') }).resolves({
    ...{ name: 'first', startDate: at(10), stopDate: at(19) },
    output: JSON.stringify({ given: 1, CheckReadiness: { verdict: 'done', evidence: { warnings: [WARNING] } }, failure: { Error: 'x' } }),
  });
  api.on(DescribeExecutionCommand, { executionArn: arnOf('Replicate', 'second') }).resolves({
    ...{ name: 'second', startDate: at(20), stopDate: at(29), error: 'CopyStalled', cause: 'A lock.' },
  });
  api.on(GetExecutionHistoryCommand).resolves({ events: [] });
});

const read = () => readExecutions(new SFNClient({}), [machine('Preflight'), machine('Replicate')]);

describe('the executions of a report', () => {
  it('come oldest first, from every page, without the children of a map', async () => {
    expect((await read()).map(({ execution, status }) => [execution, status])).toEqual([
      ['first', 'SUCCEEDED'],
      ['second', 'FAILED'],
    ]);
  });

  it('have their evidence from the output, and their findings', async () => {
    const [first] = await read();
    expect(first).toMatchObject({ machine: 'Replicate', endedAt: at(19).toISOString(), error: null });
    expect(first?.evidence).toEqual({ CheckReadiness: { warnings: [WARNING] } });
    expect(first?.findings).toEqual([WARNING]);
  });

  it('have it from the last state where there is no output, and the error of the red box', async () => {
    api
      .on(GetExecutionHistoryCommand, { executionArn: arnOf('Replicate', 'second'), reverseOrder: true, includeExecutionData: true })
      .resolves({
        events: [
          event(29, 'ExecutionFailed'),
          event(29, 'TaskStateEntered', { stateEnteredEventDetails: { name: 'AwaitCopy', input: '{}' } }),
          exited(28, 'CopySchema', JSON.stringify({ CopySchema: { verdict: 'done', evidence: { statements: 3 } } })),
          exited(21, 'CheckReadiness', '{}'),
        ],
      });
    const [, second] = await read();
    expect(second).toMatchObject({ error: 'CopyStalled', cause: 'A lock.', evidence: { CopySchema: { statements: 3 } } });
  });

  it('have the time of each task and of each map, from the first entry to the last exit', async () => {
    api
      .on(GetExecutionHistoryCommand, { executionArn: arnOf('Replicate', 'first'), includeExecutionData: false })
      .resolves({ events: [entered(10, 'CheckReadiness'), exited(11, 'CheckReadiness'), entered(11, 'AwaitCopy')], nextToken: 'more' });
    api
      .on(GetExecutionHistoryCommand, { executionArn: arnOf('Replicate', 'first'), includeExecutionData: false, nextToken: 'more' })
      .resolves({
        events: [
          ...[
            exited(12, 'AwaitCopy'),
            entered(12, 'IsAwaitCopyDone', 'ChoiceStateEntered'),
            entered(13, 'AwaitCopy'),
            exited(15, 'AwaitCopy'),
          ],
          ...[
            entered(15, 'CopyInParts', 'MapStateEntered'),
            exited(18, 'CopyInParts', undefined, 'MapStateExited'),
            entered(18, 'BuildKeys'),
          ],
        ],
      });
    const [first] = await read();
    const time = (second: number): string => at(second).toISOString();
    expect(first?.states).toEqual([
      { name: 'CheckReadiness', startedAt: time(10), endedAt: time(11), visits: 1 },
      { name: 'AwaitCopy', startedAt: time(11), endedAt: time(15), visits: 2 },
      { name: 'CopyInParts', startedAt: time(15), endedAt: time(18), visits: 1 },
      { name: 'BuildKeys', startedAt: time(18), endedAt: null, visits: 1 },
    ]);
  });

  it('are an error that names the right where one is missing', async () => {
    api.on(GetExecutionHistoryCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(read()).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('states:GetExecutionHistory'),
    });
  });
});
