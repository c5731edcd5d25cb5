import { describe, expect, it } from 'vitest';
import { WalLevelNotLogical } from '../../../lambdas/config/errors.ts';
import { unmanagedCluster } from '../../../rehearsal/aurora-stand-in.ts';
import { member, playedCluster, prepared, reader, state } from '../../support/cluster.ts';
import { startWorld, type World, type WorldOptions } from '../../support/world.ts';

const inWorld = async (options: WorldOptions, test: (world: World) => Promise<void>) => {
  const world = await startWorld(options);
  try {
    await test(world);
  } finally {
    await world.destroy();
  }
};

describe('VerifyWalLevel', () => {
  it('waits for a reboot by the operator, names it, and is done after it', () =>
    inWorld({ source: 13, sourceParameters: { wal_level: 'replica' } }, async (world) => {
      await world.until('ConfigureSource');
      const waiting = await world.visit('VerifyWalLevel');
      expect(waiting).toMatchObject({ verdict: 'pending', evidence: { walLevel: 'replica' } });
      expect(JSON.stringify(waiting.evidence)).toContain('Reboot the instance rehearsal-writer');
      await world.until('RebootSource');
      expect(await world.visit('VerifyWalLevel')).toMatchObject({ verdict: 'done', evidence: { walLevel: 'logical' } });
    }));

  it('is done with the writer, and names the readers that a failover would promote without the group', () => {
    const pending = { parameterGroupStatus: 'pending-reboot' };
    const members = [member(), reader('shop-2', pending), reader('shop-3')];
    return inWorld({ cluster: playedCluster({ state: state({ members }) }) }, async (world) => {
      const { verdict, evidence } = await world.visit('VerifyWalLevel');
      expect(verdict).toBe('done');
      expect(evidence).toMatchObject({ beforeAFailover: expect.stringMatching(/^Reboot shop-2 too/) });
    });
  });

  describe('with the group of the migration attached and the source not logical (#9.20)', () => {
    const visitSince = (world: World, seconds: number) => {
      const since = new Date(Date.now() - seconds * 1000).toISOString();
      return world.visit('VerifyWalLevel', { state: { VerifyWalLevel: { verdict: 'pending', since, evidence: {} } } });
    };

    it('trusts RDS only after ten minutes that no reboot is pending', () => {
      const cluster = playedCluster({ state: prepared() });
      return inWorld({ cluster, sourceParameters: { wal_level: 'replica' } }, async (world) => {
        expect(await world.visit('VerifyWalLevel')).toMatchObject({
          verdict: 'pending',
          evidence: { walLevel: 'replica', waitsFor: expect.stringMatching(/does not say yet/) },
        });
        expect(await visitSince(world, 590)).toMatchObject({ verdict: 'pending' });
        await expect(visitSince(world, 610)).rejects.toThrow(WalLevelNotLogical);

        cluster.state = prepared({ members: [reader('shop-2')] });
        expect(await world.visit('VerifyWalLevel'), 'while a failover has left no writer').toMatchObject({ verdict: 'pending' });
        cluster.state = prepared({ members: [member({ parameterGroupStatus: 'pending-reboot' })] });
        expect(await visitSince(world, 610), 'while a person may reboot it').toMatchObject({ verdict: 'pending' });
      });
    });

    it('trusts RDS at once that the group failed, or that another group is in force', () => {
      const cluster = playedCluster({ state: prepared({ members: [member({ parameterGroupStatus: 'failed-to-apply' })] }) });
      return inWorld({ cluster, sourceParameters: { wal_level: 'replica' } }, async (world) => {
        await expect(world.visit('VerifyWalLevel')).rejects.toThrow(WalLevelNotLogical);
        cluster.state = state();
        await expect(world.visit('VerifyWalLevel')).rejects.toThrow(WalLevelNotLogical);
      });
    });
  });

  it('says how to set what is missing where nothing under way would change it', () =>
    inWorld({ source: 11, cluster: unmanagedCluster, sourceParameters: { wal_level: 'replica', max_wal_senders: 2 } }, async (world) => {
      const visit = world.visit('VerifyWalLevel');
      await expect(visit).rejects.toThrow(WalLevelNotLogical);
      await expect(visit).rejects.toThrow('wal_level = logical');
      await expect(visit).rejects.toThrow('max_wal_senders = 3 (is 2)');
      await expect(visit).rejects.toThrow('ALTER SYSTEM SET');
    }));

  it('counts the slots of others, and not its own', () =>
    inWorld({ source: 18, cluster: unmanagedCluster, sourceParameters: { max_replication_slots: 4 } }, async (world) => {
      const slot = (name: string) => world.source(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
      await slot('planetscale_migration_shop');
      await slot('pg_16400_sync_16390_7000000000000000000');
      await slot('somebody_else');
      expect(await world.visit('VerifyWalLevel')).toMatchObject({ verdict: 'done', evidence: { slotsOfOthers: 1 } });
      await slot('another_one');
      await expect(world.visit('VerifyWalLevel')).rejects.toThrow('max_replication_slots = 5 (is 4)');
    }));
});
