import { describe, expect, it } from 'vitest';
import { TransientError, VerificationError } from '../../../lambdas/config/errors.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import type { Verdict } from '../../../lambdas/engine/contract.ts';
import { nextPollSeconds, runStep, type Step } from '../../../lambdas/engine/step.ts';

type Plain = Step<never, Verdict, { saw: Verdict }>;

/** A step whose inspections return these verdicts, one after the other. */
function stepThatSees(...verdicts: Verdict[]): Plain & { acts: number } {
  const step = {
    needs: [],
    acts: 0,
    inspect: async () => verdicts.shift() ?? 'done',
    judge: (seen: Verdict) => seen,
    async act() {
      step.acts += 1;
    },
    evidence: (saw: Verdict) => ({ saw }),
  };
  return step;
}

const START = Date.parse('2026-01-01T00:00:00Z');
const logged: string[] = [];
const run = (step: Plain, state: Record<string, unknown> = {}, now = START) =>
  runStep(
    'Example',
    step,
    { state, execution: 'test' },
    {
      input: parseInput({}),
      looking: {},
      acting: {},
      remainingMs: () => 1000,
      log: { info: (message) => logged.push(message), warn: (message) => logged.push(message) },
      now: () => now,
    },
  );

describe('one visit of a step', () => {
  it('acts on todo, inspects again and reports the second inspection', async () => {
    const step = stepThatSees('todo', 'done');
    expect(await run(step)).toEqual({ verdict: 'done', nextPollSeconds: 0, since: '2026-01-01T00:00:00.000Z', evidence: { saw: 'done' } });
    expect(step.acts).toBe(1);
  });

  it.each(['pending', 'done'] as const)('does not act when the first inspection says %s', async (verdict) => {
    const step = stepThatSees(verdict);
    expect((await run(step)).verdict).toBe(verdict);
    expect(step.acts).toBe(0);
  });

  it('fails when it acted without effect', async () => {
    await expect(run(stepThatSees('todo', 'todo'))).rejects.toBeInstanceOf(VerificationError);
  });

  it('is pending when it left work open, and continues at the next visit', async () => {
    const step: Plain = { ...stepThatSees('todo', 'todo', 'todo', 'done'), act: async () => 'pending' };
    const first = await run(step);
    expect(first).toMatchObject({ verdict: 'pending', nextPollSeconds: 15, evidence: { saw: 'todo' } });
    expect((await run(step, { Example: first }, START + 60_000)).verdict).toBe('done');
  });

  it('reports its second inspection rather than the result of the act', async () => {
    const step: Plain = { ...stepThatSees('todo', 'done'), act: async () => 'pending' };
    expect((await run(step)).verdict).toBe('done');
  });

  it('refuses a step that wants to act and cannot', async () => {
    const { act: _, ...looksOnly } = stepThatSees('todo');
    await expect(run(looksOnly)).rejects.toBeInstanceOf(VerificationError);
  });

  it('keeps the time of its first visit and polls less often over time', async () => {
    const first = await run(stepThatSees('pending'));
    const later = await run(stepThatSees('pending'), { Example: first }, START + 3_600_000);
    expect(later).toMatchObject({ since: first.since, nextPollSeconds: 216 });
  });

  it('passes errors on unchanged and logs ours', async () => {
    const broken: Plain = {
      ...stepThatSees(),
      async inspect() {
        throw new TransientError('the network blinked');
      },
    };
    await expect(run(broken)).rejects.toThrow('the network blinked');
    expect(logged.at(-1)).toBe('Example will be tried again');
  });
});

it('a pending step polls between 15 seconds and an hour apart', () => {
  expect([0, 299, 300, 600, 86_400, 30 * 86_400].map(nextPollSeconds)).toEqual([15, 18, 18, 36, 5184, 5400]);
});
