/** The application's login on the target: for the role that it has on the source, or for one that is made for it. */
import { describe, expect, it } from 'vitest';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import type { Json } from '../../../lambdas/config/json.ts';
import type { ApplicationBinding } from '../../../lambdas/ports/application.ts';
import { noApplication } from '../../../lambdas/ports/application.ts';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { identifier } from '../../../lambdas/postgres/quote.ts';
import { rehearsedSecret } from '../../../rehearsal/application/secret.ts';
import { madeLogin } from '../../../rehearsal/bindings.ts';
import { SOURCE_ROLE } from '../../../rehearsal/servers/pair.ts';
import type { TargetLogin } from '../../../rehearsal/servers/planetscale-roles.ts';
import { catalogsOf } from '../../support/catalogs.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { APPLICATION_PASSWORD, loginAs, sqlOn, startWorld, type World, type WorldOptions } from '../../support/world.ts';

const APP = `App "rw"; --`;
const MADE = `Made "rw" $do$.x`;
const app = identifier(APP);

const SCHEMA = `
create role ${app} login; create role low; grant ${app}, low to current_user;
create schema "Shop ""s"""; create table "Shop ""s""".orders (id int primary key, note text); insert into "Shop ""s""".orders values (1, 'x');
create sequence "Shop ""s""".numbers; create materialized view "Shop ""s""".counted as select count(*) from "Shop ""s""".orders;
create function "Shop ""s""".secret(int) returns int language sql as 'select 1'; revoke execute on function "Shop ""s""".secret(int) from public;
create type "Shop ""s""".state as enum ('a'); revoke usage on type "Shop ""s""".state from public;
create table "Shop ""s""".low (id int primary key); grant usage, create on schema "Shop ""s""" to low; alter table "Shop ""s""".low owner to low;
set role low; grant select on "Shop ""s""".low to ${SOURCE_ROLE}; reset role; revoke low from current_user;
grant usage on schema "Shop ""s""" to ${app}; grant select, insert on "Shop ""s""".orders to ${app};
`;
/** Only the user matters here. */
const as = (user: string): ConnectionSettings => ({ host: 'h', port: 1, database: 'd', user, password: 'p', tls: { verify: 'off' } });
const application = (user: string, role?: string): ApplicationBinding =>
  rehearsedSecret({ source: as(user), target: as('target secret') }, { ...madeLogin(APPLICATION_PASSWORD), ...(role && { role }) });
/** Where the target need not be asked. */
const strange = (what: Partial<ApplicationBinding>): ApplicationBinding => ({ ...application(APP), asking: undefined, ...what });

