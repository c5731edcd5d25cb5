import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { executionsPort } from '../../../lambdas/adapters/executions.ts';

const HOME = 'arn:aws:states:eu-central-1:111122223333';
const REPLICATE = `${HOME}:stateMachine:App-Replicate`;
const CUTOVER = `${HOME}:stateMachine:App-Cutover`;
const executionOf = (machine: string, name: string): string => `${machine.replace(':stateMachine:', ':execution:')}:${name}`;
const api = mockClient(SFNClient);

const listed = (machine: string, name: string, started: string) => ({
  executionArn: executionOf(machine, name),
  stateMachineArn: machine,
  name,
  status: 'RUNNING' as const,
  startDate: new Date(started),
});
const older = (machine: string, name: string, startedAt: string) =>
  executionsPort(new SFNClient({}), [REPLICATE, CUTOVER], { executionArn: executionOf(machine, name), startedAt }).older();

const runningOn = (machine: string, ...executions: ReturnType<typeof listed>[]) =>
  api.on(ListExecutionsCommand, { stateMachineArn: machine, statusFilter: 'RUNNING' }).resolves({ executions });

beforeEach(() => {
  api.reset();
  runningOn(REPLICATE);
  runningOn(CUTOVER);
});

describe('the older execution', () => {
  it('is none where this one runs alone', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
  });

  it('is the oldest of all machines that act', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'second', '2026-01-01T09:30:00Z'), listed(REPLICATE, 'mine', '2026-01-01T10:00:00Z'));
    runningOn(CUTOVER, listed(CUTOVER, 'first', '2026-01-01T09:00:00Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('first of App-Cutover');
  });

  it('is none where the others are younger', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'younger', '2026-01-01T10:00:01Z'));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
  });

  it('is the same for both of two that began in the same millisecond', async () => {
    const started = '2026-01-01T10:00:00.000Z';
    runningOn(REPLICATE, listed(REPLICATE, 'a', started), listed(REPLICATE, 'b', started));
    await expect(older(REPLICATE, 'a', started)).resolves.toBeUndefined();
    await expect(older(REPLICATE, 'b', started)).resolves.toBe('a of App-Replicate');
  });

  it('is found on any page', async () => {
    const [machine, rest] = [{ stateMachineArn: REPLICATE }, { nextToken: 'more' }];
    api.on(ListExecutionsCommand, machine).resolves({ executions: [listed(REPLICATE, 'mine', '2026-01-01T10:00:00Z')], ...rest });
    api.on(ListExecutionsCommand, { ...machine, ...rest }).resolves({ executions: [listed(REPLICATE, 'first', '2026-01-01T09:00:00Z')] });
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBe('first of App-Replicate');
  });

  it('does not matter to a machine that only looks', async () => {
    runningOn(REPLICATE, listed(REPLICATE, 'first', '2026-01-01T09:00:00Z'));
    await expect(older(`${HOME}:stateMachine:App-Preflight`, 'mine', '2026-01-01T10:00:00.000Z')).resolves.toBeUndefined();
    expect(api.calls()).toHaveLength(0);
  });

  it.each([
    ['AccessDeniedException', 'InvalidConfiguration', /denied states:ListExecutions/],
    ['ThrottlingException', 'TransientError', /for the moment/],
    ['StateMachineDoesNotExist', 'InvalidConfiguration', /could not be found out/],
  ])('is never taken for none after %s', async (name, ours, message) => {
    api.on(ListExecutionsCommand).rejects(Object.assign(new Error('no'), { name }));
    await expect(older(REPLICATE, 'mine', '2026-01-01T10:00:00.000Z')).rejects.toMatchObject({
      name: ours,
      message: expect.stringMatching(message),
    });
  });
});
