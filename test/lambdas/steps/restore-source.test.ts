import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterState } from '../../../lambdas/contract.ts';
import { CleanupIncomplete, ClusterNotConfigurable } from '../../../lambdas/errors.ts';
import { unmanagedCluster } from '../../../lib/rehearsal/aurora-stand-in.ts';
import { GROUP, member, OURS, type Play, type Played, playedCluster, reader, state, THEIRS, USERS_GROUP } from '../../support/cluster.ts';
import { untilDoneOn, visitOn } from '../../support/control-plane.ts';
import { livesItsWholeLife } from '../../support/life.ts';
import { startWorld, type World } from '../../support/world.ts';

const restore = (cluster: Cluster) => untilDoneOn(cluster, 'RestoreSource');
const visit = (cluster: Cluster) => visitOn(cluster, 'RestoreSource');

async function configured(): Promise<World> {
  const world = await startWorld({ sourceParameters: { wal_level: 'replica' } });
  await world.until('ConfigureSource');
  return world;
}

const settings = async ({ places: { cluster } }: World) => {
  const now = await cluster.describe();
  return { now, tags: await Promise.all([now, ...(now?.members ?? [])].map((one) => cluster.tags(one?.arn ?? ''))) };
};

/** A cluster after ConfigureSource. */
async function prepared(play: Play = {}): Promise<Played> {
  const cluster = playedCluster(play);
  await untilDoneOn(cluster, 'ConfigureSource');
  cluster.calls.length = 0;
  return cluster;
}
/** What somebody else does to it. */
const change = (cluster: Played, over: Partial<ClusterState>): void => {
  cluster.state = { ...cluster.state, ...over };
};
const tagsLeft = (cluster: Played): string[] => [...cluster.tagged.values()].flatMap((tags) => Object.keys(tags));

describe('RestoreSource', () => {
  livesItsWholeLife('RestoreSource', { world: configured, effect: settings });

  it('leaves the cluster as ConfigureSource found it', async () => {
    const world = await startWorld({ sourceParameters: { wal_level: 'replica' } });
    try {
      const before = await settings(world);
      await world.until('ConfigureSource');
      expect(await settings(world)).not.toEqual(before);
      await world.until('RestoreSource');
      expect(await settings(world)).toEqual(before);
    } finally {
      await world.destroy();
    }
  });

  it('does not reboot, and says that somebody should where a reboot was made before', async () => {
    const world = await configured();
    try {
      await world.until('RebootSource');
      const { evidence } = await world.until('RestoreSource');
      expect(evidence).toMatchObject({ reboot: expect.stringMatching(/^Reboot rehearsal-writer .*default\.aurora-postgresql/) });
      expect(await world.source('show wal_level')).toEqual([{ wal_level: 'logical' }]);
    } finally {
      await world.destroy();
    }
  });
});

describe('what RestoreSource puts back', () => {
  it('is everything that the journal holds, and then the journal, instance by instance and the cluster last', async () => {
    const before = state({ members: [member(), reader('shop-2'), reader('shop-3', { isPublic: true })] });
    const cluster = await prepared({ state: before });
    const { evidence } = await restore(cluster);
    expect(cluster.state).toEqual(before);
    expect(cluster.calls).toEqual(['setPublic shop-1 false', 'setPublic shop-2 false', 'modify', 'removeTags', 'removeTags', 'removeTags']);
    expect(tagsLeft(cluster)).toEqual([]);
    expect(evidence).toMatchObject({ parameterGroup: USERS_GROUP, securityGroups: [THEIRS], publicInstances: ['shop-3'], leftAlone: [] });
  });

  it('is nothing without a journal, even where the group of the migration is attached', async () => {
    const cluster = playedCluster({ state: state({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS] }) });
    expect(await visit(cluster)).toMatchObject({ verdict: 'done' });
    expect(cluster.calls).toEqual([]);
  });

  it('is nothing on a server that nobody manages', async () => {
    expect(await visit(unmanagedCluster)).toMatchObject({ verdict: 'done', evidence: { cluster: 'not managed by RDS' } });
  });

  it('holds however many security groups the cluster had, and spares the tags of others', async () => {
    const securityGroups = Array.from({ length: 40 }, (_, number) => `sg-${String(number).padStart(17, '0')}`);
    const before = state({ securityGroups });
    const tagged = new Map([[before.arn, { team: 'shop', 'planetscale-migration': 'ours, says the user' }]]);
    const cluster = await prepared({ state: before, tagged });
    const values = [...cluster.tagged.values()].flatMap((tags) => Object.values(tags));
    expect(Math.max(...values.map((value) => value.length))).toBeLessThanOrEqual(256);
    await restore(cluster);
    expect(cluster.state).toEqual(before);
    expect(tagsLeft(cluster)).toEqual(['team', 'planetscale-migration']);
  });
});

