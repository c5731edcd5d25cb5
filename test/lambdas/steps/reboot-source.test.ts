import { describe, expect, it } from 'vitest';
import { unmanagedCluster } from '../../../lib/rehearsal/aurora-stand-in.ts';
import { livesItsWholeLife } from '../../support/life.ts';
import { startWorld, type World } from '../../support/world.ts';

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
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('RebootSource', () => {
  livesItsWholeLife('RebootSource', { world: configured, effect: walLevel });

  it('reboots once, however often it is visited meanwhile', async () => {
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

  it('has nothing to reboot where nobody manages the server', async () => {
    const world = await startWorld({ cluster: unmanagedCluster });
    try {
      expect(await world.visit('RebootSource')).toMatchObject({ verdict: 'done' });
    } finally {
      await world.destroy();
    }
  });
});
