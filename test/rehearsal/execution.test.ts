import { describe, expect, it } from 'vitest';
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { type ExecutionOptions, startExecution, type Visited } from '../../rehearsal/machines/execution.ts';
import { FunctionError } from '../../rehearsal/machines/local-function.ts';
import { ExecutionRegistry } from '../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../rehearsal/machines/synthesize.ts';

const { Replicate } = synthesizeMachines();
const done = (evidence: StepResult['evidence'] = null): StepResult => ({ verdict: 'done', nextPollSeconds: 0, since: '', evidence });
const pending: StepResult = { ...done(), verdict: 'pending', nextPollSeconds: 15 };

/** Runs Replicate with functions that do nothing, and as many workers as asked for. */
function start(
  workers: number,
  answer: (step: StepName, event: StepEvent) => StepResult | undefined,
  more: Partial<ExecutionOptions> = {},
) {
  const visits: Visited[] = [];
  const listed = Array.from({ length: workers + 1 }, (_, at) => ({ worker: at + 1, step: at < workers ? 'CopyParts' : 'BuildCopied' }));
  const registry = new ExecutionRegistry();
  registry.begin({ name: 'one', acts: true });
  const execution = startExecution({
    machine: Replicate,
    name: 'one',
    input: {},
    registry,
    places: {} as ExecutionOptions['places'],
    pace: { budgetMs: 1_000, pollMs: 0, retryMs: 0 },
    invoke: async ({ step }, event) => answer(step, event) ?? done(step === 'SeedCopy' ? { way: 'parts', workers: listed } : null),
    onVisited: (visited) => {
      visits.push(visited);
    },
    ...more,
  });
  return { execution, visits };
}

describe('an execution with workers, on this machine', () => {
  it('tells the visits of each worker apart, and counts the state once', async () => {
    const seen = new Map<unknown, number>();
    const { execution, visits } = start(3, (step, { state }) => {
      if (step !== 'CopyParts') return undefined;
      seen.set(state.worker, (seen.get(state.worker) ?? 0) + 1);
      return seen.get(state.worker) === 2 ? done() : pending;
    });
    const { status, states, transitions } = await execution.ended;
    expect(status).toBe('SUCCEEDED');
    const copying = visits.filter(({ step }) => step === 'CopyParts');
    expect(copying.map(({ worker }) => worker?.number).toSorted()).toEqual([1, 1, 2, 2, 3, 3]);
    expect(copying.every(({ worker }) => worker?.of === 3)).toBe(true);
    expect(copying.filter(({ outcome }) => 'verdict' in outcome && outcome.verdict === 'done').map(({ visits: count }) => count)).toEqual([
      2, 2, 2,
    ]);
    expect(visits.filter(({ step }) => step === 'BuildCopied')).toMatchObject([{ worker: undefined, visits: 1 }]);
    expect(states.filter(({ name }) => /CopyParts|BuildCopied/.test(name))).toMatchObject([
      { name: 'CopyParts', visits: 6 },
      { name: 'BuildCopied', visits: 1 },
    ]);
    expect(transitions).toBeGreaterThan(30);
  });

  it('takes more workers side by side than the interpreter does by itself', async () => {
    let most = 0;
    let now = 0;
    const { execution } = start(100, () => undefined, {
      invoke: async ({ step }) => {
        if (step === 'SeedCopy')
          return done({ way: 'parts', workers: Array.from({ length: 100 }, (_, at) => ({ worker: at + 1, step: 'CopyParts' })) });
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return done();
      },
    });
    expect((await execution.ended).status).toBe('SUCCEEDED');
    expect(most).toBe(100);
  });

  it('ends every worker where it is stopped, and leaves nothing under way', async () => {
    let visited = 0;
    const { execution } = start(5, (step) => (step === 'CopyParts' ? pending : undefined), {
      onVisited: ({ step }, { abort }) => {
        if (step === 'CopyParts') visited += 1;
        if (visited === 12) abort();
      },
    });
    const { status, states } = await execution.ended;
    expect(status).toBe('ABORTED');
    expect(states.map(({ name }) => name)).not.toContain('FinishParts');
    const then = visited;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(visited).toBe(then);
  });

  it('goes on where workers fail', async () => {
    const { execution, visits } = start(2, (step, { state }) => {
      if (step === 'CopyParts' && state.worker === 1) throw new FunctionError('TypeError', 'a defect');
      return undefined;
    });
    const { status } = await execution.ended;
    expect(status).toBe('SUCCEEDED');
    expect(visits.filter(({ outcome }) => outcome instanceof FunctionError)).toMatchObject([
      { step: 'CopyParts', worker: { number: 1, of: 2 } },
    ]);
  });
});
