import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { settingsOf, startTokenWorld, type TokenWorld } from '../../support/token-world.ts';
import { startWorld, type World } from '../../support/world.ts';

const WATCHED = ['max_worker_processes', 'hot_standby_feedback', 'sync_replication_slots'];
const effect = async (world: World) => {
  const { played } = world as TokenWorld;
  return { settings: await settingsOf(world.target, WATCHED), slots: played.value('logical_slots'), tags: played.tags };
};

describe('ConfigureTarget', () => {
  describeLifecycle('ConfigureTarget', { world: () => startTokenWorld(), effect });
});

describe('ConfigureTarget without a token', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it('does nothing, and says so', async () => {
    expect(await world.visit('ConfigureTarget')).toMatchObject({
      verdict: 'done',
      evidence: { planetscale: expect.stringContaining('no token') },
    });
  });
});
