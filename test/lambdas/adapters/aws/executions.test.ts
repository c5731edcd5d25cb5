import { DescribeExecutionCommand, ExecutionDoesNotExist, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { executionsPort } from '../../../../lambdas/adapters/aws/executions.ts';

const HOME = 'arn:aws:states:eu-central-1:111122223333';
const REPLICATE = `${HOME}:stateMachine:App-Replicate`;
const CUTOVER = `${HOME}:stateMachine:App-Cutover`;
const RECOVERY = `${HOME}:stateMachine:App-Recovery`;
const executionOf = (machine: string, name: string): string => `${machine.replace(':stateMachine:', ':execution:')}:${name}`;
const api = mockClient(SFNClient);

const listed = (machine: string, name: string, started: string) => ({
  executionArn: executionOf(machine, name),
  stateMachineArn: machine,
  name,
  status: 'RUNNING' as const,
  startDate: new Date(started),
});
const portOf = (machine: string, name: string, startedAt: string) =>
  executionsPort(new SFNClient({}), [REPLICATE, CUTOVER, RECOVERY], { executionArn: executionOf(machine, name), startedAt });
const older = (machine: string, name: string, startedAt: string, ended?: string) => portOf(machine, name, startedAt).older(ended);

const runningOn = (machine: string, ...executions: ReturnType<typeof listed>[]) =>
  api.on(ListExecutionsCommand, { stateMachineArn: machine, statusFilter: 'RUNNING' }).resolves({ executions });

beforeEach(() => {
  api.reset();
  runningOn(REPLICATE);
  runningOn(CUTOVER);
  runningOn(RECOVERY);
  api.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
});

describe('the older running execution', () => {
  it('is undefined for a single execution', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
  });

  it('is the oldest of all acting machines', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'second', '2026-01-01T09:30:00Z'), listed(REPLICATE, 'mine', '2026-01-01T10:00:00Z'));
    runningOn(CUTOVER, listed(CUTOVER, 'first', '2026-01-01T09:00:00Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('first of App-Cutover');
  });

  it('is undefined where the others are younger', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'younger', '2026-01-01T10:00:01Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
  });

  it('is the same for both of two that began in the same millisecond', async () => {
    const started = '2026-01-01T10:00:00.000Z';
    runningOn(REPLICATE, listed(REPLICATE, 'a', started), listed(REPLICATE, 'b', started));
    await expect(older(REPLICATE, 'a', started)).resolves.toBeUndefined();
    await expect(older(REPLICATE, 'b', started)).resolves.toBe('a of App-Replicate');
  });

  it('is found on any page of the list', async () => {
    const [machine, rest] = [{ stateMachineArn: REPLICATE }, { nextToken: 'more' }];
    api.on(ListExecutionsCommand, machine).resolves({ executions: [listed(REPLICATE, 'mine', '2026-01-01T10:00:00Z')], ...rest });
    api.on(ListExecutionsCommand, { ...machine, ...rest }).resolves({ executions: [listed(REPLICATE, 'first', '2026-01-01T09:00:00Z')] });
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('first of App-Replicate');
  });

  it("is never a child of a machine's map, one's own or another's, in case these are listed", async () => {
    const child = (name: string, more = {}) => ({ ...listed(REPLICATE, name, '2026-01-01T09:00:00Z'), ...more });
    const labelled = child('worker', { executionArn: `${HOME}:execution:App-Replicate/CopyInParts:worker` });
    const ofARun = child('other', { mapRunArn: `${HOME}:mapRun:App-Replicate/CopyInParts:run` });
    runningOn(REPLICATE, labelled, ofARun, listed(REPLICATE, 'mine', '2026-01-01T10:00:00Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
    await expect(older(CUTOVER, 'mine', '2026-01-01T11:00:00.000Z')).resolves.toBe('mine of App-Replicate');
    expect(api.commandCalls(DescribeExecutionCommand)).toHaveLength(1);
  });

  it('is undefined for a machine that only reads', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'first', '2026-01-01T09:00:00Z'));
    await expect(older(`${HOME}:stateMachine:App-Preflight`, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
    expect(api.calls()).toHaveLength(0);
  });

  it('is undefined where the listed one has ended or is gone (#9.19)', async () => {
    const [ended, gone] = [listed(CUTOVER, 'ended', '2026-01-01T09:00:00Z'), listed(CUTOVER, 'gone', '2026-01-01T09:00:01Z')];
    runningOn(CUTOVER, ended, gone);
    api.on(DescribeExecutionCommand, { executionArn: ended.executionArn }).resolves({ status: 'ABORTED' });
    api
      .on(DescribeExecutionCommand, { executionArn: gone.executionArn })
      .rejects(new ExecutionDoesNotExist({ message: 'no', $metadata: {} }));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
  });

  it('is the oldest of those that run, behind others that are only listed (#9.19)', async () => {
    runningOn(CUTOVER, listed(CUTOVER, 'ended', '2026-01-01T09:00:00Z'), listed(CUTOVER, 'runs', '2026-01-01T09:30:00Z'));
    api.on(DescribeExecutionCommand, { executionArn: executionOf(CUTOVER, 'ended') }).resolves({ status: 'FAILED' });
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('runs of App-Cutover');
  });

  it('is never the one that is known to have ended, whatever the service lists (#9.19)', async () => {
    runningOn(CUTOVER, listed(CUTOVER, 'aborted', '2026-01-01T09:59:59Z'));
    await expect(older(RECOVERY, 'mine', '2026-01-01T10:00:00.000Z', 'aborted')).resolves.toBeUndefined();
    expect(api.commandCalls(DescribeExecutionCommand)).toHaveLength(0);
  });

  it('may be of the same name in a machine that does not switch (#9.19)', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'monday', '2026-01-01T09:00:00Z'));
    await expect(older(RECOVERY, 'mine', '2026-01-01T10:00:00.000Z', 'monday')).resolves.toBe('monday of App-Replicate');
  });

  it('refuses no execution that passed at the same visit and may have acted since (#9.19)', async () => {
    const port = portOf(CUTOVER, 'mine', '2026-01-01T10:00:00.000Z');
    await expect(port.older()).resolves.toBeUndefined();
    runningOn(CUTOVER, listed(CUTOVER, 'twin', '2026-01-01T09:59:59Z'));
    await expect(port.older()).resolves.toBeUndefined();
    await expect(older(CUTOVER, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('twin of App-Cutover');
  });

  it('is an error where its status cannot be read (#9.19)', async () => {
    runningOn(CUTOVER, listed(CUTOVER, 'first', '2026-01-01T09:00:00Z'));
    api.on(DescribeExecutionCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(/denied states:DescribeExecution/),
    });
  });

  it.each([
    ['AccessDeniedException', 'InvalidConfiguration', /denied states:ListExecutions/],
    ['ThrottlingException', 'TransientError', /for the moment/],
    ['StateMachineDoesNotExist', 'InvalidConfiguration', /could not be found out/],
  ])('is an error after %s', async (name, ours, message) => {
    api.on(ListExecutionsCommand).rejects(Object.assign(new Error('no'), { name }));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).rejects.toMatchObject({
      name: ours,
      message: expect.stringMatching(message),
    });
  });
});

describe('an ended execution (#9.19)', () => {
  const steppedAside = () => portOf(RECOVERY, 'mine', '2026-01-01T10:00:00.000Z').steppedAside('monday');
  const missing = new ExecutionDoesNotExist({ message: 'no', $metadata: {} });

  it.each([
    [{ status: 'FAILED', error: 'AlreadyRunning' }, true],
    [{ status: 'FAILED', error: 'SwitchFailed' }, false],
    [{ status: 'ABORTED' }, false],
    [{ status: 'RUNNING' }, false],
  ] as const)('counts as stepped aside where it is listed as %j: %s', async (told, aside) => {
    api.on(DescribeExecutionCommand).rejects(missing);
    api.on(DescribeExecutionCommand, { executionArn: executionOf(CUTOVER, 'monday') }).resolves(told);
    await expect(steppedAside()).resolves.toBe(aside);
  });

  it('does not count as stepped aside where none has its name, or one of its name ended otherwise', async () => {
    api.on(DescribeExecutionCommand).rejects(missing);
    await expect(steppedAside()).resolves.toBe(false);
  });
});
