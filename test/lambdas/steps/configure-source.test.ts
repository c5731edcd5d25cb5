import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterNotConfigurable } from '../../../lambdas/config/errors.ts';
import { parameterGroupOf } from '../../../lambdas/config/names.ts';
import type { AllowedAddress, Cluster, ClusterState, Network, Parameter } from '../../../lambdas/ports/cluster.ts';
import { type Branch, type PlanetScaleView, WITHOUT_TOKEN } from '../../../lambdas/ports/planetscale.ts';
import { auroraStandIn, MIGRATION_GROUP, unmanagedCluster } from '../../../rehearsal/aurora-stand-in.ts';
import { GROUP, member, OPEN_NETWORK, OURS, playedCluster, prepared, reader, state, THEIRS, USERS_GROUP } from '../../support/cluster.ts';
import { untilDoneOn, visitOn } from '../../support/control-plane.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type World } from '../../support/world.ts';

const set = (name: string, value: string): Parameter => ({ name, value, applyMethod: 'pending-reboot' });
const visit = (cluster: Cluster) => visitOn(cluster, 'ConfigureSource');
const configure = (cluster: Cluster) => untilDoneOn(cluster, 'ConfigureSource');

/** Forty-five parameters of the user's, so that RDS takes them in no fewer than three calls. */
const MANY = Array.from({ length: 45 }, (_, number) => set(`custom.parameter_${number}`, `it's ${number}`));

const attached = async (world: World) => {
  const { cluster } = world.places;
  const state = await cluster.describe();
  const parameters = await cluster.userParameters(MIGRATION_GROUP);
  const tags = await Promise.all([state, ...(state?.members ?? [])].map((one) => cluster.tags(one?.arn ?? '')));
  const letIn = await cluster.allowed();
  return { state, letIn, parameters: parameters.map(({ name, value }) => `${name}=${value}`).sort(), tags };
};

describe('ConfigureSource', () => {
  describeLifecycle('ConfigureSource', { world: () => startWorld({ sourceParameters: { wal_level: 'replica' } }), effect: attached });
});

describe('ConfigureSource with a token', () => {
  const world = () =>
    startWorld({ sourceParameters: { wal_level: 'replica' }, planetscale: { addresses: ['198.51.100.7', '198.51.100.17/28'] } });
  describeLifecycle('ConfigureSource', { world, effect: attached });

  it("lets in the addresses of PlanetScale's API, and RestoreSource shuts them out again", async () => {
    const { places, until, destroy } = await world();
    try {
      await until('ConfigureSource');
      expect(await places.cluster.allowed()).toEqual([
        { address: '198.51.100.16/28', isOurs: true },
        { address: '198.51.100.7/32', isOurs: true },
      ]);
      await until('RestoreSource');
      expect(await places.cluster.allowed()).toEqual([]);
    } finally {
      await destroy();
    }
  });
});

describe('ConfigureSource on a real server', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sourceParameters: { wal_level: 'replica' } });
  });
  afterAll(() => world?.destroy());

  it('copies many parameters, twenty at a time', async () => {
    const cluster = auroraStandIn(world.pair.source, [...MANY, set('max_wal_senders', '77')]);
    const calls: number[] = [];
    const counting: Cluster = {
      ...cluster,
      setParameters: (group, parameters) => {
        calls.push(parameters.length);
        return cluster.setParameters(group, parameters);
      },
    };
    await configure(counting);
    expect(calls).toEqual([20, 20, 6]);
    expect(await cluster.userParameters(MIGRATION_GROUP)).toEqual(expect.arrayContaining([...MANY, set('max_wal_senders', '77')]));
  });

  it('has nothing to do for an unmanaged server', async () => {
    expect(await visit(unmanagedCluster)).toMatchObject({ verdict: 'done' });
  });
});

/** Of a later deployment, for a newer engine. */
const NEXT_GROUP = parameterGroupOf('Shop', 'aurora-postgresql16');
const PREFIX = 'planetscale-migration:Shop:';

