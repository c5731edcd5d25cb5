import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotReady } from '../../../lambdas/config/errors.ts';
import { createCopyPlan, recordCopyPlan, recordFinished } from '../../../lambdas/state/copy-plan.sql.ts';
import { createHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { endParts, listParts } from '../../support/listed-parts.ts';
import { startWorld, type World } from '../../support/world.ts';

/** A world in which CopySchema has decided to copy in parts, with this many workers. */
async function planned(workers = 8): Promise<World> {
  const world = await startWorld({ target: 17, targetSchema: createHeartbeat().text });
  const { acting, close } = world.ports('test');
  await acting.target.transaction(async (session) => {
    await session.query(createCopyPlan());
    await session.query(recordCopyPlan(8_192, workers));
  });
  await close();
  return world;
}

const plan = (world: World) => world.target('select workers, seed, listed_at, finished_at from planetscale_migration.copy_plan');
const asking = (copyWorkers: number) => ({ input: { copyWorkers } });

describe('SetPace', () => {
  describeLifecycle('SetPace', { world: () => planned(), effect: plan, ...asking(3) });

  let world: World;
  beforeAll(async () => {
    world = await startWorld({ target: 18, targetSchema: createHeartbeat().text });
  });
  afterAll(() => world?.destroy());

  it('needs a number, and says which to give', async () => {
    await expect(world.visit('SetPace')).rejects.toThrow(NotReady);
    await expect(world.visit('SetPace')).rejects.toThrow(/Nothing was changed\. Start it with \{"copyWorkers": 16\}/);
  });

  it('refuses where nothing is copied in parts, and leaves no table behind', async () => {
    await expect(world.visit('SetPace', asking(3))).rejects.toThrow(/Nothing is copied in parts.*Nothing was changed/s);
    expect(await world.target(`select to_regclass('planetscale_migration.copy_plan') as made`)).toEqual([{ made: null }]);
  });

  it('sets the number before and while parts are copied, 0 for a pause, and refuses once all are there', async () => {
    const { acting, close } = world.ports('test');
    await acting.target.transaction(async (session) => {
      await session.query(createCopyPlan());
      await session.query(recordCopyPlan(8_192, 8));
    });
    expect(await world.visit('SetPace', asking(0))).toMatchObject({
      verdict: 'done',
      evidence: { workers: 0, working: 0, before: 8 },
    });
    await world.target('create table public.a (id int); create table public.b (id int)');
    const endHolder = await listParts(world, [
      { schema: 'public', table: 'a' },
      { schema: 'public', table: 'b' },
    ]);
    const [before] = await plan(world);
    const parts = await world.target('select part, execution, attempts, done_at from planetscale_migration.copy_part order by part');
    expect(await world.visit('SetPace', asking(200))).toMatchObject({ evidence: { workers: 200, working: 1, before: 0 } });
    expect(await plan(world)).toEqual([{ ...before, workers: 200 }]);
    expect(await world.target('select part, execution, attempts, done_at from planetscale_migration.copy_part order by part')).toEqual(
      parts,
    );
    await endParts(world, 1, 2);
    await acting.target.query(recordFinished());
    await expect(world.visit('SetPace', asking(8))).rejects.toThrow(/The copy in parts is finished.*Nothing was changed/s);
    expect(await plan(world)).toMatchObject([{ workers: 200 }]);
    await endHolder();
    await close();
  });
});
