/** Looking runs no code of a user's, whatever it is attached to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { StepName } from '../../../lambdas/engine/machines.ts';
import { collectMetrics } from '../../../lambdas/monitoring/collect.ts';
import { MetricHistory } from '../../../lambdas/monitoring/history.ts';
import { objectsOf } from '../../../lambdas/schema/fingerprint.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { arm, plantedSource, plantedTarget, ran } from '../../support/planted-objects.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

/** What a step throws is no matter here: only what ran while it looked. */
const visited = (world: World, step: StepName): Promise<unknown> =>
  world
    .until(step, { tries: 20, state: { CompareData: { verdict: 'done', since: new Date().toISOString() } } })
    .catch((error: unknown) => error);

const LOOKING: readonly StepName[] = [
  ...([
    'Forecast',
    'CheckReadiness',
    'CreateReplicationRole',
    'CreatePublication',
    'CreateSubscription',
    'AwaitCopy',
    'AwaitConvergence',
  ] as const),
  ...(['CheckNetwork', 'SyncSequences', 'CheckCutover', 'CheckRollback', 'LiftFence'] as const),
];

describe.each(versions([11, 17] as const, [13, 18] as const, [15, 17] as const, [17, 18] as const, [18, 18] as const))(
  'code planted by users, from version %i to %i (#9.9)',
  (source: ServerVersion, target: 17 | 18) => {
    let world: World;
    beforeAll(async () => {
      const common = Math.min(source, target);
      world = await startWorld({ source, target, schema: plantedSource(source, common), targetSchema: plantedTarget(target, common) });
      await world.visit('CreateReplicationRole');
      await world.visit('CreatePublication');
      await world.visit('CheckNetwork');
      await world.until('CreateSubscription');
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
      await arm(world);
    });
    afterAll(() => world?.destroy());

    it('does not run during a comparison, which finds the differences', async () => {
      const error = (await world.until('CompareData').catch((thrown: unknown) => thrown)) as Error;
      expect(await ran(world)).toEqual([]);
      expect(error).toMatchObject({ name: 'DataDiffers' });
      for (const found of [
        '"evil"."by_season": k = spring, n = 7 (different: note); k = autumn, n = 7 (different: note)',
        '"evil"."by_mood": a row that is once on the source and not on the target (missing on the target)',
        '"evil"."by_domain": id = 7 (different: note)',
        '"evil"."loose": a row that is once on the source and not on the target (missing on the target)',
        '"evil"."derived": id = 7 (missing on the target)',
      ]) {
        expect(error.message).toContain(found);
      }
    });

    it.each(LOOKING)('does not run while %s inspects', async (step) => {
      await visited(world, step);
      expect(await ran(world)).toEqual([]);
    });

    it('does not run while the schema of both sides is read', async () => {
      const ports = openPorts('CheckCutover', world.places);
      for (const side of [ports.looking.source, ports.looking.target]) {
        const objects = await objectsOf(side, { excludeSchemas: [], excludeTables: [] });
        expect(objects.map(({ object }) => object)).toContain('column evil.by_mood.late');
      }
      await ports.close();
      expect(await ran(world)).toEqual([]);
    });

    it('does not run while the monitoring function reads', async () => {
      const ports = openPorts('Watch', world.places);
      const { failures } = await collectMetrics(ports.looking, new MetricHistory(), true);
      await ports.close();
      expect(failures).toEqual([]);
      expect(await ran(world)).toEqual([]);
    });

    it('runs as the read-only role where the planner evaluates it, as a constant in an index', async () => {
      for (const run of [world.source, world.target]) await run('create index on evil.derived ((n + evil.derived(1)))');
      await ran(world);
      for (const step of LOOKING) await visited(world, step);
      expect(await ran(world)).toEqual([]);
      await world.until('CompareData').catch(() => {});
      const found = await ran(world);
      expect(found.filter((line) => !line.endsWith(`as ${REPLICATION_ROLE}`))).toEqual([]);
    });

    it('is reported when it does run', async () => {
      await world.source('select k::text from evil.by_mood limit 1');
      expect(await ran(world)).toEqual(['source: mood_text(evil.mood) as rdsadmin']);
    });
  },
);
