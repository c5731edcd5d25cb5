import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RollbackRefused } from '../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { compared, type FollowedServers, followedServers, streaming } from '../../support/following.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually } from '../../support/replicated.ts';
import type { VisitOptions, World } from '../../support/world.ts';

const markers = (world: World) =>
  world.target(`select token from planetscale_migration.heartbeat where token like 'test:check:%' order by id`);
const reverse = (world: World) => subscriptionName(world.database.name, 'reverse');

/** The gate is closed there, so that writing has to be said. */
const onSource = (world: World, text: string) => world.source(`begin read write; ${text}; commit`);

async function refusalOf(world: World, options: VisitOptions = {}): Promise<string> {
  const error = await world.visit('CheckRollback', options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RollbackRefused);
  return (error as Error).message;
}

describe('CheckRollback', () => {
  let servers: FollowedServers;
  beforeAll(async () => {
    servers = await followedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  const switched = async (input: Record<string, boolean> = {}): Promise<World> => {
    const world = await servers.world();
    await streaming(world);
    await world.visit('SwitchOver', { input });
    if (input.reverse !== false) await streaming(world, 'reverse');
    return world;
  };

  describeLifecycle('CheckRollback', { world: () => switched(), effect: markers });

  it('refuses before any switch', async () => {
    const message = await refusalOf(await servers.world());
    expect(message).toContain('One thing stands in the way of the way back to the source.');
    expect(message).toContain('ServedElsewhere: source.');
  });

  it('refuses without a stream back, and says what would be lost', async () => {
    const world = await switched({ reverse: false });
    const message = await refusalOf(world);
    expect(message).toContain(`NoReverseReplication: ${reverse(world)}.`);
    const [gate] = await world.source('select changed_at from planetscale_migration.gate');
    const since = (gate as { changed_at: Date }).changed_at.toISOString();
    expect(message).toContain(`Going back would lose every write to the target since the switch at ${since}.`);
  });

  it('refuses an unreachable source before any other reason', async () => {
    const world = await servers.world();
    Object.assign(world.places, { source: { ...world.places.source, port: 1 } });
    expect(await refusalOf(world)).toContain('OutOfReach: source. The source cannot be reached, so no switch is possible: ');
  });

  it('names every reason at once', async () => {
    const world = await switched();
    await world.target('create table public.since (id int primary key)');
    await world.target(`begin; create table public.of_prepared (id int); prepare transaction 'forgotten'`);
    try {
      const message = await refusalOf(world);
      for (const part of [
        '2 things stand in the way of the way back to the source.',
        'SchemaChanged: on the target, table ',
        "PreparedTransaction: target: 'forgotten' (database ",
      ]) {
        expect(message).toContain(part);
      }
    } finally {
      await world.target(`rollback prepared 'forgotten'`);
    }
    await onSource(world, 'create table public.since (id int primary key)');
    expect(await refusalOf(world)).toContain('TableNotPublished: "public"."since".');
    expect(await world.visit('CheckRollback', { input: { excludeTables: ['public.since'] } })).toMatchObject({ verdict: 'done' });
  });

  it('names a stream back that another session has disabled, which no step enables (#10)', async () => {
    const world = await switched();
    await onSource(world, `alter subscription ${reverse(world)} disable`);
    expect(await refusalOf(world)).toContain(`SubscriptionDisabled: ${reverse(world)}.`);
    await world.until('LiftFence');
    expect(await world.source('select subenabled from pg_subscription where subname = $1', [reverse(world)])).toEqual([
      { subenabled: false },
    ]);
  });

  it('refuses a stream back whose slot is gone, and says what would be lost', async () => {
    const world = await switched();
    await onSource(world, `alter subscription ${reverse(world)} disable`);
    const inUse = () => world.target('select from pg_replication_slots where active and slot_name = $1', [reverse(world)]);
    await eventually(async () => (await inUse()).length === 0);
    await world.target('select pg_drop_replication_slot($1)', [reverse(world)]);
    await onSource(world, `alter subscription ${reverse(world)} enable`);
    const message = await refusalOf(world);
    expect(message).toContain(`HistoryBroken: ${reverse(world)}. The replication slot ${reverse(world)} is gone from the target`);
    expect(message).toMatch(/would lose every write to the target since the switch at 20\d\d-/);
  });

  it('ignores the state of a comparison', async () => {
    const world = await switched();
    expect(await world.visit('CheckRollback', { state: compared() })).toMatchObject({ verdict: 'done', evidence: { lagIsGood: true } });
  });
});