describe('a journal written by another principal (#9.15)', () => {
  const { arn, members } = state();
  const instance = members[0]?.arn ?? '';
  it.each<[string, string, Record<string, string>, RegExp]>([
    [
      'another group than the one that is attached',
      arn,
      { [`${PREFIX}parameter-group`]: 'evil-group', [`${PREFIX}parameter-group-set`]: GROUP },
      /parameter-group says that shop had the parameter group evil-group.*but users-group is attached.*--tag-keys \S+parameter-group \S+parameter-group-set/,
    ],
    [
      'a group of no stack in place of ours',
      arn,
      { [`${PREFIX}parameter-group`]: USERS_GROUP, [`${PREFIX}parameter-group-set`]: 'evil-group' },
      /did not write: planetscale-migration:Shop:parameter-group-set = evil-group/,
    ],
    ['half of a pair', arn, { [`${PREFIX}parameter-group`]: USERS_GROUP }, /did not write: \S+parameter-group = users-group/],
    ['a group of ours from before', arn, { [`${PREFIX}parameter-group`]: GROUP, [`${PREFIX}parameter-group-set`]: GROUP }, /did not write/],
    ['an entry of no known name', arn, { [`${PREFIX}colour`]: 'red' }, /colour = red/],
    ['no id of a security group', arn, { [`${PREFIX}security-group-added`]: 'all' }, /security-group-added = all/],
    [
      'an instance that is to be made public',
      instance,
      { [`${PREFIX}public-access`]: 'true' },
      /public-access = true.*--resource-name \S+:db:shop-1/,
    ],
  ])('is refused: %s', async (_what, on, tags, words) => {
    const cluster = playedCluster({ tagged: new Map([[on, tags]]) });
    const refused = visit(cluster);
    await expect(refused).rejects.toThrow(ClusterNotConfigurable);
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow('Nothing was changed.');
    expect(cluster.calls).toEqual([]);
  });

  it('no longer blocks once it is removed, nor does that of another stack', async () => {
    const cluster = playedCluster({ tagged: new Map([[arn, { 'planetscale-migration:Other:parameter-group': 'evil-group' }]]) });
    expect(await configure(cluster)).toMatchObject({ evidence: { journal: { shop: { parameterGroup: USERS_GROUP } } } });
  });
});

