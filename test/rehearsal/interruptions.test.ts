import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE } from '../../lambdas/names.ts';
import { MACHINES } from '../../lib/machines.ts';
import { conclude } from '../../lib/rehearsal/conclude.ts';
import { type ExecutionOptions, type Outcome, startExecution, type Visited } from '../../lib/rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../../lib/rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../lib/rehearsal/machines/synthesize.ts';
import { loadShop } from '../../lib/rehearsal/shop/load.ts';
import { openSides, type Sides } from '../../lib/rehearsal/sides.ts';
import { SHOP_SUBJECTS } from '../../lib/rehearsal/workload/shop-subjects.ts';
import { startWorkload, type Workload } from '../../lib/rehearsal/workload/workload.ts';
import { QUICK, rehearseQuickly, silentProgress } from '../support/rehearsal.ts';

describe('Replicate, stopped and started anew', () => {
  const machines = synthesizeMachines();
  const registry = new ExecutionRegistry();
  let sides: Sides;
  let workload: Workload;
  beforeAll(async () => {
    sides = await openSides({ source: { kind: 'embedded', version: 15 }, target: { kind: 'embedded', version: 18 } });
    await loadShop(sides.source, 2_000);
    workload = startWorkload({ secret: { read: async () => sides.source }, subjects: SHOP_SUBJECTS, writers: 2, rate: 40 });
  });
  afterAll(async () => {
    workload.abandon();
    await workload.stop();
    sides.destroy();
  });

  const start = (onVisited: NonNullable<ExecutionOptions['onVisited']> = () => {}) =>
    startExecution({
      machine: machines.Replicate,
      name: `test-${randomBytes(4).toString('hex')}`,
      input: sides.input,
      registry,
      pace: QUICK,
      onVisited,
      places: {
        source: sides.source,
        target: sides.target,
        cluster: sides.cluster,
        replication: {
          user: REPLICATION_ROLE,
          password: async () => 'canary replication',
          host: sides.source.host,
          port: sides.source.port,
          sslmode: sides.sslmode,
        },
      },
    });

  // In this order each state is stopped at just when it has taken effect for the first time, and the next run begins all over again.
  const stops = MACHINES.Replicate.order.flatMap(({ step, polls }) => (polls ? [`${step} pending`, `${step} done`] : [`${step} done`]));
  const stopAt = async (stop: string): Promise<Outcome> =>
    start(({ step, outcome }: Visited, execution) => {
      if ('verdict' in outcome && `${step} ${outcome.verdict}` === stop) execution.abort();
    }).ended;

  it.each(stops)('goes on after %s', async (stop) => {
    const outcome = await stopAt(stop);
    expect(outcome.failure).toBeUndefined();
    if (stop.endsWith('done')) {
      expect(outcome.status).toBe('ABORTED');
      expect(outcome.states.at(-1)?.name).toBe(stop.split(' ')[0]);
    }
  });

  it('refuses the younger of two at once, and the older goes on to its end', async () => {
    let younger: Promise<Outcome> | undefined;
    const older = await start(() => {
      younger ??= start().ended;
    }).ended;
    expect(older.status).toBe('SUCCEEDED');
    const refused = await younger;
    expect(refused).toMatchObject({ status: 'FAILED', failure: { error: 'AlreadyRunning' } });
    expect(refused?.failure?.cause).toContain('is older and still running');
    expect(refused?.states.map(({ name }) => name)).toEqual(['CheckReadiness']);
  });

  it('has lost nothing over all of that', async () => {
    const outcome = await start().ended;
    await workload.stop();
    const { journal } = workload;
    const report = await conclude({ sides, journal, subjects: SHOP_SUBJECTS, outcomes: [outcome], progress: silentProgress });
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
    expect(report.writes.acknowledged).toBeGreaterThan(100);
  });
});

describe('servers that restart in the middle', () => {
  it.each([
    ['source', 'fast'],
    ['target', 'fast'],
    ['source', 'crash'],
    ['target', 'crash'],
  ] as const)('of AwaitCopy and of AwaitConvergence: the %s (%s)', async (side, shutdown) => {
    const restarted: string[] = [];
    const report = await rehearseQuickly(['--rows=20000', '--rate=150'], {
      async onVisited({ machine, step, outcome }, { servers }) {
        const isBefore = step === 'CreateSubscription' || step === 'BuildIndexes';
        const isDuring = step === 'AwaitCopy' || step === 'AwaitConvergence';
        if (machine !== 'Replicate' || !('verdict' in outcome) || restarted.includes(step)) return;
        // Once when the state is about to be entered, and once more when it has looked and found itself not done.
        if ((isBefore && outcome.verdict === 'done') || (isDuring && outcome.verdict === 'pending')) {
          restarted.push(step);
          await servers[side]?.restart({}, shutdown);
        }
      },
    });
    expect(restarted).toEqual(expect.arrayContaining(['CreateSubscription', 'BuildIndexes']));
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
  });
});
