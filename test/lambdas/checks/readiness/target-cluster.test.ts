import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { sourceReplication, targetWorkers } from '../../../../lambdas/checks/readiness/capacity.ts';
import { connections } from '../../../../lambdas/checks/readiness/connections.ts';
import { size } from '../../../../lambdas/checks/readiness/size.ts';
import { slotOfTheWayBack } from '../../../../lambdas/checks/readiness/slot-survival.ts';
import { targetCluster } from '../../../../lambdas/checks/readiness/target-cluster.ts';
import { wayBackRoom } from '../../../../lambdas/checks/readiness/way-back.ts';
import { InvalidConfiguration, TransientError } from '../../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import type { ChangeRequest } from '../../../../lambdas/ports/planetscale.ts';
import { WITHOUT_TOKEN } from '../../../../lambdas/ports/planetscale.ts';
import { type Circumstances, findingsOf, poorRole, summary, warning } from '../../../support/findings.ts';
import { BRANCH, PARAMETERS } from '../../../support/played-planetscale.ts';
import { startTokenWorld, type TokenWorld } from '../../../support/token-world.ts';

const GIB = 1024 ** 3;
/** Those that judge the target by what will be in force. */
const CHECKS = [targetCluster, sourceReplication, targetWorkers, connections, wayBackRoom, slotOfTheWayBack, size];
const REVERSE = subscriptionName('shop', 'reverse');
const done = (minimumStorageBytes: number): ChangeRequest => ({
  ...{ id: 'earlier', state: 'completed', actor: 'ada', parameters: {}, previousParameters: {} },
  minimumStorageBytes,
});

