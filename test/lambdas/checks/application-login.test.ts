/** What is said of the application's login before the copy and before a switch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationLogin as beforeSwitch } from '../../../lambdas/checks/cutover/application-login.ts';
import { CUTOVER_CHECKS } from '../../../lambdas/checks/cutover/index.ts';
import { applicationLogin } from '../../../lambdas/checks/readiness/application-login.ts';
import { CHECKS } from '../../../lambdas/checks/readiness/index.ts';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import type { Application } from '../../../lambdas/ports/application.ts';
import { noApplication } from '../../../lambdas/ports/application.ts';
import { SOURCE_ROLE } from '../../../rehearsal/servers/pair.ts';
import { blocker, findingsOf, summary, warning } from '../../support/findings.ts';
import { switchFindings } from '../../support/following.ts';
import { startWorld, type World } from '../../support/world.ts';

const SCHEMA = `create role "App ""rw""" login; create schema shop; create table shop.t (id int primary key);
grant usage on schema shop to "App ""rw"""; grant select on shop.t to "App ""rw"""`;
const APP = 'App "rw"';
const using = (users: readonly string[], role?: string, more: Partial<Application> = {}): { readonly application: Application } => ({
  application: {
    ...noApplication,
    secret: 'shop',
    makesLogin: { role },
    pointsAt: async () => 'source',
    currentUsers: async () => users,
    ...more,
  },
});

describe("the application's login", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: SCHEMA });
  });
  afterAll(() => world?.destroy());
  const found = async (circumstances: Parameters<typeof findingsOf>[2]) =>
    summary(await findingsOf(world, [applicationLogin], circumstances));
  const refused = async (circumstances: Parameters<typeof switchFindings>[2]) =>
    summary(await switchFindings(world, [beforeSwitch], circumstances));

  it('is asked about before the copy and before a switch', () => {
    expect(CHECKS).toContain(applicationLogin);
    expect(CUTOVER_CHECKS).toContain(beforeSwitch);
  });

  it('is foretold before the copy', async () => {
    expect(await found({})).toEqual({});
    expect(await found(using([APP]))).toEqual({});
    expect(await found(using([SOURCE_ROLE], 'made'))).toEqual({});
    expect(await found(using([SOURCE_ROLE]))).toEqual({ ApplicationUsesMigrationLogin: warning(SOURCE_ROLE) });
    expect(await found({ ...using([APP]), input: { roles: 'flatten' } })).toEqual({ ApplicationUsesMigrationLogin: warning(APP) });
    expect(await found(using([SOURCE_ROLE], APP))).toEqual({ ApplicationRoleIsCarried: blocker(APP) });
    expect(await found(using([APP, 'other']))).toEqual({ ApplicationSecretUnusable: blocker('shop') });
    expect(await found(using([APP], undefined, { pointsAt: async () => 'elsewhere' }))).toEqual({
      ApplicationSecretElsewhere: warning('shop'),
    });
    const unreadable = async () => {
      throw new InvalidConfiguration('It holds no host.');
    };
    expect(await found(using([APP], undefined, { pointsAt: unreadable }))).toEqual({ ApplicationSecretUnusable: blocker('shop') });
  });

  it('may be there already, or may not be made', async () => {
    await world.target(`create role made; create role "App ""rw""" login`);
    expect(await found(using([SOURCE_ROLE], 'made'))).toEqual({ ApplicationRoleIsThere: warning('made') });
    expect(await found(using([APP]))).toEqual({ ApplicationRoleIsThere: warning(APP) });
    await world.target(`drop role made, "App ""rw"""; alter role postgres nocreaterole`);
    expect(await found(using([SOURCE_ROLE], 'made'))).toEqual({ ApplicationRoleNotToBeMade: blocker('made') });
    await world.target('alter role postgres createrole');
  });

  it('has to work before a switch', async () => {
    await world.until('CopySchema');
    expect(await refused(using([SOURCE_ROLE]))).toEqual({});
    expect(await refused(using([APP]))).toEqual({ ApplicationCannotLogIn: blocker(APP) });
    const places = world.places as { application: Application };
    places.application = using([APP]).application;
    await world.until('CreateApplicationLogin');
    expect(await refused(using([APP]))).toEqual({});
    expect(await found(using([APP]))).toEqual({});
    await world.target('alter role "App ""rw""" nologin');
    expect(await refused(using([APP]))).toEqual({ ApplicationCannotLogIn: blocker(APP) });
    await world.target(`alter role "App ""rw""" login password 'other'`);
    expect(await refused(using([APP]))).toEqual({ ApplicationCannotLogIn: blocker(APP) });
    expect(await refused(using([APP], undefined, { pointsAt: async () => 'target' }))).toEqual({});
  });
});