/** As far as the step needs it. */
async function copied(options: WorldOptions, before = '', input: Record<string, Json> = {}): Promise<World> {
  const world = await startWorld({ source: 15, target: 18, schema: SCHEMA, ...options });
  try {
    if (before) await world.asTargetRole(before);
    await world.until('CopySchema', { input });
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

const inWorld = async (options: WorldOptions, test: (world: World) => Promise<void>, before = '', input = {}): Promise<void> => {
  const world = await copied(options, before, input);
  try {
    await test(world);
  } finally {
    await world.destroy();
  }
};

/** As the application logs in, through the edge. */
const ask = (world: World, role: string, text: string) => sqlOn(loginAs(world, 'target', role, APPLICATION_PASSWORD))(text);
const login = (world: World, role: string): Promise<unknown> =>
  ask(world, role, 'select current_user::text as me').then(
    ([row]) => row?.me,
    ({ code }) => code,
  );
const recorded = async (world: World) => {
  const [there] = await world.target("select to_regclass('planetscale_migration.application_login') is not null as is_there");
  return there?.is_there ? world.target('select role, on_source, made from planetscale_migration.application_login') : [];
};

describe.each<TargetLogin>(['default', 'member'])('a login for the carried role, made by the role %s', (targetLogin) => {
  describeLifecycle('CreateApplicationLogin', {
    world: () => copied({ targetLogin, application: application(APP) }),
    effect: async (world) => [await login(world, APP), await recorded(world)],
  });
});

describe.each<TargetLogin>(['default', 'member'])('a role for an application that is the master, made by the role %s', (targetLogin) => {
  describeLifecycle('CreateApplicationLogin', {
    world: () => copied({ targetLogin, application: application(SOURCE_ROLE, MADE) }),
    effect: async (world) => [
      await login(world, MADE),
      await login(world, APP),
      await world.target('select has_table_privilege(oid, \'"Shop ""s""".orders\', \'truncate\') as may from pg_roles where rolname = $1', [
        MADE,
      ]),
    ],
  });
});

describe('the role that is made', () => {
  it.each([{}, { roles: 'flatten' }])('may do what the master may, and is a member of nothing (%j)', (input) =>
    inWorld(
      { application: application(SOURCE_ROLE, MADE) },
      async (world) => {
        await world.until('BuildIndexes', { input });
        const result = await world.until('CreateApplicationLogin', { input });
        expect(result.evidence).toMatchObject({
          role: MADE,
          onSource: SOURCE_ROLE,
          carried: false,
          works: true,
          rightsToGive: 0,
          rightsNotOurs: 0,
        });
        await ask(
          world,
          MADE,
          `insert into "Shop ""s""".orders values (2, 'y'); truncate "Shop ""s""".orders; select nextval('"Shop ""s""".numbers');
refresh materialized view "Shop ""s""".counted; select "Shop ""s""".secret(1); select 'a'::"Shop ""s""".state;
create table "Shop ""s""".own (s "Shop ""s""".state); create temporary table t (a int)`,
        );
        await ask(world, MADE, 'select * from "Shop ""s""".low');
        await expect(ask(world, MADE, 'insert into "Shop ""s""".low values (1)')).rejects.toMatchObject({ code: '42501' });
        await expect(ask(world, MADE, 'select * from planetscale_migration.application_login')).rejects.toMatchObject({ code: '42501' });
        expect(
          await world.target(
            `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as powerful,
  exists (select from pg_auth_members where member = r.oid) as member from pg_roles as r where rolname = $1`,
            [MADE],
          ),
        ).toEqual([{ powerful: false, member: false }]);
        await world.asTargetRole('create table "Shop ""s""".later (id int)');
        await ask(world, MADE, 'insert into "Shop ""s""".later values (1)');
        expect(await recorded(world)).toEqual([{ role: MADE, on_source: SOURCE_ROLE, made: true }]);
      },
      '',
      input,
    ),
  );

  it.each([{}, { roles: 'flatten' }])('goes with the copy that is dropped (%j)', async (input) => {
    const world = await startWorld({ source: 15, target: 18, schema: SCHEMA, application: application(SOURCE_ROLE, MADE) });
    try {
      const before = await catalogsOf(world.target);
      await world.until('CopySchema', { input });
      await world.until('CreateApplicationLogin', { input });
      await world.until('DropReplication', { input: { target: 'drop' } });
      expect(await catalogsOf(world.target)).toEqual(before);
      expect(await world.target('select from pg_roles where rolname = any ($1)', [[MADE, APP]])).toEqual([]);
    } finally {
      await world.destroy();
    }
  });

  it('stays with everything else', () =>
    inWorld({ application: application(SOURCE_ROLE, MADE) }, async (world) => {
      await world.until('CreateApplicationLogin');
      await world.until('DropReplication');
      expect(await login(world, MADE)).toBe(MADE);
    }));

  it.each([
    ['was there before', 'Old', /Old.*was on the target before/],
    ['is a role of the source', APP, /is a role of the source/],
  ])('has to have a name of its own: one that %s', (_case, role, says) =>
    inWorld(
      { application: application(SOURCE_ROLE, role) },
      async (world) => {
        const error = await world.visit('CreateApplicationLogin').catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InvalidConfiguration);
        expect((error as Error).message).toMatch(says);
        expect(await world.target('select from pg_roles where rolname = $1 and rolcanlogin', [role])).toEqual([]);
      },
      'set role postgres; create role "Old"',
    ),
  );
});

describe('a role of that name that was on the target before', () => {
  it('is not touched where it can log in', () =>
    inWorld(
      { application: application(APP) },
      async (world) => {
        const error = await world.visit('CreateApplicationLogin').catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InvalidConfiguration);
        expect((error as Error).message).toContain('applicationTargetSecretArn');
        await expect(sqlOn(loginAs(world, 'target', APP, 'mine'))('select 1')).resolves.toBeDefined();
        expect(await world.target("select to_regclass('planetscale_migration.application_login') as there")).toEqual([{ there: null }]);
      },
      `set role postgres; create role ${app} login password 'mine'`,
    ));

  it('gets a login where it has none, and loses it with the copy that is dropped', () =>
    inWorld(
      { application: application(APP) },
      async (world) => {
        await world.until('CreateApplicationLogin');
        expect(await login(world, APP)).toBe(APP);
        expect(await world.target('select made from planetscale_migration.carried_role where name = $1', [APP])).toEqual([{ made: false }]);
        expect(await recorded(world)).toEqual([{ role: APP, on_source: APP, made: false }]);
        await world.until('DropReplication', { input: { target: 'drop' } });
        expect(await world.target('select rolcanlogin from pg_roles where rolname = $1', [APP])).toEqual([{ rolcanlogin: false }]);
      },
      `set role postgres; create role ${app}`,
    ));

  it('is ours where it takes our password: an earlier migration made it', () =>
    inWorld(
      { application: application(APP) },
      async (world) => {
        await world.until('CreateApplicationLogin');
        expect(await recorded(world)).toEqual([{ role: APP, on_source: APP, made: false }]);
      },
      `set role postgres; create role ${app} login password '${APPLICATION_PASSWORD.replaceAll("'", "''")}'`,
    ));
});

