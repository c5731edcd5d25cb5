/** Every step that reads or acts in a database, beside a schema of our name that another role has made. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../../lambdas/adapters/open-ports.ts';
import { NotOurs, NotReady } from '../../../../lambdas/config/errors.ts';
import type { SideName } from '../../../../lambdas/config/side-name.ts';
import type { StepName } from '../../../../lambdas/engine/machines.ts';
import { collectMetrics } from '../../../../lambdas/monitoring/collect.ts';
import { MetricHistory } from '../../../../lambdas/monitoring/history.ts';
import type { Reader } from '../../../../lambdas/ports/database.ts';
import { stepNamed } from '../../../../lambdas/steps/index.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { PLANTATIONS, type Planter, planterOn } from '../../../support/planted.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** In the order of a migration; those that only change the cluster are not here. */
const STEPS: readonly StepName[] = [
  ...([
    'CreateReplicationRole',
    'CopySchema',
    'TrySample',
    'CreatePublication',
    'CheckNetwork',
    'CreateSubscription',
    'AwaitCopy',
    'BuildIndexes',
  ] as const),
  ...([
    'AwaitConvergence',
    'SyncSequences',
    'CompareData',
    'CheckCutover',
    'SwitchOver',
    'LiftFence',
    'CheckRollback',
    'SwitchBack',
  ] as const),
];
/** Those that cannot do without the schema on this side, and so have to say what is wrong. */
const REFUSED: Readonly<Record<SideName, readonly StepName[]>> = {
  source: ['CreateReplicationRole', 'CreateSubscription', 'CheckCutover', 'SwitchOver', 'LiftFence', 'CheckRollback'],
  target: ['CopySchema', 'CheckCutover', 'SwitchOver', 'LiftFence', 'CheckRollback'],
};

const errorOf = (work: Promise<unknown>): Promise<Error | undefined> =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

const PLACES: readonly (readonly [side: SideName, source: ServerVersion, target: ServerVersion])[] = [
  ...versions(11, 13, 15, 17, 18).map((version) => ['source', version, 18] as const),
  ['target', 15, 17],
  ['target', 15, 18],
];

describe.each(PLACES)('a schema of our name on the %s, from %i to %i (#9.10)', (side, source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target });
  });
  afterAll(() => world?.destroy());

  describe.each(PLANTATIONS)('of another owner, with %s in it', (name, plant, named) => {
    let one: World;
    let planter: Planter;
    let before: number;
    beforeAll(async () => {
      one = await world.sibling(name);
      await one.asSourceRole('create table public."No key" (a int); create table public.t (id bigserial primary key)');
      planter = await planterOn(one, side);
      await planter.run(plant);
      before = await planter.settled(); // its owner has written to what was planted
    });

    it('blocks Preflight together with all other blockers, with the object and the remedy', async () => {
      const error = await errorOf(one.visit('CheckReadiness'));
      expect(error).toBeInstanceOf(NotReady);
      for (const part of [
        `${side}: ${named}`,
        '. NotOurs: ',
        `drop schema planetscale_migration cascade; -- on the ${side}`,
        'NoReplicaIdentity',
      ]) {
        expect(error?.message).toContain(part);
      }
      expect(error?.message).not.toContain('CouldNotTell');
      expect(await planter.settled()).toBe(before);
    });

    it('is refused by every step that would use it, and runs in none', async () => {
      for (const step of STEPS) {
        const error = await errorOf(one.run(step, stepNamed(step), { budgetMs: 25_000 }));
        expect(`${step} ran ${(await planter.runs()) - before}`).toBe(`${step} ran 0`);
        if (!REFUSED[side].includes(step)) continue;
        expect(error, step).toBeInstanceOf(NotOurs);
        expect(error?.message, step).toContain(`On the ${side} at `);
        expect(error?.message, step).toContain(named);
      }
      expect(await planter.settled()).toBe(before);
    });

    it('is reported by the monitoring function, and does not run', async () => {
      const ports = openPorts('Watch', one.places);
      const both = ports.looking as { source: Reader; target: Reader };
      const { failures } = await collectMetrics(both, new MetricHistory(), true).finally(() => ports.close());
      expect(failures).toContainEqual(expect.any(NotOurs));
      expect(await planter.settled()).toBe(before);
    });

    it('is left and reported by Cleanup, which removes the rest once it is gone', async () => {
      const error = await errorOf(one.until('DropReplication'));
      expect(error).toMatchObject({ name: 'CleanupIncomplete' });
      for (const part of [`Nothing was dropped on the ${side}`, named, 'drop schema planetscale_migration cascade;']) {
        expect(error?.message).toContain(part);
      }
      expect(await one[side]("select from pg_namespace where nspname = 'planetscale_migration'")).toHaveLength(1);
      expect(await planter.settled()).toBe(before);
      await planter.run('drop schema planetscale_migration cascade');
      expect(await one.until('DropReplication')).toMatchObject({ verdict: 'done' });
    });
  });
});
