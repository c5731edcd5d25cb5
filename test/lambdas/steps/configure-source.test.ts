import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster, ClusterState, Parameter } from '../../../lambdas/contract.ts';
import { ClusterNotConfigurable } from '../../../lambdas/errors.ts';
import { auroraStandIn, MIGRATION_GROUP, unmanagedCluster } from '../../../lib/rehearsal/aurora-stand-in.ts';
import { livesItsWholeLife } from '../../support/life.ts';
import { startWorld, type World } from '../../support/world.ts';

const set = (name: string, value: string): Parameter => ({ name, value, applyMethod: 'pending-reboot' });

/** Forty-five parameters of the user's, so that RDS takes them in no fewer than three calls. */
const MANY = Array.from({ length: 45 }, (_, number) => set(`custom.parameter_${number}`, `it's ${number}`));

const attached = async (world: World) => {
  const group = (await world.places.cluster.describe())?.parameterGroup;
  const parameters = await world.places.cluster.userParameters(MIGRATION_GROUP);
  return { group, parameters: parameters.map(({ name, value }) => `${name}=${value}`).sort() };
};

describe('ConfigureSource', () => {
  livesItsWholeLife('ConfigureSource', { world: () => startWorld({ sourceParameters: { wal_level: 'replica' } }), effect: attached });
});

describe('ConfigureSource on clusters of every kind', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sourceParameters: { wal_level: 'replica' } });
  });
  afterAll(() => world?.destroy());

  /** The same world with another control plane. */
  const on = (cluster: Cluster): World => {
    Object.assign(world.places, { cluster });
    return world;
  };

  const inState = (state: Partial<ClusterState>): Cluster => ({
    ...unmanagedCluster,
    describe: async () => ({
      cluster: 'shop',
      status: 'available',
      parameterGroup: MIGRATION_GROUP,
      engineVersion: '15.4',
      members: [{ instance: 'one', isWriter: true, status: 'available', parameterGroupStatus: 'in-sync' }],
      ...state,
    }),
  });
  const member = (parameterGroupStatus: string) => [{ instance: 'one', isWriter: true, status: 'available', parameterGroupStatus }];

  it('carries over many parameters, twenty at a time', async () => {
    const cluster = auroraStandIn(world.pair.source, [...MANY, set('max_wal_senders', '77')]);
    const calls: number[] = [];
    const counting: Cluster = {
      ...cluster,
      setParameters: (group, parameters) => {
        calls.push(parameters.length);
        return cluster.setParameters(group, parameters);
      },
    };
    await on(counting).until('ConfigureSource');
    expect(calls).toEqual([20, 20, 6]);
    expect(await cluster.userParameters(MIGRATION_GROUP)).toEqual(expect.arrayContaining([...MANY, set('max_wal_senders', '77')]));
  });

  it('leaves a cluster alone that streams already', async () => {
    const cluster = auroraStandIn(world.pair.source, [set('rds.logical_replication', '1'), set('max_replication_slots', '50')]);
    const result = await on(cluster).visit('ConfigureSource');
    expect(result).toMatchObject({ verdict: 'done', evidence: { streamedAlready: true, parameterGroup: 'users-group' } });
  });

  it('has nothing to do for a server that nobody manages', async () => {
    expect(await on(unmanagedCluster).visit('ConfigureSource')).toMatchObject({ verdict: 'done' });
  });

  it.each([
    ['the cluster is being modified', inState({ status: 'modifying', parameterGroup: 'users-group' })],
    ['the group is being applied', inState({ members: member('applying') })],
  ])('waits while %s', async (_, cluster) => {
    expect(await on(cluster).visit('ConfigureSource')).toMatchObject({ verdict: 'pending' });
  });

  it('is done when only the reboot is left', async () => {
    expect(await on(inState({ members: member('pending-reboot') })).visit('ConfigureSource')).toMatchObject({ verdict: 'done' });
  });

  it('says which instance could not take the group', async () => {
    const visit = on(inState({ members: member('failed-to-apply') })).visit('ConfigureSource');
    await expect(visit).rejects.toThrow(ClusterNotConfigurable);
    await expect(visit).rejects.toThrow('instance one');
  });
});
