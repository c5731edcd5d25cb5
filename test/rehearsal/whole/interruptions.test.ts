import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { MACHINES, type Stage } from '../../../lambdas/engine/machines.ts';
import { noApplication, noHook, noMadeLogin } from '../../../lambdas/ports/application.ts';
import { noLimit } from '../../../lambdas/ports/concurrency.ts';
import { noFunctions } from '../../../lambdas/ports/functions.ts';
import { WITHOUT_TOKEN } from '../../../lambdas/ports/planetscale.ts';
import { replicationSecret } from '../../../rehearsal/bindings.ts';
import { conclude } from '../../../rehearsal/conclude.ts';
import { examine } from '../../../rehearsal/examine.ts';
import { type ExecutionOptions, type Outcome, startExecution, type Visited } from '../../../rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../../rehearsal/machines/synthesize.ts';
import { loadShop } from '../../../rehearsal/shop/load.ts';
import { openSides, type Sides } from '../../../rehearsal/sides.ts';
import { SHOP_SUBJECTS } from '../../../rehearsal/workload/shop-subjects.ts';
import { startWorkload, type Workload } from '../../../rehearsal/workload/workload.ts';
import { QUICK, rehearseQuickly, silentProgress, sql } from '../../support/rehearsal.ts';

const WAYS: readonly (readonly [string, Readonly<Record<string, Json>>])[] = [
  ['by stream', { copy: 'stream' }],
  ['in parts', { copy: 'parts', partBytes: 32_768, copyWorkers: 2 }],
];

describe.each(WAYS)('Replicate, copying %s, stopped and started again', (_, way) => {
  const machines = synthesizeMachines();
  const registry = new ExecutionRegistry();
  let sides: Sides;
  let workload: Workload;
  beforeAll(async () => {
    sides = await openSides({ source: { kind: 'embedded', version: 15 }, target: { kind: 'embedded', version: 18 } });
    await loadShop(sides.source, 2_000);
    await sides.passByPolicies();
    workload = startWorkload({ secret: { read: async () => sides.source }, subjects: SHOP_SUBJECTS, writers: 2, rate: 40 });
  });
  afterAll(async () => {
    workload.abandon();
    await workload.stop();
    sides.destroy();
  });

  const secret = replicationSecret('canary replication');
  const start = (onVisited: NonNullable<ExecutionOptions['onVisited']> = () => {}) =>
    startExecution({
      machine: machines.Replicate,
      name: `test-${randomBytes(4).toString('hex')}`,
      input: { ...sides.input, ...way },
      registry,
      pace: QUICK,
      onVisited,
      places: {
        source: sides.source,
        target: sides.target,
        cluster: sides.cluster,
        application: noApplication,
        applicationLogin: noMadeLogin,
        hook: noHook,
        functions: noFunctions,
        concurrency: noLimit,
        ...WITHOUT_TOKEN,
        replication: {
          user: REPLICATION_ROLE,
          password: secret.password,
          host: sides.source.host,
          port: sides.source.port,
          sslmode: sides.sslmode,
        },
        wayBack: sides.wayBack,
        replicationSecret: secret,
      },
    });

  // Each state is left right after its first visit, when it has just taken effect for the first time, and a polling one once more when
  // it is done. The next run begins all over again.
  const stops = MACHINES.Replicate.order.flatMap(({ step, polls, workers }: Stage) => [
    // Once stopped there, the workers may bring every part before their visits end, so that none is begun again.
    ...(way.copy === 'parts' && workers ? [['CopyParts', 'the first visit']] : []),
    [step, 'the first visit'],
    ...(polls ? [[step, 'the last visit']] : []),
  ]);
  const children: readonly string[] = MACHINES.Replicate.order.flatMap(({ workers }: Stage) => workers?.steps ?? []);

  it.each(stops)('continues where it was stopped in %s after %s', async (stop, when) => {
    const { status, failure, states } = await start(({ step, outcome }: Visited, execution) => {
      if (step === stop && 'verdict' in outcome && (when === 'the first visit' || outcome.verdict === 'done')) execution.abort();
    }).ended;
    expect([status, failure]).toEqual(['ABORTED', undefined]);
    // Children that are under way come to the end of their visit.
    const last = states.at(-1)?.name ?? '';
    expect(children.includes(last) ? children : [last]).toContain(stop);
  });

  it('refuses the younger of two at once, and the older completes', async () => {
    let younger: Promise<Outcome> | undefined;
    const older = await start(() => {
      younger ??= start().ended;
    }).ended;
    expect(older.status).toBe('SUCCEEDED');
    const refused = await younger;
    expect(refused).toMatchObject({ status: 'FAILED', failure: { error: 'AlreadyRunning' } });
    expect(refused?.failure?.cause).toContain('is older and still running');
    expect(refused?.states.map(({ name }) => name)).toEqual(['ConfigureTarget']);
  });

  it('has lost nothing after all interruptions', async () => {
    const outcome = await start().ended;
    await workload.stop();
    const { journal } = workload;
    const examination = await examine({
      ...{ sides, journal, subjects: SHOP_SUBJECTS, progress: silentProgress },
      serving: 'source',
      switched: false,
    });
    const report = await conclude({ sides, journal, written: true, outcomes: [outcome], examination });
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
    expect(report.writes.acknowledged).toBeGreaterThan(100);
  });
});