describe('the changes of ConfigureSource', () => {
  it('are the group, the security groups and the public access, recorded in the journal first', async () => {
    const cluster = playedCluster({ state: state({ members: [member(), reader('shop-2')] }) });
    const { evidence } = await configure(cluster);
    expect(cluster.calls).toEqual(['addTags', 'addTags', 'addTags', 'setPublic shop-1 true', 'setPublic shop-2 true', 'modify']);
    expect(cluster.state).toMatchObject({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS] });
    expect(evidence).toMatchObject({
      parameterGroup: GROUP,
      securityGroups: [THEIRS, OURS],
      publicInstances: ['shop-1', 'shop-2'],
      journal: {
        shop: { parameterGroup: USERS_GROUP, parameterGroupSet: GROUP, securityGroups: [THEIRS], securityGroupAdded: OURS },
        'shop-1': { isPublic: false },
        'shop-2': { isPublic: false },
      },
    });
  });

  it('are never recorded a second time, whatever was changed in between', async () => {
    const cluster = playedCluster();
    await configure(cluster);
    const journal = structuredClone([...cluster.tagged]);
    cluster.state = { ...cluster.state, parameterGroup: USERS_GROUP, securityGroups: ['sg-0new'], members: [member()] };
    await configure(cluster);
    expect([...cluster.tagged]).toEqual(journal);
    expect(cluster.state).toMatchObject({ parameterGroup: GROUP, securityGroups: ['sg-0new', OURS] });
  });

  it('to the group of a later deployment are recorded beside the first record', async () => {
    const cluster = playedCluster();
    await configure(cluster);
    const { evidence } = await configure({ ...cluster, migrationGroup: NEXT_GROUP });
    expect(evidence).toMatchObject({ journal: { shop: { parameterGroup: USERS_GROUP, parameterGroupSet: NEXT_GROUP } } });
  });

  it('wait until the journal can be read back', async () => {
    const cluster = playedCluster();
    const forgetful: Cluster = { ...cluster, tags: async () => ({}) };
    expect(await visit(forgetful)).toMatchObject({ verdict: 'pending' });
    expect(cluster.calls).toEqual(['addTags', 'addTags']);
    expect(cluster.state).toEqual(state());
  });

  it('leave the group where the attached one is logical already, and add the security group all the same', async () => {
    const groups = { [USERS_GROUP]: [set('rds.logical_replication', '1'), set('max_replication_slots', '50')] };
    const cluster = playedCluster({ groups });
    const { evidence } = await configure(cluster);
    expect(evidence).toMatchObject({ streamedAlready: true, parameterGroup: USERS_GROUP, publicInstances: ['shop-1'] });
    expect(JSON.stringify([...cluster.tagged])).not.toContain('parameter-group');
  });

  it('exclude public access where none is wanted', async () => {
    const cluster = playedCluster({ publicAccess: 'none', network: { ...OPEN_NETWORK, dnsHostnames: false } });
    const { evidence } = await configure(cluster);
    expect(evidence).toMatchObject({ publicInstances: [], securityGroups: [THEIRS, OURS], journal: { shop: {} } });
  });

  it('exclude the security group where the stack has none', async () => {
    const cluster = playedCluster({ publicAccess: 'none', hasSecurityGroup: false });
    expect(await configure(cluster)).toMatchObject({ evidence: { parameterGroup: GROUP, securityGroups: [THEIRS] } });
  });

  it('exclude instances that no failover promotes: those of auto scaling, and those being deleted', async () => {
    const members = [member(), reader('application-autoscaling-1f'), reader('shop-3', { status: 'deleting' })];
    const { evidence } = await configure(playedCluster({ state: state({ members }) }));
    expect(evidence.publicInstances).toEqual(['shop-1']);
  });

  it('come with the parameters that could not be copied, to the last visit', async () => {
    const groups = { [USERS_GROUP]: [set('max_wal_senders', '{DBInstanceVCPU*9}')], [GROUP]: [set('max_wal_senders', '30')] };
    const { evidence } = await configure(playedCluster({ groups }));
    expect(evidence.notCarried).toEqual(['max_wal_senders']);
  });

  it('end at a parameter that RDS refuses, before the group is attached', async () => {
    const cluster = playedCluster({ groups: { [USERS_GROUP]: [set('work_mem', 'much')] } });
    const refusing: Cluster = {
      ...cluster,
      setParameters: async () => {
        throw new ClusterNotConfigurable('RDS refused work_mem.');
      },
    };
    await expect(visit(refusing)).rejects.toThrow('work_mem');
    expect(cluster.state.parameterGroup).toBe(USERS_GROUP);
  });

  it('are none on a cluster that is prepared', async () => {
    const cluster = playedCluster({ state: prepared() });
    expect(await visit(cluster)).toMatchObject({ verdict: 'done' });
    expect(cluster.calls).toEqual([]);
  });
});

describe('ConfigureSource waits', () => {
  it.each<[string, ClusterState]>([
    ['while the cluster is being modified', state({ status: 'modifying' })],
    ['while an instance reboots', prepared({ members: [member({ isPublic: true, status: 'rebooting' })] })],
    ['while an instance takes on its public address', prepared({ members: [member({ isPublic: true, status: 'modifying' })] })],
    ['while the group is being applied', prepared({ members: [member({ isPublic: true, parameterGroupStatus: 'applying' })] })],
    ['while a security group is being attached', prepared({ securityGroupsSettled: false })],
    ['through a maintenance once nothing is left to change', prepared({ status: 'maintenance' })],
  ])('%s, and changes nothing meanwhile', async (_, now) => {
    const cluster = playedCluster({ state: now });
    expect(await visit(cluster)).toMatchObject({ verdict: 'pending' });
    expect(cluster.calls).toEqual([]);
  });

  it('no longer when only the reboot is left', async () => {
    const members = [member({ isPublic: true, parameterGroupStatus: 'pending-reboot' })];
    expect(await visit(playedCluster({ state: prepared({ members }) }))).toMatchObject({ verdict: 'done' });
  });
});

