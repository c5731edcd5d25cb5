import { describe, expect, it } from 'vitest';
import { CleanupIncomplete, ClusterNotConfigurable } from '../../../lambdas/config/errors.ts';
import { parameterGroupOf } from '../../../lambdas/config/names.ts';
import type { Cluster, ClusterState, Parameter } from '../../../lambdas/ports/cluster.ts';
import { unmanagedCluster } from '../../../rehearsal/aurora-stand-in.ts';
import {
  type ClusterOptions,
  GROUP,
  member,
  OURS,
  type Played,
  playedCluster,
  reader,
  state,
  THEIRS,
  USERS_GROUP,
} from '../../support/cluster.ts';
import { untilDoneOn, visitOn } from '../../support/control-plane.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
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
async function prepared(options: ClusterOptions = {}): Promise<Played> {
  const cluster = playedCluster(options);
  await untilDoneOn(cluster, 'ConfigureSource');
  cluster.calls.length = 0;
  return cluster;
}
/** A change by another principal. */
const change = (cluster: Played, over: Partial<ClusterState>): void => {
  cluster.state = { ...cluster.state, ...over };
};
const tagsLeft = (cluster: Played): string[] => [...cluster.tagged.values()].flatMap((tags) => Object.keys(tags));

describe('RestoreSource', () => {
  describeLifecycle('RestoreSource', { world: configured, effect: settings });

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

  it('does not reboot, and recommends one where a reboot was made before', async () => {
    const world = await configured();
    try {
      await world.until('RebootSource');
      const { evidence } = await world.until('RestoreSource');
      expect(evidence).toMatchObject({
        reboot: expect.stringMatching(/^Reboot rehearsal-writer, rehearsal-reader .*default\.aurora-postgresql/),
      });
      expect(await world.source('show wal_level')).toEqual([{ wal_level: 'logical' }]);
    } finally {
      await world.destroy();
    }
  });
});

