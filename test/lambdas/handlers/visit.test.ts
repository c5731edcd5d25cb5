import { describe, expect, it } from 'vitest';
import { InvalidInput, TransientError, VerificationError } from '../../../lambdas/config/errors.ts';
import type { StepEvent } from '../../../lambdas/engine/contract.ts';
import { type Host, visitStep } from '../../../lambdas/handlers/visit.ts';
import type { Bindings } from '../../../lambdas/ports/bindings.ts';
import { member, state } from '../../support/cluster.ts';
import { silent } from '../../support/world.ts';

const event: StepEvent = {
  input: {},
  state: {},
  execution: 'e',
  executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:Replicate:e',
  startedAt: '2026-01-01T00:00:00.000Z',
  polls: true,
};

/** A cluster whose writer is as `status` says; RebootSource reads nothing else while it is not available. An unmanaged one has no writer. */
const host = (status: string, overrides: Partial<Host> = {}): Host => {
  const cluster: Partial<Bindings['cluster']> = {
    migrationGroup: 'group',
    describe: async () => (status === 'unmanaged' ? undefined : state({ members: [member({ instance: 'i', status })] })),
  };
  return { bindings: async () => ({ cluster: cluster as Bindings['cluster'] }), remainingMs: () => 60_000, log: silent, ...overrides };
};

describe('a visit', () => {
  it('ends in the result of the step', async () => {
    const evidence = { instance: 'not managed by RDS, or failing over' };
    await expect(visitStep('RebootSource', event, host('unmanaged'))).resolves.toMatchObject({
      verdict: 'done',
      nextPollSeconds: 0,
      evidence,
    });
  });

  it('keeps the time of the first visit to the step', async () => {
    const since = '2026-01-01T00:00:00.000Z';
    const state = { RebootSource: { verdict: 'pending', nextPollSeconds: 15, since, evidence: null } };
    await expect(visitStep('RebootSource', { ...event, state }, host('rebooting'))).resolves.toMatchObject({ verdict: 'pending', since });
  });

  it('refuses a pending step in a machine that would go on without it', async () => {
    await expect(visitStep('RebootSource', { ...event, polls: false }, host('rebooting'))).rejects.toBeInstanceOf(VerificationError);
    await expect(visitStep('RebootSource', { ...event, polls: false }, host('unmanaged'))).resolves.toMatchObject({ verdict: 'done' });
  });

  it('refuses an input that only another machine understands', async () => {
    const input = { target: 'keep' };
    await expect(visitStep('RebootSource', { ...event, input }, host('unmanaged'))).rejects.toBeInstanceOf(InvalidInput);
    const bindings: Host['bindings'] = async () => {
      throw new TransientError('so far');
    };
    await expect(visitStep('DropReplication', { ...event, input }, host('', { bindings }))).rejects.toThrow('so far');
  });

  it('resolves no binding before the input is validated', async () => {
    let asked = false;
    const bindings: Host['bindings'] = async () => {
      asked = true;
      return {};
    };
    await expect(visitStep('RebootSource', { ...event, input: { colour: 1 } }, host('available', { bindings }))).rejects.toBeInstanceOf(
      InvalidInput,
    );
    expect(asked).toBe(false);
  });

  it('passes on the error of resolving a binding', async () => {
    const bindings: Host['bindings'] = async () => {
      throw new TransientError('not now');
    };
    await expect(visitStep('RebootSource', event, host('available', { bindings }))).rejects.toBeInstanceOf(TransientError);
  });
});
