import { describe, expect, it } from 'vitest';
import { CleanupIncomplete } from '../../../lambdas/config/errors.ts';
import { PUBLICATION, subscriptionName } from '../../../lambdas/config/names.ts';
import { copied, impatient, migrate, NOTHING, ofOurs, ROWS } from '../../support/cleaned.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

describe('DropReplication with an unreachable side', () => {
  const inPair = async (test: (world: World, name: string) => Promise<void>) => {
    const world = await startWorld({ source: 15, target: 18, schema: ROWS });
    try {
      await migrate(world);
      await test(world, subscriptionName(world.database.name));
    } finally {
      await world.destroy();
    }
  };

  it('cleans the target while the source is down, names the slot, and finishes when it is back', () =>
    inPair(async (world, name) => {
      await world.pair.source.stop();
      const waiting = await world.visit('DropReplication');
      expect(waiting).toMatchObject({ verdict: 'pending', evidence: { target: { subscriptions: [], schema: false } } });
      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(`select pg_drop_replication_slot('${name}')`);
      await world.pair.source.resume();
      await world.until('DropReplication', impatient);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('cleans the source while the target is down, slots of table copies too, and finishes when it is back', () =>
    inPair(async (world, name) => {
      await copied(world);
      const [subscription] = await world.target('select oid::text from pg_subscription');
      const [cluster] = await world.target('select system_identifier::text as id from pg_control_system()');
      await world.pair.target.stop('crash');
      await world.source(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [
        `pg_${subscription?.oid}_sync_16400_${cluster?.id}`,
      ]);
      await world.source(`select pg_create_logical_replication_slot('pg_${subscription?.oid}_sync_16400_7', 'pgoutput')`);
      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(new RegExp(`the subscription ${name}.*If it is gone for good`));
      expect(await world.visit('DropReplication', { input: { lost: 'target' } })).toMatchObject({ verdict: 'done' });
      expect(await world.source('select slot_name from pg_replication_slots')).toEqual([
        { slot_name: `pg_${subscription?.oid}_sync_16400_7` },
      ]);
      expect(await world.source('select from pg_publication where pubname = $1', [PUBLICATION])).toEqual([]);
      await world.source('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
      await world.pair.target.resume();
      await world.until('DropReplication', impatient);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('does not wait for a side that refuses the login, and leaves nothing on the other', () =>
    inPair(async (world) => {
      const { target } = world.places;
      Object.assign(world.places, { target: { ...target, password: 'wrong' } });
      await expect(world.visit('DropReplication')).rejects.toThrow(/target at .* could not be reached.*password/);
      expect(await sqlOn(world.pair.source.superuser())('select slot_name from pg_replication_slots')).toEqual([]);
      Object.assign(world.places, { target });
      await world.until('DropReplication');
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));
});
