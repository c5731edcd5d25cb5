import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fenceRights } from '../../../../lambdas/checks/readiness/fence-rights.ts';
import { wayBack, wayBackRights, wayBackRoom } from '../../../../lambdas/checks/readiness/way-back.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { blocker, findingsOf, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const RIGHTS = [fenceRights, wayBackRights];

describe.each([
  [17, 'member'],
  [18, 'member'],
  [18, 'default'],
] as const)('privileges of a switch on a target of version %i, logged in as %s (#10)', (target, targetLogin) => {
  let world: World;
  let bare: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target, targetLogin, targetParameters: { max_slot_wal_keep_size: '4GB' } });
    bare = await startWorld({
      ...{ source: 17, target, targetLogin },
      targetParameters: { wal_level: 'replica', max_replication_slots: 0, max_slot_wal_keep_size: -1 },
    });
  });
  afterAll(() => Promise.all([world?.destroy(), bare?.destroy()]));

  it('suffice with the login that PlanetScale makes', async () => {
    expect(await findingsOf(world, RIGHTS)).toEqual([]);
  });

  it('are reported before the copy for a login without postgres, with the remedy', async () => {
    const poor = await poorRole('target', world, 'pscale_api_poor', 'grant pg_create_subscription to :role');
    const found = await findingsOf(world, RIGHTS, { target: poor });
    expect(summary(found)).toEqual({
      FenceRightsMissing: blocker(
        'target: pscale_api_poor may not alter the database (it is not its owner)',
        "target: pscale_api_poor may not end others' sessions (it is no member of pg_signal_backend)",
      ),
      WayBackRightsMissing: blocker(
        'target: pscale_api_poor may not make a role that replicates',
        'target: pscale_api_poor may not make a replication slot',
        'target: pscale_api_poor may not make a publication in the database',
      ),
    });
    for (const { remedy } of found) {
      expect(remedy).toContain('Settings → Roles → New role, with postgres among the inherited roles');
      expect(remedy).toContain(`What is lacking, ${TARGET_ROLES.default} has.`);
    }
    expect(found[1]?.remedy).toContain('{"reverse": false}');
  });

  it('are reported where the login may not SET ROLE to the role that it inherits', async () => {
    const barred = await poorRole('target', world, 'pscale_api_barred', `grant ${TARGET_ROLES.default} to :role with set false`);
    const found = await findingsOf(world, RIGHTS, { target: barred });
    expect(summary(found)).toEqual({
      WayBackRightsMissing: blocker(
        'target: pscale_api_barred may not make a role that replicates',
        'target: pscale_api_barred may not make a replication slot',
      ),
    });
    expect(found[0]?.remedy).toContain('pscale_api_barred is a member of postgres; where it may not act as that role');
  });

  it('are checked for the fence alone where the input wants no way back', async () => {
    const poor = await poorRole('target', world, 'pscale_api_other');
    const input = { reverse: false };
    expect(Object.keys(summary(await findingsOf(world, [...RIGHTS, wayBackRoom], { target: poor, input })))).toEqual([
      'FenceRightsMissing',
    ]);
    expect(await findingsOf(bare, [wayBackRoom], { input })).toEqual([]);
  });

  it('include wal_level and slots of the target, with their place', async () => {
    const found = await findingsOf(bare, [wayBackRoom]);
    expect(summary(found)).toEqual({
      TargetWalLevelNotLogical: blocker('target: wal_level = replica'),
      TargetHasNoRoomForSlot: blocker('target: max_replication_slots = 0, 0 in use'),
    });
    for (const { remedy } of found) expect(remedy).toMatch(/Clusters → Parameters.*before the copy.*"reverse": false/);
  });

  it("come with a warning of PlanetScale's default limit of 4 GB for a slot", async () => {
    expect(summary(await findingsOf(world, [wayBackRoom]))).toEqual({
      TargetKeepsLittleWal: warning('target: max_slot_wal_keep_size = 4096 MB'),
    });
  });
});

describe('the host of the stream back', () => {
  const PRIVATE = 'aws-eu-central-1.private-pg.psdb.cloud';
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  const found = (settings: { readonly host?: string }, publicHost?: string) =>
    findingsOf({ ...world, places: { ...world.places, wayBack: { ...world.places.wayBack, ...settings } } }, [wayBack], {
      target: { ...world.places.target, ...(publicHost !== undefined && { publicHost }) },
    });

  it('is the public one of the target secret, unless the deployment names another', async () => {
    expect(await found({}, 'aws-eu-central-1.pg.psdb.cloud')).toEqual([]);
    expect(summary(await found({}, PRIVATE))).toEqual({ WayBackByPrivateHost: warning(PRIVATE) });
    expect(await found({ host: 'aws-eu-central-1.pg.psdb.cloud' }, PRIVATE)).toEqual([]);
  });

  it('is said before the copy where it is a private one, with what to do', async () => {
    const [finding] = await found({ host: PRIVATE });
    expect(finding).toMatchObject({ code: 'WayBackByPrivateHost', severity: 'warning', objects: [PRIVATE] });
    expect(finding?.remedy).toMatch(/"publicHost".*reverseHost.*CheckNetwork tries it/);
    expect(await found({ host: `${PRIVATE}.example.com` })).toEqual([]);
  });
});

describe('privileges of a switch on the source', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('are reported before the copy (#10)', async () => {
    const source = await poorRole('source', world, 'poor');
    expect(summary(await findingsOf(world, RIGHTS, { source }))).toEqual({
      FenceRightsMissing: blocker(
        'source: poor may not alter the database (it is not its owner)',
        "source: poor may not end others' sessions (it is no member of pg_signal_backend)",
      ),
      WayBackRightsMissing: blocker('source: poor may not make a subscription', 'source: poor may not make anything in the database'),
    });
  });
});
