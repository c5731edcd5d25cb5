import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publisherRoom, subscriberRoom } from '../../../../lambdas/checks/cutover/room.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { blocker, summary } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [publisherRoom, subscriberRoom];

describe('slots and workers for the stream of a switch', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      source: 17,
      target: 18,
      sourceParameters: { max_replication_slots: 1, max_logical_replication_workers: 1 },
      targetParameters: { max_replication_slots: 1, max_active_replication_origins: 1, max_logical_replication_workers: 1 },
    });
  });
  afterAll(() => world?.destroy());

  it('suffice while no other session takes them', async () => {
    expect(await switchFindings(world, CHECKS)).toEqual([]);
    expect(await switchFindings(world, CHECKS, { direction: ROLLBACK })).toEqual([]);
  });

  it('include those of our own earlier attempt', async () => {
    const name = subscriptionName(world.database.name, 'reverse');
    await world.target(`select pg_create_physical_replication_slot('${name}')`);
    await world.source(`create subscription ${name} connection 'host=nowhere' publication p with (connect = false)`);
    expect(await switchFindings(world, CHECKS)).toEqual([]);
    await world.source(`alter subscription ${name} set (slot_name = none); drop subscription ${name}`);
    await world.target('select pg_drop_replication_slot($1)', [name]);
  });

  it('are missing where other sessions take the last of them', async () => {
    const subscribe = `create subscription "Other's" connection 'host=nowhere password=x' publication p with (connect = false)`;
    await world.source(subscribe);
    await world.source(`alter subscription "Other's" enable`);
    await world.target(`select pg_create_physical_replication_slot('others')`);
    expect(summary(await switchFindings(world, CHECKS))).toEqual({
      NoRoomForSlot: blocker('target: max_replication_slots = 1, 1 in use'),
      NoRoomForSubscription: blocker(
        'source: max_replication_slots = 1, 1 in use',
        'source: max_logical_replication_workers = 1, 1 in use',
      ),
    });
    expect(await switchFindings(world, CHECKS, { input: { reverse: false } })).toEqual([]);
    await world.target(subscribe);
    await world.target(`alter subscription "Other's" enable`);
    expect(summary(await switchFindings(world, [subscriberRoom], { direction: ROLLBACK }))).toEqual({
      NoRoomForSubscription: blocker(
        'target: max_active_replication_origins = 1, 1 in use',
        'target: max_logical_replication_workers = 1, 1 in use',
      ),
    });
  });

  it('are limited by max_worker_processes, including workers of others', async () => {
    await world.pair.source.restart({ max_worker_processes: 2, max_logical_replication_workers: 4, max_replication_slots: 9 });
    expect(summary(await switchFindings(world, [subscriberRoom]))).toEqual({
      NoRoomForSubscription: blocker('source: max_worker_processes = 2, 2 in use'),
    });
  });

  it('are none where wal_level is not logical', async () => {
    await world.pair.target.restart({ wal_level: 'replica', max_replication_slots: 9 });
    expect(summary(await switchFindings(world, [publisherRoom]))).toEqual({ WalLevelNotLogical: blocker('target: wal_level = replica') });
  });
});
