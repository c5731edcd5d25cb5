import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serving } from '../../../../lambdas/checks/cutover/serving.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { commitGate, fenceGate, liftFence } from '../../../../lambdas/state/gates.sql.ts';
import { ensureGate } from '../../../../lambdas/state/gates.ts';
import { blocker, summary } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const ATTEMPT = '11111111-1111-4111-8111-111111111111';

describe('the serving side', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  const fence = async () => {
    const { source } = world.ports('test').acting;
    const seen = await ensureGate(source);
    await source.query(fenceGate({ seen, epoch: seen.epoch + 1, execution: 'nightly', attempt: ATTEMPT, seconds: 60 }));
    return source;
  };

  it('is the source before any switch, with no way back', async () => {
    expect(await switchFindings(world, [serving])).toEqual([]);
    const found = await switchFindings(world, [serving], { direction: ROLLBACK });
    expect(summary(found)).toEqual({ ServedElsewhere: blocker('source') });
    expect(found[0]?.remedy).toContain('Start Cutover');
  });

  it('is not switched from while a fence is up, and Recovery is named', async () => {
    const source = await fence();
    for (const direction of [undefined, ROLLBACK]) {
      const found = await switchFindings(world, [serving], direction ? { direction } : {});
      expect(summary(found)).toEqual({ SwitchInterrupted: blocker('the source is fenced') });
      expect(found[0]?.message).toMatch(/Its fence has \d+ s left/);
      expect(found[0]?.remedy).toContain('Start Recovery');
    }
    await source.query(liftFence());
    expect(await switchFindings(world, [serving])).toEqual([]);
  });

  it('is the target after a commit, open to Rollback and not to Cutover', async () => {
    const source = await fence();
    await ensureGate(world.ports('test').acting.target);
    await source.query(commitGate(ATTEMPT));
    expect(await switchFindings(world, [serving], { direction: ROLLBACK })).toEqual([]);
    const found = await switchFindings(world, [serving]);
    expect(summary(found)).toEqual({ ServedElsewhere: blocker('target') });
    expect(found[0]?.message).toMatch(/serves the application already, since 20\d\d-/);
    expect(found[0]?.remedy).toContain('Start Rollback');
  });
});
