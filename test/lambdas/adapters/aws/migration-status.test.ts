import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readMigrationStatus } from '../../../../lambdas/adapters/aws/migration-status.ts';

const HOME = 'arn:aws:states:eu-central-1:111122223333:stateMachine:My-App';
const REPLICATE = `${HOME}-Replicate`;
const CLEANUP = `${HOME}-Cleanup`;
const api = mockClient(SFNClient);

const listed = (of: { stateMachineArn: string; statusFilter?: 'SUCCEEDED' }, status: 'SUCCEEDED' | 'FAILED', started: string) =>
  api.on(ListExecutionsCommand, { ...of, maxResults: 1 }, true).resolves({
    executions: [{ executionArn: 'e', stateMachineArn: of.stateMachineArn, name: 'e', status, startDate: new Date(started) }],
  });
const standing = () => readMigrationStatus(new SFNClient({}), [REPLICATE, CLEANUP]);

beforeEach(() => {
  api.reset();
  api.on(ListExecutionsCommand).resolves({ executions: [] });
});

describe('the migration status', () => {
  it("follows from the newest execution of each machine, whatever the stack's name", async () => {
    await expect(standing()).resolves.toEqual({ open: false, replicated: false });
    listed({ stateMachineArn: REPLICATE }, 'SUCCEEDED', '2026-01-01T10:00:00Z');
    await expect(standing()).resolves.toEqual({ open: true, replicated: true });
  });

  it("passes over children of a machine's map, in case these are listed, to the execution that began them", async () => {
    const of = { stateMachineArn: REPLICATE };
    const execution = (executionArn: string, status: 'SUCCEEDED' | 'RUNNING') => ({
      ...{ executionArn, stateMachineArn: REPLICATE, name: 'e', status, startDate: new Date('2026-01-01T10:00:00Z') },
    });
    const child = execution('arn:aws:states:eu-central-1:111122223333:execution:My-App-Replicate/CopyInParts:e', 'SUCCEEDED');
    api.on(ListExecutionsCommand, { ...of, maxResults: 1 }, true).resolves({ executions: [child], nextToken: 'more' });
    api
      .on(ListExecutionsCommand, { ...of, maxResults: 1_000, nextToken: 'more' }, true)
      .resolves({ executions: [child, execution('arn:aws:states:eu-central-1:111122223333:execution:My-App-Replicate:e', 'RUNNING')] });
    await expect(standing()).resolves.toEqual({ open: true, replicated: false });
    api.on(ListExecutionsCommand, { ...of, maxResults: 1_000, nextToken: 'more' }, true).resolves({ executions: [child] });
    await expect(standing()).resolves.toEqual({ open: false, replicated: false });
  });

  it('follows from the newest Cleanup that succeeded, though a later one failed', async () => {
    listed({ stateMachineArn: REPLICATE }, 'FAILED', '2026-01-01T10:00:00Z');
    listed({ stateMachineArn: CLEANUP }, 'FAILED', '2026-01-01T12:00:00Z');
    await expect(standing()).resolves.toEqual({ open: true, replicated: false });
    listed({ stateMachineArn: CLEANUP, statusFilter: 'SUCCEEDED' }, 'SUCCEEDED', '2026-01-01T11:00:00Z');
    await expect(standing()).resolves.toEqual({ open: false, replicated: false });
  });

  it('is an error where an answer is missing', async () => {
    api.on(ListExecutionsCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(standing()).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('states:ListExecutions'),
    });
  });
});
