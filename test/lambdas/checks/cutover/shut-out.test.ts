import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ownLogin, ownRole, roleOfLogin, shutOut } from '../../../../lambdas/checks/cutover/shut-out.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { InvalidConfiguration } from '../../../../lambdas/config/errors.ts';
import { type Application, noApplication } from '../../../../lambdas/ports/application.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { other } from '../../../support/fenced.ts';
import { blocker, poorRole, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe.each(versions(11, 13, 15, 17, 18))('roles that keep CONNECT under a fence on a source %i (#9.7)', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: version, target: 18 });
  });
  afterAll(() => world?.destroy());
  const ours = async () => ({ source: await poorRole('source', world, 'Our "role"', 'grant pg_read_all_stats to :role') });

  it('are direct and indirect members of ours, and their statements revoke the membership', async () => {
    const places = await ours();
    expect(await switchFindings(world, [shutOut], places)).toEqual([]);
    await world.source(`create role "The Insider" login; create role team; create role deep login; create role bystander login;
create role apart login noinherit; create role rdsproxy login; create role nologin_member;
grant "Our ""role""" to "The Insider", team, apart, nologin_member; grant team to deep`);
    const found = await switchFindings(world, [shutOut], places);
    expect(summary(found)).toEqual({ RoleNotShutOut: blocker('source: The Insider', 'source: deep') });
    const [finding] = found;
    const by = version >= 16 ? ' granted by rdsadmin' : '';
    expect(finding?.statements).toEqual([`revoke "Our ""role""" from "The Insider"${by};`, `revoke "Our ""role""" from team${by};`]);
    expect(summary(await switchFindings(world, [shutOut], { ...places, input: { harmlessRoles: ['deep'] } }))).toEqual({
      RoleNotShutOut: blocker('source: The Insider'),
      RoleTakenForHarmless: warning('source: deep'),
    });
    for (const statement of finding?.statements ?? []) await world.source(statement);
    expect(await switchFindings(world, [shutOut], places)).toEqual([]);
  });
});

describe('roles that keep CONNECT under a fence (#9.7)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());
  const OURS = { source: 'aurora_master', target: TARGET_ROLES.member } as const;

  it('are checked on both sides, in both directions', async () => {
    await world.target(
      `create role pscale_api_app login; create role pscale_other login; grant ${OURS.target} to pscale_api_app, pscale_other`,
    );
    for (const direction of [undefined, ROLLBACK]) {
      const found = await switchFindings(world, [shutOut], direction ? { direction } : {});
      expect(summary(found)).toEqual({ RoleNotShutOut: blocker('target: pscale_api_app') });
    }
    await world.target('drop role pscale_api_app, pscale_other');
  });

  it('include other sessions of our own role, unless the input calls it harmless', async () => {
    const session = await other(world.database.source, 'psql');
    expect(summary(await switchFindings(world, [ownRole]))).toEqual({ OwnRoleUsedByOthers: blocker('source: aurora_master (psql): 1') });
    expect(await switchFindings(world, [ownRole], { input: { harmlessRoles: [OURS.source] } })).toEqual([]);
    await session.end();
  });

  it('are known by the role behind a PlanetScale login with its branch', () => {
    const own = { user: 'postgres.nk35mx55qq', role: 'postgres' };
    expect(['postgres.nk35mx55qq', 'matt.nk35mx55qq', 'postgres', 'a.b'].map((user) => roleOfLogin(user, own))).toEqual([
      ...['postgres', 'matt', 'postgres', 'a.b'],
    ]);
    expect(roleOfLogin('shop.app', { user: 'master', role: 'master' })).toBe('shop.app');
  });

  describe('of the application', () => {
    let application: Application;
    const users = (currentUsers: readonly string[], targetUser: string): void => {
      application = { ...noApplication, secret: 'shop', currentUsers: async () => currentUsers, targetUser: async () => targetUser };
    };
    const found = async (circumstances = {}) => summary(await switchFindings(world, [ownLogin], { application, ...circumstances }));
    afterEach(() => users([], ''));

    it('are refused where it shares our role on the side to be fenced', async () => {
      users(['shop', OURS.source], 'shop');
      expect(await found()).toEqual({ ApplicationUsesOurRole: blocker('source: aurora_master') });
      users(['shop'], 'shop');
      expect(await found()).toEqual({});
    });

    it('are refused at the target without a login of its own, no way back or consent', async () => {
      users(['shop'], OURS.target);
      expect(await found()).toEqual({ ApplicationUsesOurRole: blocker(`target: ${TARGET_ROLES.member}`) });
      expect(await found({ input: { reverse: false } })).toEqual({});
      expect(await found({ input: { harmlessRoles: [OURS.target] } })).toEqual({});
      users([OURS.target], OURS.target);
      expect(await found({ direction: ROLLBACK })).toEqual({ ApplicationUsesOurRole: blocker(`target: ${TARGET_ROLES.member}`) });
    });

    it('are not checked where no secret has its user name', async () => {
      application = noApplication;
      expect(await found()).toEqual({});
    });

    it('are not called harmless where its secret cannot be read', async () => {
      users(['shop'], 'shop');
      application = {
        ...application,
        targetUser: async () => {
          throw new InvalidConfiguration('It holds no user.');
        },
      };
      expect(await found()).toEqual({ CouldNotTell: blocker("the application's own login") });
    });
  });
});