describe('ConfigureSource refuses and changes nothing', () => {
  const serverless = member({ isServerless: true });
  const cases: readonly [string, Partial<ClusterState>, Partial<Network>, RegExp][] = [
    [
      'a secondary of a global database',
      { replicatesFrom: 'arn:aws:rds:us-east-1:1:cluster:main' },
      {},
      /takes no writes.*primary cluster/,
    ],
    ['Aurora 16.1', { engineVersion: '16.1' }, {}, /defective.*16\.2/],
    ['capacity that may go to zero', { leastCapacity: 0, members: [serverless] }, {}, /0 ACUs.*shop-1.*0\.5 ACUs/],
    ['an upgrade', { status: 'upgrading' }, {}, /cluster shop is upgrading.*Wait until RDS has finished/],
    ['the maintenance of an instance', { members: [member({ status: 'maintenance' })] }, {}, /instance shop-1 is maintenance/],
    ['a stopped cluster', { status: 'stopped' }, {}, /cluster shop is stopped.*Make it available/],
    ['a failed group', { members: [member({ parameterGroupStatus: 'failed-to-apply' })] }, {}, /could not apply.*instance shop-1/],
    ['a VPC without DNS', {}, { dnsSupport: false, dnsHostnames: false }, /DNS resolution and DNS hostnames switched off/],
    ['a private subnet', {}, { privateSubnets: ['subnet-a'] }, /subnets subnet-a .*no route to an internet gateway/],
    ['an open security group', {}, { openSecurityGroups: [THEIRS] }, /open shop to the internet.*sg-0application.*port 5432/],
  ];

  it.each(cases)('where there is %s', async (_, over, network, message) => {
    const cluster = playedCluster({ state: state(over), network: { ...OPEN_NETWORK, ...network } });
    const refused = visit(cluster);
    await expect(refused).rejects.toThrow(ClusterNotConfigurable);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(/Nothing was changed|data was not touched/);
    expect(cluster.calls).toEqual([]);
  });

  it.each<[string, Partial<ClusterState>, Partial<Network>, Cluster['publicAccess']]>([
    ['private subnets in zones without an instance', {}, { privateSubnets: ['subnet-b'] }, 'listed'],
    ['an open security group where all addresses are admitted', {}, { openSecurityGroups: [THEIRS] }, 'anyone'],
    ['a network where no public access is wanted', {}, { dnsSupport: false, privateSubnets: ['subnet-a'] }, 'none'],
    ['a cluster that could pause, without an instance that would', { leastCapacity: 0 }, {}, 'listed'],
    ['capacity that stays above zero', { leastCapacity: 0.5, members: [serverless] }, {}, 'listed'],
  ])('but passes where there is %s', async (_, over, network, publicAccess) => {
    const cluster = playedCluster({ state: state(over), network: { ...OPEN_NETWORK, ...network }, publicAccess });
    expect(await configure(cluster)).toMatchObject({ verdict: 'done' });
  });
});

