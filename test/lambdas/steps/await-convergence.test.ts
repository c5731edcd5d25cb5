import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplicationBroken, TransientError } from '../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { holdForward } from '../../support/held.ts';
import { hostileRows } from '../../support/hostile.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, replicated, type SharedServers, sharedServers, sidesAgree } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

/** Fifteen seconds are kept for returning, so this is time for one sample of two seconds. */
const ONE_SHORT_LOOK_MS = 17_000;

const marked = async (world: World) =>
  (await world.target(`select from planetscale_migration.heartbeat where token like 'test:%'`)).length > 0;

describe('AwaitConvergence', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  describeLifecycle('AwaitConvergence', { world: () => servers.replicated(), effect: marked });
});

describe.each([
  [11, 18],
  [13, 17],
  [17, 18],
] as const)('AwaitConvergence from %i to %i', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await replicated({ source, target });
  });
  afterAll(() => world?.destroy());

  it('takes three good lag samples, within one visit where there is time', async () => {
    const result = await world.until('AwaitConvergence');
    expect(result.evidence).toMatchObject({ streak: 3, arrived: true, confirmed: true });
    const heartbeats = await world.source('select count(*)::int as count, max(id)::int as last from planetscale_migration.heartbeat');
    expect(heartbeats).toEqual([
      { count: (result.evidence as { looks: number }).looks, last: (result.evidence as { looks: number }).looks },
    ]);
  });

  it('carries the streak from visit to visit where time runs out', async () => {
    const budgetMs = ONE_SHORT_LOOK_MS;
    const earlier = { AwaitConvergence: { evidence: { looks: 100, streak: 1 }, since: new Date().toISOString() } };
    const second = await world.visit('AwaitConvergence', { budgetMs, state: earlier });
    expect(second).toMatchObject({ verdict: 'pending', evidence: { looks: 101, streak: 2 } });
    const third = await world.visit('AwaitConvergence', { budgetMs, state: { AwaitConvergence: second } });
    expect(third).toMatchObject({ verdict: 'done', evidence: { looks: 102, streak: 3 } });
  });
});

describe('AwaitConvergence when the target is not in step', () => {
  let world: World;
  beforeAll(async () => {
    world = await replicated({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('starts the streak anew when a marker does not arrive in time', async () => {
    const holder = await world.ports('holder').acting.target.session('lock');
    await holder.script('begin; lock table planetscale_migration.heartbeat in share mode');
    const late = await world.visit('AwaitConvergence', {
      budgetMs: ONE_SHORT_LOOK_MS,
      state: { AwaitConvergence: { evidence: { looks: 0, streak: 1 }, since: new Date().toISOString() } },
    });
    expect(late).toMatchObject({ verdict: 'pending', evidence: { arrived: false, streak: 0 } });
    await holder.end();
    expect(await world.until('AwaitConvergence', { state: { AwaitConvergence: late } })).toMatchObject({ evidence: { streak: 3 } });
  });

  it('judges by the bounds of the input', async () => {
    const state = { AwaitConvergence: { evidence: { looks: 1_000, streak: 0 }, since: new Date().toISOString() } };
    const strict = await world.visit('AwaitConvergence', { input: { maxLagMilliseconds: 1 }, state });
    expect(strict).toMatchObject({ verdict: 'pending', evidence: { arrived: true, streak: 0 } });
    expect((strict.evidence as { lagMilliseconds: number }).lagMilliseconds).toBeGreaterThan(1);
  });

  it('enables a subscription that a switch of ours has disabled', async () => {
    await holdForward(world);
    const state = { AwaitConvergence: { evidence: { looks: 2_000, streak: 0 }, since: new Date().toISOString() } };
    expect(await world.until('AwaitConvergence', { state })).toMatchObject({ evidence: { streak: 3 } });
  });

  it('leaves a subscription that another session has disabled, and reports the remedy (#10)', async () => {
    const name = subscriptionName(world.database.name);
    await world.target(`alter subscription ${name} disable`);
    const attempt = world.visit('AwaitConvergence');
    await expect(attempt).rejects.toMatchObject({ name: 'CopyStalled' });
    await expect(attempt).rejects.toThrow(`Then run on the target: alter subscription ${name} enable;`);
    expect(await world.target('select subenabled from pg_subscription where subname = $1', [name])).toEqual([{ subenabled: false }]);
    await world.target(`alter subscription ${name} enable`);
  });

  it('fails when a marker is missing', async () => {
    await world.target('delete from planetscale_migration.heartbeat where id = 1');
    const attempt = world.visit('AwaitConvergence');
    await expect(attempt).rejects.toThrow(ReplicationBroken);
    await expect(attempt).rejects.toThrow('markers are missing');
  });
});

describe('AwaitConvergence during a server restart', () => {
  it.each(['source', 'target'] as const)('continues after a restart and after a crash of the %s', async (side) => {
    const world = await replicated();
    try {
      let state: Record<string, unknown> = {};
      for (const shutdown of ['fast', 'crash'] as const) {
        await world.asSourceRole(hostileRows(shutdown === 'fast' ? 100_000 : 200_000, 2_000));
        const visit = world.visit('AwaitConvergence', { state }).catch((error: unknown) => error);
        await world.pair[side].restart({}, shutdown);
        const interrupted = await visit;
        if (interrupted instanceof Error) expect(interrupted).toBeInstanceOf(TransientError);
        await eventually(async () => {
          try {
            const result = await world.visit('AwaitConvergence', { state });
            state = { AwaitConvergence: result };
            return result.verdict === 'done';
          } catch (error) {
            if (error instanceof TransientError) return false;
            throw error;
          }
        });
        state = { AwaitConvergence: { ...(state.AwaitConvergence as object), evidence: { looks: 500, streak: 0 } } };
      }
      expect(await sidesAgree(world)).toBe(true);
    } finally {
      await world.destroy();
    }
  });
});