describe('what somebody changed meanwhile', () => {
  it('is left alone: another parameter group', async () => {
    const cluster = await prepared();
    change(cluster, { parameterGroup: 'somebodys-group' });
    const { evidence } = await restore(cluster);
    expect(cluster.state).toEqual(state({ parameterGroup: 'somebodys-group' }));
    expect(evidence.leftAlone).toEqual([expect.stringMatching(/is somebodys-group.*before the migration it was users-group/)]);
    expect(tagsLeft(cluster)).toEqual([]);
  });

  it('is left alone: security groups, but for ours, which goes', async () => {
    const cluster = await prepared({ state: state({ securityGroups: [THEIRS, 'sg-0old'] }) });
    change(cluster, { securityGroups: [THEIRS, OURS, 'sg-0new'] });
    const { evidence } = await restore(cluster);
    expect(cluster.state.securityGroups).toEqual([THEIRS, 'sg-0new']);
    expect(evidence.leftAlone).toEqual(['Somebody attached sg-0new meanwhile.', 'Somebody detached sg-0old meanwhile.']);
  });

  it('is left alone: an instance that was private again before, or that came later', async () => {
    const cluster = await prepared();
    change(cluster, { members: [member(), reader('shop-2', { isPublic: true })] });
    const { evidence } = await restore(cluster);
    expect(evidence).toMatchObject({ publicInstances: ['shop-2'], leftAlone: [] });
  });
});

describe('RestoreSource waits', () => {
  it.each<[string, Partial<ClusterState>]>([
    ['while the cluster is being modified', { status: 'modifying' }],
    ['through a maintenance', { status: 'maintenance' }],
    ['while an instance reboots', { members: [member({ isPublic: true, status: 'rebooting' })] }],
  ])('%s', async (_, over) => {
    const cluster = await prepared();
    change(cluster, over);
    expect(await visit(cluster)).toMatchObject({ verdict: 'pending' });
    expect(cluster.calls).toEqual([]);
  });

  it('with the journal until RDS has finished', async () => {
    const cluster = await prepared();
    const slow: Cluster = {
      ...cluster,
      describe: async () => ({ ...cluster.state, securityGroupsSettled: cluster.state.securityGroups.includes(OURS) }),
    };
    expect(await visit(slow)).toMatchObject({ verdict: 'pending' });
    expect(cluster.calls).toEqual(['setPublic shop-1 false', 'modify']);
    expect(await visit(slow)).toMatchObject({ verdict: 'pending' });
    expect(tagsLeft(cluster)).not.toEqual([]);
    expect(await visit(cluster)).toMatchObject({ verdict: 'done' });
    expect(tagsLeft(cluster)).toEqual([]);
  });
});

describe('RestoreSource refuses', () => {
  it('to change a cluster that cannot be changed, with the journal in place', async () => {
    const cluster = await prepared();
    change(cluster, { status: 'stopped' });
    const refused = visit(cluster);
    await expect(refused).rejects.toThrow(ClusterNotConfigurable);
    await expect(refused).rejects.toThrow(/cluster shop is stopped/);
    expect(tagsLeft(cluster)).not.toEqual([]);
  });

  it('to take away what another migration of the same cluster relies on, until that one is cleaned up', async () => {
    const groups = { [GROUP]: [{ name: 'rds.logical_replication', value: '1', applyMethod: 'pending-reboot' } as const] };
    const first = await prepared({ stack: 'First', groups });
    const second: Cluster = { ...first, stack: 'Second', migrationGroup: 'second-group', securityGroup: async () => 'sg-0second' };
    await untilDoneOn(second, 'ConfigureSource');
    expect(first.state).toMatchObject({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS, 'sg-0second'] });
    const refused = visit(first);
    await expect(refused).rejects.toThrow(CleanupIncomplete);
    await expect(refused).rejects.toThrow(/still serves the migration of Second/);
    await restore(second);
    expect(first.state).toMatchObject({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS] });
    await restore(first);
    expect(first.state).toEqual(state());
    expect(tagsLeft(first)).toEqual([]);
  });
});
