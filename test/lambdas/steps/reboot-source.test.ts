import { describe, expect, it } from 'vitest';
import { unmanagedCluster } from '../../../rehearsal/aurora-stand-in.ts';
import { playedCluster, prepared } from '../../support/cluster.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { MANY_TRIES, startWorld, type World } from '../../support/world.ts';

async function configured(): Promise<World> {
  const world = await startWorld({ sourceParameters: { wal_level: 'replica' } });
  await world.until('ConfigureSource');
  return world;
}

/** Reads through a server that may be restarting. */
async function walLevel(world: World): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await world.source('show wal_level'))[0];
    } catch (error) {
      if (tries === MANY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('RebootSource', () => {
  describeLifecycle('RebootSource', { world: configured, effect: walLevel });

  it('reboots once in any number of visits', async () => {
    const world = await configured();
    try {
      const { cluster } = world.places;
      let reboots = 0;
      Object.assign(world.places, {
        cluster: {
          ...cluster,
          reboot: (instance: string) => {
            reboots += 1;
            return cluster.reboot(instance);
          },
        },
      });
      await world.until('RebootSource');
      await world.until('RebootSource');
      expect(reboots).toBe(1);
      expect(await walLevel(world)).toEqual({ wal_level: 'logical' });
    } finally {
      await world.destroy();
    }
  });

  it('trusts neither a group that was just attached as in force, nor a finished reboot as pending (#9.20)', async () => {
    const world = await configured();
    try {
      const { cluster } = world.places;
      let reboots = 0;
      let stale: string | undefined = 'in-sync';
      const describe = async () => {
        const state = await cluster.describe();
        const members = (state?.members ?? []).map((one) => ({ ...one, parameterGroupStatus: stale ?? one.parameterGroupStatus }));
        return state && { ...state, members };
      };
      const reboot = (instance: string) => {
        reboots += 1;
        return cluster.reboot(instance);
      };
      Object.assign(world.places, { cluster: { ...cluster, describe, reboot } });
      const first = await world.visit('RebootSource');
      expect(first).toMatchObject({ verdict: 'pending' });
      expect(reboots).toBe(0);

      stale = undefined;
      await world.until('RebootSource', { state: { RebootSource: first } });
      expect(reboots).toBe(1);
      expect(await walLevel(world)).toEqual({ wal_level: 'logical' });

      stale = 'pending-reboot';
      expect(await world.visit('RebootSource', { state: { RebootSource: first } })).toMatchObject({ verdict: 'done' });
      expect(reboots).toBe(1);
    } finally {
      await world.destroy();
    }
  });

  it('accepts after ten minutes that no reboot is pending, and leaves the rest to VerifyWalLevel (#9.20)', async () => {
    const world = await startWorld({ sourceParameters: { wal_level: 'replica' }, cluster: playedCluster({ state: prepared() }) });
    try {
      const since = new Date(Date.now() - 610_000).toISOString();
      expect(await world.visit('RebootSource')).toMatchObject({ verdict: 'pending' });
      const state = { RebootSource: { verdict: 'pending', since, evidence: {} } };
      expect(await world.visit('RebootSource', { state })).toMatchObject({ verdict: 'done' });
    } finally {
      await world.destroy();
    }
  });

  it('has nothing to reboot on an unmanaged server', async () => {
    const world = await startWorld({ cluster: unmanagedCluster });
    try {
      expect(await world.visit('RebootSource')).toMatchObject({ verdict: 'done' });
    } finally {
      await world.destroy();
    }
  });
});