describe('a login of ours', () => {
  it('gets its password again where another one was set, and a new one with a new secret', () =>
    inWorld({ application: application(APP) }, async (world) => {
      await world.until('CreateApplicationLogin');
      await world.target(`alter role ${app} password 'other'`);
      expect(await login(world, APP)).toBe('28P01');
      await world.until('CreateApplicationLogin');
      expect(await login(world, APP)).toBe(APP);
    }));

  it('is what a switch puts into the secret, with the branch behind the name', () =>
    inWorld({ application: application(APP) }, async (world) => {
      await world.until('CreateApplicationLogin');
      const port = world.ports('SwitchOver').acting.application;
      expect(await port.targetUser()).toBe(`${APP}.${world.pair.edge.branch}`);
      await port.keepOriginal();
      await port.pointAt('target');
      const secret = world.places.application as unknown as ReturnType<typeof rehearsedSecret>;
      expect(await secret.read()).toMatchObject({ user: `${APP}.${world.pair.edge.branch}`, password: APPLICATION_PASSWORD });
    }));
});

describe('nothing is made', () => {
  it('for a carried role that is gone', () =>
    inWorld({ application: application(APP) }, async (world) => {
      await world.target(`drop owned by ${app}; drop role ${app}`);
      await expect(world.visit('CreateApplicationLogin')).rejects.toThrow(/is gone/);
      expect(await world.target('select from pg_roles where rolname = $1', [APP])).toEqual([]);
    }));

  it.each<[string, ApplicationBinding, string]>([
    ['where no secret is configured', noApplication, 'no secret'],
    ['where the login is given', rehearsedSecret({ source: as(APP), target: as('given') }), 'login given'],
    ['for the master, where no role is named', application(SOURCE_ROLE), 'login of the target secret'],
    ['for a secret that leads elsewhere', strange({ pointsAt: async () => 'elsewhere' }), 'secret leads elsewhere'],
  ])('%s', (_case, binding, nothing) =>
    inWorld({ application: binding }, async (world) => {
      expect(await world.visit('CreateApplicationLogin')).toMatchObject({ verdict: 'done', evidence: { nothing, role: null } });
      expect(await world.target("select to_regclass('planetscale_migration.application_login') as there")).toEqual([{ there: null }]);
    }),
  );

  it('where the secret names two users', () =>
    inWorld({ application: strange({ currentUsers: async () => [APP, 'other'] }) }, async (world) => {
      await expect(world.visit('CreateApplicationLogin')).rejects.toThrow(/two users.*same user/);
    }));
});
