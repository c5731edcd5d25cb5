import { describe, expect, it } from 'vitest';
import { CleanupIncomplete, InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { noApplication, ORIGINAL_LABEL } from '../../../lambdas/ports/application.ts';
import { copied, impatient, migrate, NOTHING, ofOurs, ROWS } from '../../support/cleaned.ts';
import { fenced, prepared, switchedOver } from '../../support/partial-switch.ts';
import { startWorld, type World } from '../../support/world.ts';

const halfway = async (make: (world: World) => Promise<void>, test: (world: World) => Promise<void>) => {
  const world = await startWorld({ source: 17, target: 18, schema: ROWS });
  try {
    await migrate(world);
    await copied(world);
    await make(world);
    await test(world);
  } finally {
    await world.destroy();
  }
};

const READ_ONLY = `select from pg_db_role_setting where 'default_transaction_read_only=on' = any (setconfig)`;
const shut = async (world: World, side: 'source' | 'target') => (await world[side](READ_ONLY)).length > 0;
const drop = { input: { target: 'drop' } };

describe('DropReplication after a switch, with an unreachable side', () => {
  it('waits for the target before it opens the source, then cleans the source and names the slot that is left', () =>
    halfway(switchedOver, async (world) => {
      await world.pair.target.stop('crash');
      const waiting = await world.visit('DropReplication');
      expect(waiting).toMatchObject({ verdict: 'pending', evidence: { source: { subscription: true, gate: 'closed' }, served: 'target' } });
      expect(await shut(world, 'source')).toBe(true);

      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      const reverse = subscriptionName(world.database.name, 'reverse');
      await expect(attempt).rejects.toThrow(`select pg_drop_replication_slot('${reverse}')`);
      expect(await world.source('select subname from pg_subscription')).toEqual([]);
      expect(await shut(world, 'source')).toBe(false);

      await world.pair.target.resume();
      const refused = world.visit('DropReplication', { ...impatient, ...drop });
      await expect(refused).rejects.toThrow(/may hold the only copy/);
      const done = await world.until('DropReplication', impatient);
      expect(done.evidence).toMatchObject({ served: 'target' });
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('keeps the only copy while the source is down, cleans the target, and opens the source when it is back', () =>
    halfway(switchedOver, async (world) => {
      await world.pair.source.stop('crash');
      expect(await world.visit('DropReplication')).toMatchObject({ verdict: 'pending', evidence: { target: { gate: 'open' } } });
      await expect(world.visit('DropReplication', { ...impatient, ...drop })).rejects.toThrow(/may hold the only copy/);
      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(/source at .* could not be reached/);
      expect(await world.target('select slot_name from pg_replication_slots')).toEqual([]);
      expect(await world.target('select count(*)::int as rows from public.plain')).toEqual([{ rows: 200 }]);

      await world.pair.source.resume();
      expect(await shut(world, 'source')).toBe(true);
      const done = await world.until('DropReplication', impatient);
      expect(done.evidence).toMatchObject({ served: 'target' });
      expect(await shut(world, 'source')).toBe(false);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('lifts a forgotten fence at once, whatever the state of the target', () =>
    halfway(fenced, async (world) => {
      await world.pair.target.stop('crash');
      expect(await shut(world, 'source')).toBe(true);
      expect(await world.visit('DropReplication')).toMatchObject({ verdict: 'pending' });
      expect(await shut(world, 'source')).toBe(false);
      await world.pair.target.resume();
      await world.until('DropReplication', drop);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('drops the copied objects while the source is down, if the target was never opened', () =>
    halfway(prepared, async (world) => {
      await world.pair.source.stop();
      await expect(world.visit('DropReplication', { ...impatient, ...drop })).rejects.toThrow(/source at .* could not be reached/);
      expect(await world.target(`select to_regclass('public.plain') as plain`)).toEqual([{ plain: null }]);
      expect(await shut(world, 'target')).toBe(false);
      await world.pair.source.resume();
      await world.until('DropReplication');
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));
});

describe("DropReplication and the application's secret", () => {
  it('cleans both databases although the secret cannot be read, and names the label left there', () =>
    halfway(prepared, async (world) => {
      const refused = async () => {
        throw new InvalidConfiguration('The secret is gone.');
      };
      Object.assign(world.places, { application: { ...noApplication, secret: 'the application', isKept: refused } });
      const attempt = world.until('DropReplication');
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(ORIGINAL_LABEL);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('removes our label even where nothing else is left, but not while there may be a way back', () =>
    halfway(prepared, async (world) => {
      let kept = true;
      const application = {
        ...noApplication,
        secret: 'the application',
        isKept: async () => kept,
        forgetOriginal: async () => {
          kept = false;
        },
      };
      await world.until('DropReplication');
      Object.assign(world.places, { application });
      const { source, target } = world.places;
      const away = { password: 'wrong' };
      Object.assign(world.places, { source: { ...source, ...away }, target: { ...target, ...away } });
      await expect(world.visit('DropReplication')).rejects.toThrow(CleanupIncomplete);
      expect(kept).toBe(true);
      Object.assign(world.places, { source, target });
      await world.until('DropReplication');
      expect(kept).toBe(false);
    }));
});