describe('the changes of RestoreSource', () => {
  it('are everything in the journal, then the journal, instance by instance and the cluster last', async () => {
    const before = state({ members: [member(), reader('shop-2'), reader('shop-3', { isPublic: true })] });
    const cluster = await prepared({ state: before });
    const { evidence } = await restore(cluster);
    expect(cluster.state).toEqual(before);
    expect(cluster.calls).toEqual(['setPublic shop-1 false', 'setPublic shop-2 false', 'modify', 'removeTags', 'removeTags', 'removeTags']);
    expect(tagsLeft(cluster)).toEqual([]);
    expect(evidence).toMatchObject({ parameterGroup: USERS_GROUP, securityGroups: [THEIRS], publicInstances: ['shop-3'], leftAlone: [] });
  });

  it('are none without a journal, even where the group of the migration is attached', async () => {
    const cluster = playedCluster({ state: state({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS] }) });
    expect(await visit(cluster)).toMatchObject({ verdict: 'done' });
    expect(cluster.calls).toEqual([]);
  });

  it('are none on an unmanaged server', async () => {
    expect(await visit(unmanagedCluster)).toMatchObject({ verdict: 'done', evidence: { cluster: 'not managed by RDS' } });
  });

  it('restore any number of security groups, and keep the tags of others', async () => {
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

describe('the addresses that were let in', () => {
  const letIn = [
    { address: '10.0.0.0/24', isOurs: false },
    { address: '3.64.1.2/32', isOurs: true },
    { address: '3.64.1.3/32', isOurs: true },
  ];

  it('are shut out when the cluster is put back, but for those of others', async () => {
    const cluster = await prepared({ allowed: letIn });
    const { evidence } = await restore(cluster);
    expect(cluster.letIn).toEqual(letIn.slice(0, 1));
    expect(cluster.calls[0]).toBe('disallow 3.64.1.2/32 3.64.1.3/32');
    expect(tagsLeft(cluster)).toEqual([]);
    expect(evidence).toMatchObject({ parameterGroup: USERS_GROUP });
  });

  it('are shut out where nothing else is to be put back, and said', async () => {
    const cluster = playedCluster({ allowed: letIn });
    const first = await visit(cluster);
    expect(first).toMatchObject({ verdict: 'done', evidence: { noLongerLetIn: ['3.64.1.2/32', '3.64.1.3/32'] } });
    expect(cluster.calls).toEqual(['disallow 3.64.1.2/32 3.64.1.3/32']);
    await restore(cluster);
    expect(cluster.calls).toHaveLength(1);
  });

  it('stay in while another migration keeps the cluster from being put back', async () => {
    const before = state();
    const cluster = await prepared({ state: before, allowed: letIn });
    cluster.tagged.set(before.arn, { ...cluster.tagged.get(before.arn), 'planetscale-migration:Other:parameter-group': USERS_GROUP });
    await expect(visit(cluster)).rejects.toThrow(CleanupIncomplete);
    expect(cluster.letIn).toEqual(letIn);
  });
});

describe('a change by another principal meanwhile', () => {
  it('is kept by RestoreSource: another parameter group', async () => {
    const cluster = await prepared();
    change(cluster, { parameterGroup: 'somebodys-group' });
    const { evidence } = await restore(cluster);
    expect(cluster.state).toEqual(state({ parameterGroup: 'somebodys-group' }));
    expect(evidence.leftAlone).toEqual([expect.stringMatching(/is somebodys-group.*before the migration it was users-group/)]);
    expect(tagsLeft(cluster)).toEqual([]);
  });

  it('is kept by RestoreSource: security groups, but for ours, which is removed', async () => {
    const cluster = await prepared({ state: state({ securityGroups: [THEIRS, 'sg-0old'] }) });
    change(cluster, { securityGroups: [THEIRS, OURS, 'sg-0new'] });
    const { evidence } = await restore(cluster);
    expect(cluster.state.securityGroups).toEqual([THEIRS, 'sg-0new']);
    expect(evidence.leftAlone).toEqual(['Security groups attached meanwhile: sg-0new.', 'Security groups detached meanwhile: sg-0old.']);
  });

  it('is kept by RestoreSource: an instance that was private again before, or that was added later', async () => {
    const cluster = await prepared();
    change(cluster, { members: [member(), reader('shop-2', { isPublic: true })] });
    const { evidence } = await restore(cluster);
    expect(evidence).toMatchObject({ publicInstances: ['shop-2'], leftAlone: [] });
  });
});

const PREFIX = 'planetscale-migration:Shop:';
const set = (name: string, value: string): Parameter => ({ name, value, applyMethod: 'immediate' });
/** A change by a principal with the right to tag alone. */
const retag = (cluster: Played, arn: string, tags: Record<string, string>): void => {
  cluster.tagged.set(arn, { ...cluster.tagged.get(arn), ...tags });
};

describe('a journal changed by another principal (#9.15)', () => {
  it.each<[string, Record<string, string>, ClusterOptions, RegExp]>([
    [
      'a group that is not there',
      { 'parameter-group': 'evil-group' },
      {},
      /parameter-group says evil-group, which is no cluster parameter group/,
    ],
    [
      'a group of another family',
      { 'parameter-group': 'evil-group' },
      { families: { 'evil-group': 'aurora-mysql8.0' } },
      /evil-group, which is of the family aurora-mysql8\.0, but the cluster is of aurora-postgresql15/,
    ],
    [
      'a group with other parameters',
      { 'parameter-group': 'evil-group' },
      { families: { 'evil-group': 'aurora-postgresql15' }, groups: { 'evil-group': [set('rds.force_ssl', '0')] } },
      /evil-group, which is not the group whose parameters were carried over.*: rds\.force_ssl/,
    ],
    [
      'a group without those that the cluster had',
      { 'parameter-group': 'default.aurora-postgresql15' },
      { families: { 'default.aurora-postgresql15': 'aurora-postgresql15' }, groups: { [USERS_GROUP]: [set('pgaudit.log', 'all')] } },
      /carried over, or one of the two was changed since: pgaudit\.log/,
    ],
    ['a group of ours', { 'parameter-group': GROUP }, {}, /name of a group of this stack, which no cluster had before/],
    [
      "the application's security group in place of ours",
      { 'security-group-added': 'sg-0other', 'security-groups': THEIRS },
      {},
      /sg-0other, which is no security group of this stack/,
    ],
  ])('is not followed, and the cluster is unchanged: %s', async (_what, tags, options, words) => {
    const cluster = await prepared({ ...options, state: state({ securityGroups: [THEIRS, 'sg-0other'] }) });
    retag(cluster, cluster.state.arn, Object.fromEntries(Object.entries(tags).map(([name, value]) => [PREFIX + name, value])));
    const before = cluster.state;
    const refused = visit(cluster);
    await expect(refused).rejects.toThrow(ClusterNotConfigurable);
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/Nothing was put back.*remove-tags-from-resource --resource-name \S+:cluster:shop --tag-keys/);
    expect(cluster.calls).toEqual([]);
    expect(cluster.state).toEqual(before);
    expect(tagsLeft(cluster)).not.toEqual([]);
  });

  it('cannot have a group attached in place of one that is not ours', async () => {
    const cluster = await prepared();
    change(cluster, { parameterGroup: 'somebodys-group' });
    retag(cluster, cluster.state.arn, { [`${PREFIX}parameter-group-set`]: 'somebodys-group' });
    await expect(visit(cluster)).rejects.toThrow(/parameter-group-set says somebodys-group, which is no name of a group of this stack/);
    expect(cluster.calls).toEqual([]);
  });

  it.each(['true', 'yes', ''])('never makes an instance public, nor private by a value that we do not write: %j', async (value) => {
    const before = state({ members: [member(), reader('shop-2', { isPublic: true })] });
    const cluster = await prepared({ state: before });
    const [first, second] = cluster.state.members;
    retag(cluster, second?.arn ?? '', { [`${PREFIX}public-access`]: value });
    change(cluster, { members: [{ ...member(), ...first, isPublic: false }, ...cluster.state.members.slice(1)] });
    const { evidence } = await restore(cluster);
    expect(cluster.calls.filter((call) => call.startsWith('setPublic'))).toEqual([]);
    expect(evidence.leftAlone).toEqual([expect.stringContaining(`${PREFIX}public-access = ${value} is none that the migration writes`)]);
  });

  it('no longer blocks when the operator has attached the wanted group', async () => {
    const cluster = await prepared();
    retag(cluster, cluster.state.arn, { [`${PREFIX}parameter-group`]: 'evil-group' });
    await expect(visit(cluster)).rejects.toThrow(/Attach the parameter group that you want yourself/);
    change(cluster, { parameterGroup: USERS_GROUP });
    await restore(cluster);
    expect(cluster.state).toEqual(state());
    expect(tagsLeft(cluster)).toEqual([]);
  });

  it('no longer blocks when the tags of the group are removed, and keeps ours attached', async () => {
    const cluster = await prepared();
    retag(cluster, cluster.state.arn, { [`${PREFIX}parameter-group`]: 'evil-group' });
    await cluster.removeTags(cluster.state.arn, [`${PREFIX}parameter-group`, `${PREFIX}parameter-group-set`]);
    await restore(cluster);
    expect(cluster.state).toEqual(state({ parameterGroup: GROUP }));
  });

  it('is followed where the copied parameters are unchanged, counts of ours aside', async () => {
    const groups = { [USERS_GROUP]: [set('work_mem', '64'), set('max_wal_senders', '5'), set('shared_preload_libraries', 'pgaudit')] };
    const cluster = await prepared({ groups });
    await restore(cluster);
    expect(cluster.state).toEqual(state());
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
  it('to change a cluster that cannot be modified, and keeps the journal', async () => {
    const cluster = await prepared();
    change(cluster, { status: 'stopped' });
    const refused = visit(cluster);
    await expect(refused).rejects.toThrow(ClusterNotConfigurable);
    await expect(refused).rejects.toThrow(/cluster shop is stopped/);
    expect(tagsLeft(cluster)).not.toEqual([]);
  });

  it('to remove what another migration of the same cluster needs, until that one is cleaned up', async () => {
    const groups = { [GROUP]: [{ name: 'rds.logical_replication', value: '1', applyMethod: 'pending-reboot' } as const] };
    const first = await prepared({ groups });
    const ofSecond = { stack: 'Second', migrationGroup: parameterGroupOf('Second', 'aurora-postgresql15') };
    const named = async (id: string) => (id === 'sg-0second' ? 'Second-until-cleanup' : 'another');
    const second: Cluster = { ...first, ...ofSecond, securityGroup: async () => 'sg-0second', securityGroupName: named };
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