describe("PlanetScale's outgoing addresses", () => {
  /** PlanetScale's API, as far as it is asked here. */
  const naming = (...addresses: string[]): PlanetScaleView => ({
    ...WITHOUT_TOKEN.planetscale,
    configured: true,
    branch: async () => ({ addresses, region: 'eu-central' }) as unknown as Branch,
  });
  const THEIRS_IN: AllowedAddress = { address: '10.0.0.0/24', isOurs: false };
  const OURS_IN: AllowedAddress = { address: '3.64.1.2/32', isOurs: true };

  it('are let in by rules of ours, while the cluster is prepared', async () => {
    const cluster = playedCluster({ allowed: [] });
    const { evidence } = await untilDoneOn(cluster, 'ConfigureSource', naming('3.64.1.2', '3.64.1.16/28'));
    expect(cluster.letIn).toEqual([
      { address: '3.64.1.16/28', isOurs: true },
      { address: '3.64.1.2/32', isOurs: true },
    ]);
    expect(evidence.letIn).toEqual(['3.64.1.16/28', '3.64.1.2/32']);
    expect(cluster.calls.filter((call) => call.startsWith('allow'))).toHaveLength(1);
  });

  it('are let in where nothing else is to be done, and not once more', async () => {
    const cluster = playedCluster({ state: prepared(), allowed: [THEIRS_IN] });
    await untilDoneOn(cluster, 'ConfigureSource', naming('3.64.1.2'));
    await untilDoneOn(cluster, 'ConfigureSource', naming('3.64.1.2'));
    expect(cluster.calls).toEqual(['allow 3.64.1.2/32']);
  });

  it('replace those that PlanetScale no longer has, and leave the rules of others', async () => {
    const cluster = playedCluster({ state: prepared(), allowed: [THEIRS_IN, OURS_IN] });
    await untilDoneOn(cluster, 'ConfigureSource', naming('3.64.1.3'));
    expect(cluster.calls).toEqual(['allow 3.64.1.3/32', 'disallow 3.64.1.2/32']);
    expect(cluster.letIn).toEqual([THEIRS_IN, { address: '3.64.1.3/32', isOurs: true }]);
  });

  it.each([
    ['a rule of the settings lets them in', [{ ...OURS_IN, isOurs: false }], naming('3.64.1.2')],
    ['PlanetScale names none', [OURS_IN], naming()],
    ['there is no token', [OURS_IN], undefined],
    ['nothing is opened', undefined, naming('3.64.1.2')],
  ])('are left as they are where %s', async (_when, allowed, planetscale) => {
    const cluster = playedCluster({ state: prepared(), ...(allowed && { allowed }) });
    await untilDoneOn(cluster, 'ConfigureSource', planetscale);
    expect(cluster.calls).toEqual([]);
  });

  it.each([
    ['a network that holds half of the internet', naming('0.0.0.0/1'), /not let in: 0\.0\.0\.0\/1/],
    ['none, and nobody is let in', naming(), /names no outgoing IPv4 address/],
  ])('are refused before anything is changed where PlanetScale names %s', async (_what, planetscale, message) => {
    const cluster = playedCluster({ allowed: [] });
    const refused = visitOn(cluster, 'ConfigureSource', undefined, planetscale);
    await expect(refused).rejects.toMatchObject({ name: 'ClusterNotConfigurable', message: expect.stringMatching(message) });
    expect(cluster.calls).toEqual([]);
  });

  it('are waited for until EC2 shows them', async () => {
    const cluster = playedCluster({ state: prepared(), allowed: [] });
    const slow: Cluster = { ...cluster, allowed: async () => [] };
    expect(await visitOn(slow, 'ConfigureSource', undefined, naming('3.64.1.2'))).toMatchObject({ verdict: 'pending' });
    expect(await visitOn(cluster, 'ConfigureSource', undefined, naming('3.64.1.2'))).toMatchObject({ verdict: 'done' });
  });

  it('are let in to the load balancer where there is one, and nothing of the cluster becomes public', async () => {
    const cluster = playedCluster({ publicAccess: 'none', hasSecurityGroup: false, allowed: [] });
    await untilDoneOn(cluster, 'ConfigureSource', naming('3.64.1.2'));
    expect(cluster.calls).toEqual(['addTags', 'allow 3.64.1.2/32', 'modify']);
    expect(cluster.state).toMatchObject({ parameterGroup: GROUP, securityGroups: [THEIRS], members: [member()] });
  });
});
