import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceReplication, sourceWorkers, targetWorkers, walLevel } from '../../../../lambdas/checks/readiness/capacity.ts';
import { connections } from '../../../../lambdas/checks/readiness/connections.ts';
import type { Cluster, Parameter } from '../../../../lambdas/ports/cluster.ts';
import { auroraStandIn, MIGRATION_GROUP, unmanagedCluster } from '../../../../rehearsal/aurora-stand-in.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { blocker, findingsOf, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [walLevel, sourceReplication, sourceWorkers, targetWorkers, connections];
const set = (name: string, value: string): Parameter => ({ name, value, applyMethod: 'pending-reboot' });

describe('capacity for replication', () => {
  let ample: World;
  let scarce: World;
  /** With an old source, and a target as small as PlanetScale's smallest. */
  let small: World;
  beforeAll(async () => {
    [ample, scarce, small] = await Promise.all([
      startWorld({ edge: { channelBinding: true }, sourceParameters: { max_worker_processes: 10 } }),
      startWorld({
        edge: { channelBinding: true },
        sourceParameters: { wal_level: 'replica', max_replication_slots: 3, max_wal_senders: 2, max_worker_processes: 4 },
        targetParameters: {
          max_logical_replication_workers: 1,
          max_sync_workers_per_subscription: 0,
          max_worker_processes: 2,
          max_active_replication_origins: 1,
        },
      }),
      startWorld({
        edge: { channelBinding: true },
        name: 'small',
        source: 11,
        target: 17,
        sourceParameters: { max_replication_slots: 3, max_wal_senders: 2, max_connections: 13, superuser_reserved_connections: 3 },
        targetParameters: { max_worker_processes: 4, max_logical_replication_workers: 2, max_replication_slots: 2 },
      }),
    ]);
  });
  afterAll(() => Promise.all([ample, scarce, small].map((world) => world?.destroy())));

  /** A stand-in whose migration group holds `parameters`, as they are when the stack was deployed with other values. */
  const managed = (parameters: readonly Parameter[], users: readonly Parameter[] = []): Cluster => {
    const cluster = auroraStandIn(scarce.pair.source, users);
    return { ...cluster, userParameters: async (group) => (group === MIGRATION_GROUP ? [...parameters] : cluster.userParameters(group)) };
  };

  it('leads to no finding where it suffices', async () => {
    expect(await findingsOf(ample, CHECKS)).toEqual([]);
    expect(await findingsOf(ample, CHECKS, { cluster: unmanagedCluster })).toEqual([]);
  });

  it('is judged on a managed source by its coming parameter group', async () => {
    const found = summary(await findingsOf(scarce, [walLevel, sourceReplication]));
    expect(found).toEqual({ WalLevelWillChange: warning('wal_level = replica') });
  });

  it('is judged on an unmanaged source by its current settings', async () => {
    expect(summary(await findingsOf(scarce, [walLevel, sourceReplication, sourceWorkers], { cluster: unmanagedCluster }))).toEqual({
      WalLevelNotLogical: blocker('wal_level = replica'),
      FewSourceWorkers: warning('max_worker_processes = 4'),
    });
  });

  it('is not assumed from a parameter group that would not help', async () => {
    expect(summary(await findingsOf(scarce, [walLevel], { cluster: managed([]) }))).toEqual({
      WalLevelNotLogical: blocker('wal_level = replica'),
    });
  });

  it("is judged by the user's own group where ConfigureSource will keep it", async () => {
    const users = [set('rds.logical_replication', '1'), set('max_worker_processes', '{DBInstanceVCPU*2}')];
    const found = summary(await findingsOf(scarce, [walLevel, sourceReplication, sourceWorkers], { cluster: managed([], users) }));
    expect(found).toEqual({ WalLevelWillChange: warning('wal_level = replica'), FewSourceWorkers: warning('max_worker_processes = 4') });
  });

  it('counts slots and senders of others, and not our own', async () => {
    const take = (name: string) => small.source("select pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
    await take('planetscale_migration_small');
    await take('pg_16384_sync_16385_7000000000000000000');
    const look = () => findingsOf(small, [sourceReplication], { cluster: unmanagedCluster });
    expect(summary(await look())).toEqual({ TooFewSlotsOrSenders: blocker('max_wal_senders = 2, 0 in use, 3 needed') });
    await take('somebody_else');
    expect(summary(await look())).toEqual({
      TooFewSlotsOrSenders: blocker('max_replication_slots = 3, 1 in use, 3 needed', 'max_wal_senders = 2, 0 in use, 3 needed'),
    });
  });

  it('blocks where the target could never copy, and warns where it copies slowly', async () => {
    expect(summary(await findingsOf(scarce, [targetWorkers]))).toEqual({
      TooFewTargetWorkers: blocker(
        'max_logical_replication_workers = 1, 2 needed',
        'max_sync_workers_per_subscription = 0, 1 needed',
        'max_worker_processes = 2, 3 needed',
        'max_active_replication_origins = 1, 2 needed',
      ),
    });
    expect(summary(await findingsOf(small, [targetWorkers]))).toEqual({
      FewTargetWorkers: warning(
        'max_logical_replication_workers = 2, 3 needed',
        'max_worker_processes = 4, 10 needed',
        'max_replication_slots = 2, 3 needed',
      ),
    });
    await small.target("create subscription other connection 'host=127.0.0.1' publication p with (connect = false, slot_name = none)");
    expect(Object.keys(summary(await findingsOf(small, [targetWorkers])))).toContain('TooFewTargetWorkers');
  });

  it('compares the needed connections with every limit', async () => {
    await ample.target(`alter role ${TARGET_ROLES.member} connection limit 3`);
    await ample.target('alter database "Shop ""main""" connection limit 8');
    const found = summary(await findingsOf(ample, [connections]));
    expect(found.ConnectionLimitTooLow).toEqual(blocker('target: connection limit of our role 3, 1 open, 8 needed'));
    expect(found.FewConnectionsFree).toEqual(
      warning(expect.stringMatching(/^target: connection limit of the database 8, \d open, 8 needed$/)),
    );
    await ample.target(`alter role ${TARGET_ROLES.member} connection limit -1`);
    await ample.target('alter database "Shop ""main""" connection limit -1');
    expect(await findingsOf(ample, [connections])).toEqual([]);
    const nobody = await poorRole('source', small, 'nobody');
    expect(summary(await findingsOf(small, [connections], { source: nobody })).ConnectionLimitTooLow).toEqual(
      blocker(expect.stringMatching(/^source: max_connections 10, \d open, 11 needed$/)),
    );
  });
});