describe("PlanetScale's cluster before the migration", () => {
  let world: TokenWorld;
  beforeAll(async () => {
    world = await startTokenWorld({
      source: 17,
      target: 18,
      targetParameters: { max_worker_processes: 2, max_logical_replication_workers: 1, max_replication_slots: 0, max_connections: 20 },
    });
    await world.asSourceRole('create table a (id int primary key); insert into a select generate_series(1, 1000)');
  });
  afterAll(() => world?.destroy());
  beforeEach(() => {
    Object.assign(world.played, { branch: BRANCH });
    world.played.changes.splice(0, world.played.changes.length, done(GIB / 2));
  });
  const found = async (circumstances: Circumstances = {}, checks = CHECKS) => summary(await findingsOf(world, checks, circumstances));
  const api = (more: Partial<TokenWorld['played']['planetscale']>) => ({ planetscale: { ...world.played.planetscale, ...more } });

  it('is told with every change that ConfigureTarget makes, and blocks nothing that it mends', async () => {
    const { TargetWillChange, ...others } = await found();
    expect(TargetWillChange?.objects).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^max_worker_processes 2 → \d+ \(restart\)$/),
        'max_replication_slots 0 → 1 (restart)',
        'hot_standby_feedback off → on',
        `logical_slots empty → ${REVERSE}`,
        'disk 0.5 GiB → 1 GiB',
      ]),
    );
    expect(others).toEqual({ TargetAddresses: warning(...BRANCH.addresses), TargetKeepsLittleWal: expect.anything() });
  });

  it('changes nothing by looking', async () => {
    await found();
    expect(world.played.calls).toEqual([]);
  });

  it('is told by the API alone where there is no login, with the role to make', async () => {
    const { TargetWillChange, TargetNotLookedAt, ...others } = await found({ target: undefined });
    expect(TargetWillChange?.objects).toEqual(
      expect.arrayContaining(['a role for the migration', expect.stringMatching(/^max_worker_processes 2 → \d+ \(restart\)$/)]),
    );
    expect(TargetNotLookedAt?.objects).toEqual(expect.arrayContaining(['replication workers of the target']));
    expect(Object.keys(others)).toEqual(['TargetAddresses']);
  });

  it('is told as blocked, once for each setting, while somebody is connected, unless a restart is consented to', async () => {
    const client = new pg.Client(clientConfig(await poorRole('target', world, 'billing'), 'billing'));
    client.on('error', () => {});
    await client.connect();
    const findings = await findingsOf(world, CHECKS);
    const blockers = findings.filter(({ severity }) => severity === 'blocker');
    expect(blockers.map(({ code }) => code)).toEqual(['TargetCannotRun']);
    expect(blockers[0]?.objects).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^max_worker_processes = 2, \d+ needed/),
        expect.stringMatching(/^max_replication_slots = 0/),
      ]),
    );
    expect(blockers[0]?.remedy).toContain('1 session of billing');
    expect(blockers[0]?.remedy).toContain('{"restart": "now"}');
    const consented = await found({ input: { restart: 'now' } });
    expect(Object.values(consented).map(({ severity }) => severity)).not.toContain('blocker');
    await client.end();
    await expect.poll(() => world.target("select 1 from pg_stat_activity where usename = 'billing'")).toEqual([]);
  });

  it('names what the API does not let change', async () => {
    const parameters = async () => PARAMETERS.map((one) => ({ ...one, isImmutable: one.name === 'max_replication_slots' }));
    const findings = await findingsOf(world, CHECKS, api({ parameters }));
    expect(findings.filter(({ severity }) => severity === 'blocker')).toMatchObject([
      {
        code: 'TargetCannotRun',
        objects: [expect.stringMatching(/^max_replication_slots = 0/)],
        remedy: expect.stringContaining('support'),
      },
    ]);
  });

  it('is judged as it is where the API is down, which is no blocker by itself', async () => {
    const branch = () => Promise.reject(new TransientError('The API did not answer.'));
    const findings = summary(await findingsOf(world, CHECKS, api({ branch })));
    expect(findings.PlanetScaleOutOfReach).toEqual(warning('api.planetscale.com'));
    expect(findings).toMatchObject({
      TooFewTargetWorkers: { severity: 'blocker' },
      SlotNameToEnter: warning(REVERSE),
      DiskSpace: expect.anything(),
    });
    expect(findings.CouldNotTell).toBeUndefined();
  });

  it.each(['', 'abc', '-1', '1e9', '9'.repeat(30), '{"x":[1,', '7 GB; drop'])('stands values of the API such as %j', async (value) => {
    const parameters = async () => PARAMETERS.map((one) => ({ ...one, value }));
    for (const target of [world.places.target, undefined]) {
      const findings = await findingsOf(world, CHECKS, { ...api({ parameters }), target });
      expect(findings.map(({ code }) => code)).not.toContain('CouldNotTell');
      expect(findings.flatMap(({ objects }) => objects).join()).not.toMatch(/NaN|Infinity/);
    }
  });

  it('blocks where the token may not look, in the words of the API', async () => {
    const parameters = () => Promise.reject(new InvalidConfiguration('The token lacks read_branch.'));
    const [first] = await findingsOf(world, [targetCluster], api({ parameters }));
    expect(first).toMatchObject({ code: 'TokenRefused', severity: 'blocker', message: expect.stringContaining('lacks read_branch') });
  });

  it('says what is waited for, that a Metal cluster has the disks that it has, and that the regions differ', async () => {
    Object.assign(world.played, { branch: { ...BRANCH, isReady: false, state: 'sleeping', isMetal: true, region: 'us-east' } });
    world.played.changes.splice(0, 1, { ...done(GIB), id: 'c9', state: 'resizing' });
    const cluster = {
      ...world.places.cluster,
      describe: async () => ({ ...(await world.places.cluster.describe()), arn: 'arn:aws:rds:eu-west-1:1:cluster:c' }),
    };
    const { TargetNotReady, RegionsDiffer, DiskSpace } = await found({ cluster: cluster as typeof world.places.cluster });
    expect(TargetNotReady).toEqual(warning('branch: sleeping', 'change c9 by ada: resizing'));
    expect(RegionsDiffer).toEqual(warning('eu-west-1 to us-east'));
    expect(DiskSpace?.severity).toBe('warning');
  });

  it.each([
    ['us-east', 'us-east-1', false],
    ['aws-us-east-2', 'us-east-2', false],
    ['us-east-2', 'us-east-1', true],
    ['us-east', 'us-west-2', true],
    ['gcp-us-central1', 'us-east-1', true],
  ])('compares the region %s with %s', async (region, own, differs) => {
    Object.assign(world.played, { branch: { ...BRANCH, region } });
    const cluster = { ...world.places.cluster, describe: async () => ({ arn: `arn:aws:rds:${own}:1:cluster:c` }) };
    const findings = await found({ cluster: cluster as unknown as typeof world.places.cluster }, [targetCluster]);
    expect('RegionsDiffer' in findings).toBe(differs);
  });

  it('is for a person to configure where there is no token, with nothing said twice', async () => {
    const blocked = await found(WITHOUT_TOKEN);
    expect(blocked).toMatchObject({ TooFewTargetWorkers: { severity: 'blocker' }, SlotNameToEnter: warning(REVERSE) });
    expect(blocked.TargetToConfigure).toBeUndefined();
    await world.pair.target.restart({ max_worker_processes: 10, max_logical_replication_workers: 12, max_replication_slots: 10 });
    const slow = await found({ ...WITHOUT_TOKEN, input: { indexWorkers: 8 } });
    expect(slow.TargetToConfigure).toEqual(
      warning(expect.stringMatching(/^max_worker_processes 10 → \d+ \(restart\), for .*8 index builds/)),
    );
    expect(Object.values(slow).map(({ severity }) => severity)).not.toContain('blocker');
  });
});
