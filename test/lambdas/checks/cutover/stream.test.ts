import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lag } from '../../../../lambdas/checks/cutover/lag.ts';
import { login, stream, uninterrupted } from '../../../../lambdas/checks/cutover/stream.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { writeMarker } from '../../../../lambdas/replication/marker.ts';
import { blocker, summary } from '../../../support/findings.ts';
import { compared, type FollowedServers, followedServers, streaming, switchFindings } from '../../../support/following.ts';
import { eventually } from '../../../support/replicated.ts';
import type { World } from '../../../support/world.ts';

const nameIn = (world: World) => subscriptionName(world.database.name);
const inactive = (world: World) =>
  eventually(
    async () => (await world.source('select active from pg_replication_slots where slot_name = $1', [nameIn(world)]))[0]?.active === false,
  );

describe('the stream before a Cutover', () => {
  let servers: FollowedServers;
  beforeAll(async () => {
    servers = await followedServers({ source: 17, target: 17 });
  });
  afterAll(() => servers?.destroy());

  it('passes as Replicate leaves it', async () => {
    const world = await servers.world();
    await streaming(world);
    expect(await switchFindings(world, [stream, login, uninterrupted])).toEqual([]);
  });

  it('is refused where another session disabled it', async () => {
    const world = await servers.world();
    await world.asTargetRole(`alter subscription ${nameIn(world)} disable`);
    const found = await switchFindings(world, [stream, lag]);
    expect(summary(found)).toEqual({ SubscriptionDisabled: blocker(nameIn(world)) });
    expect(found[0]?.remedy).toContain(`on the target: alter subscription ${nameIn(world)} enable;`);
  });

  it('is refused where its password is wrong, even before it breaks', async () => {
    const world = await servers.world();
    await streaming(world);
    Object.assign(world.places, { replication: { ...world.places.replication, password: async () => 'another' } });
    expect(summary(await switchFindings(world, [stream, login]))).toEqual({
      ReplicationLoginRefused: blocker('planetscale_migration_replication'),
    });
  });

  it('is refused where it cannot connect', async () => {
    const world = await servers.world();
    await world.source(
      `revoke connect on database "${world.database.name.replaceAll('"', '""')}" from public, planetscale_migration_replication`,
    );
    await world.source('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [nameIn(world)]);
    await inactive(world);
    expect(summary(await switchFindings(world, [stream, lag]))).toEqual({ StreamNotRunning: blocker(nameIn(world)) });
  });

  it('is refused without its subscription, and without its slot', async () => {
    const world = await servers.world();
    await world.target(`alter subscription ${nameIn(world)} disable; alter subscription ${nameIn(world)} set (slot_name = none)`);
    const taken = await switchFindings(world, [stream]);
    expect(summary(taken)).toEqual({ HistoryBroken: blocker(nameIn(world)) });
    expect(taken[0]?.message).toContain('was taken off its replication slot');
    await world.target(`drop subscription ${nameIn(world)}`);
    expect(summary(await switchFindings(world, [stream]))).toEqual({ SubscriptionGone: blocker(nameIn(world)) });
  });

  it('is refused where the slot was made anew', async () => {
    const world = await servers.world();
    await world.target(`alter subscription ${nameIn(world)} disable`);
    await inactive(world);
    await world.source('select pg_drop_replication_slot($1)', [nameIn(world)]);
    const gone = await switchFindings(world, [stream]);
    expect(gone[0]?.message).toContain('gone from the source');
    await world.source(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [nameIn(world)]);
    await world.target(`alter subscription ${nameIn(world)} enable`);
    await streaming(world);
    // The data were compared while the slot was another one.
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const state = { CompareData: { verdict: 'done', since } };
    const found = await switchFindings(world, [stream, uninterrupted], { state });
    expect(summary(found)).toEqual({ StreamInterrupted: blocker(nameIn(world)) });
    expect(found[0]?.remedy).toContain('compared once more');
    expect(await switchFindings(world, [stream, uninterrupted], { state: compared() })).toEqual([]);
    expect(await switchFindings(world, [uninterrupted], { state, input: { verify: 'fence' } })).toEqual([]);
  });

  it('is refused where the heartbeat has a gap', async () => {
    const world = await servers.world();
    for (const look of [1, 2, 3]) await writeMarker(world.ports('test').acting.source, 'gap', { look, streakBefore: 0 });
    await eventually(async () => (await world.target('select from planetscale_migration.heartbeat')).length === 3);
    await world.target('delete from planetscale_migration.heartbeat where id = 2');
    const found = await switchFindings(world, [stream, lag]);
    expect(summary(found)).toEqual({ HistoryBroken: blocker(nameIn(world)) });
    expect(found[0]?.message).toContain('1 of 3 markers are missing from the heartbeat on the target');
  });

  it('is refused where the slot has moved past a marker that never arrived', async () => {
    const world = await servers.world();
    await world.target(`alter subscription ${nameIn(world)} disable`);
    await inactive(world);
    await writeMarker(world.ports('test').acting.source, 'test:check', { look: 1, streakBefore: 0 });
    await world.source('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [nameIn(world)]);
    await world.target(`alter subscription ${nameIn(world)} enable`);
    await streaming(world);
    expect(summary(await switchFindings(world, [stream, lag]))).toEqual({ MarkerLost: blocker(nameIn(world)) });
  });
});