/** A table cannot be copied before the test allows it, restarts or not: the copy is certainly not over at the first inspection. */
const HOLD_THE_COPY = `begin; lock table shop.department in share mode; prepare transaction 'hold'`;
const LET_IT_GO = `rollback prepared 'hold'`;
const BETWEEN = 'between two inspections of the copy';
const onTarget = ({ target }: Sides, text: string) => sql(target, text);

describe('a server restart', () => {
  it.for([
    ['source', 'fast'],
    ['target', 'fast'],
    ['source', 'crash'],
    ['target', 'crash'],
  ] as const)('during AwaitCopy and AwaitConvergence loses nothing: the %s (%s)', async ([side, shutdown], { signal }) => {
    const restarts: string[] = [];
    let restart: Promise<void> | undefined;
    const restartOnce = (when: string, { servers }: Sides) => {
      if (restarts.includes(when)) return;
      restarts.push(when);
      restart = servers[side]?.restart({}, shutdown);
    };
    const report = await rehearseQuickly(['--rows=20000', '--rate=150', '--until=replicate'], {
      signal, // of the test's time limit, which thus takes the servers away
      targetParameters: {
        wal_retrieve_retry_interval: '200ms', // how long a worker waits before it tries again; five seconds by default
        max_prepared_transactions: 5,
      },
      onVisit({ machine, step }, sides) {
        if (machine === 'Replicate' && (step === 'AwaitCopy' || step === 'AwaitConvergence')) restartOnce(`during ${step}`, sides);
      },
      async onVisited({ machine, step, outcome }, sides) {
        await restart;
        if (machine !== 'Replicate' || !('verdict' in outcome)) return;
        if (outcome.verdict === 'done' && step === 'CreatePublication') await onTarget(sides, HOLD_THE_COPY);
        if (outcome.verdict !== 'pending' || step !== 'AwaitCopy' || restarts.includes(BETWEEN)) return;
        restartOnce(BETWEEN, sides);
        await restart;
        await onTarget(sides, LET_IT_GO);
      },
    });
    expect(restarts).toEqual(['during AwaitCopy', BETWEEN, 'during AwaitConvergence']);
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
  });
});

/** A table of which several parts come after those of another: while it is held, parts of others are there, and parts of it are certainly not. */
const TABLE_TO_HOLD = `
select format('%I.%I', t ->> 'schema', t ->> 'table') as name
from planetscale_migration.copy_part as p cross join jsonb_array_elements(p.tables) as t
where p.range is not null group by 1 having count(*) > 4 and min(p.part) > 1 order by min(p.part) limit 1`;

describe('the source, restarted in the middle of the parts', () => {
  it.for(['fast', 'crash'] as const)(
    'takes the snapshot away, and nothing is lost on the way there and back (%s)',
    async (shutdown, { signal }) => {
      let meddling: Promise<void> | undefined;
      const evidence: Json[] = [];
      let held: string | undefined;
      const meddle = async ({ servers, target }: Sides): Promise<void> => {
        const superuser = servers.target?.superuser();
        if (!superuser) throw new Error('The target is embedded.');
        const at = { ...superuser, database: target.database };
        for (;;) {
          const [state] = await sql(
            at,
            `select (select count(*)::int from planetscale_migration.copy_part where done_at is not null) as done, exists (
            select from pg_stat_activity where usename ~ 'planetscale_migration_copy' and wait_event_type = 'Lock') as waiting`,
          );
          if (state?.waiting === true && Number(state.done) > 0) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await servers.source?.restart({}, shutdown);
        await sql(at, LET_IT_GO);
      };
      const report = await rehearseQuickly(
        ['--rows=20000', '--rate=100', `--input=${JSON.stringify({ copy: 'parts', partBytes: 50_000, copyWorkers: 3 })}`],
        {
          signal,
          targetParameters: { wal_retrieve_retry_interval: '200ms', max_prepared_transactions: 5 },
          onVisit({ machine, step }, sides) {
            if (machine === 'Replicate' && step === 'CopyParts') meddling ??= meddle(sides);
          },
          async onVisited({ machine, step, outcome }, sides) {
            if (machine !== 'Replicate' || !('verdict' in outcome)) return;
            if (outcome.verdict === 'done' && step === 'SeedCopy') {
              [held] = (await onTarget(sides, TABLE_TO_HOLD)).map(({ name }) => String(name));
              await onTarget(sides, `begin; lock table ${held} in share mode; prepare transaction 'hold'`);
            }
            if (step === 'CopyParts') await meddling;
            if (step === 'FinishParts') evidence.push(outcome.evidence);
          },
        },
      );
      expect(evidence.at(-1)).toMatchObject({
        snapshot: 'lost',
        copiedBySubscription: expect.arrayContaining([expect.stringContaining('the snapshot that its parts were read from was lost')]),
      });
      expect(report).toMatchObject({
        reasons: [],
        outcome: 'passed',
        writes: { lost: 0, duplicated: 0 },
        catalogs: { different: [] },
      });
    },
  );
});
