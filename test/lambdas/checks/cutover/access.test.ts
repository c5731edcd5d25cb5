import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { access } from '../../../../lambdas/checks/cutover/access.ts';
import { applicationRights } from '../../../../lambdas/checks/cutover/application-rights.ts';
import { code } from '../../../../lambdas/checks/cutover/code.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { type Application, noApplication } from '../../../../lambdas/ports/application.ts';
import { blocker, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { ownedSchema, WRITER } from '../../../support/owned-schema.ts';
import { startWorld, type World } from '../../../support/world.ts';

const loggingIn = (sourceUser: string, targetUser: string): Application => ({
  ...noApplication,
  secret: 'the application',
  sourceUsers: async () => [sourceUser],
  targetUser: async () => targetUser,
});

describe('what roles may do on the side switched to', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: ownedSchema(15) });
    await world.until('CopySchema');
    await world.until('BuildIndexes');
  });
  afterAll(() => world?.destroy());

  it('is the same after the copy, in both directions, and for the application', async () => {
    const checks = [access, applicationRights];
    expect(await switchFindings(world, checks)).toEqual([]);
    const application = loggingIn(WRITER, WRITER);
    expect(await switchFindings(world, checks, { application })).toEqual([]);
    expect(await switchFindings(world, checks, { application, direction: ROLLBACK })).toEqual([]);
  });

  it('refuses a cutover and not a rollback where it differs, with what mends it on that side', async () => {
    await world.target('revoke insert on shop.orders from writer');
    const objects = ['INSERT on table shop.orders (writer): may on the source, may not on the target'];
    const found = await switchFindings(world, [access]);
    expect(summary(found)).toEqual({ AccessDiffers: blocker(...objects) });
    expect(found[0]?.statements).toEqual(['grant INSERT on table "shop"."orders" to "writer"; -- on the target']);
    const back = await switchFindings(world, [access], { direction: ROLLBACK });
    expect(summary(back)).toEqual({ AccessDiffers: warning(...objects) });
    expect(back[0]?.statements).toEqual(['revoke INSERT on table "shop"."orders" from "writer" cascade;']);
  });

  it('is told once, and not as a change of the recorded grants', async () => {
    await world.source('grant references on shop.orders to writer');
    const found = summary(await switchFindings(world, [access, code]));
    expect(Object.keys(found)).toEqual(['AccessDiffers']);
    await world.source('revoke references on shop.orders from writer');
  });

  it('names what the application may not, and takes the statement for it', async () => {
    const application = loggingIn(WRITER, WRITER);
    const found = await switchFindings(world, [applicationRights], { application });
    expect(summary(found)).toEqual({ ApplicationRightsMissing: blocker('INSERT on shop.orders') });
    expect(await switchFindings(world, [applicationRights], { application, direction: ROLLBACK })).toEqual([]);
    await world.target(found[0]?.statements?.[0] ?? '');
    expect(await switchFindings(world, [access, applicationRights], { application })).toEqual([]);
  });

  it("only warns of the target's own settings", async () => {
    await world.target(`alter database "Shop ""main""" set work_mem = '5MB'`);
    expect(summary(await switchFindings(world, [access]))).toEqual({
      AccessOfTarget: warning('setting work_mem of the database: not set on the source, set on the target'),
    });
    await world.target(`alter database "Shop ""main""" reset work_mem`);
  });

  it('names a role of the application that is not there, and what one with too few rights may not', async () => {
    const findingsFor = async (user: string) =>
      summary(await switchFindings(world, [applicationRights], { application: loggingIn(WRITER, user) }));
    expect(await findingsFor('nobody "there"')).toEqual({ ApplicationRoleMissing: blocker('target: nobody "there"') });
    await world.target('create role "poor ""one""" login');
    const { ApplicationRightsMissing: rights } = await findingsFor('poor "one"');
    expect(rights?.severity).toBe('blocker');
    expect(rights?.objects).toContain('SELECT, INSERT on shop.ledger');
    expect(rights?.objects).toContain('EXECUTE on function shop.price(integer)');
    expect(rights?.objects).toContain('SELECT on column "Odd ""schema"""."Odd ""table"""."Odd ""column"""');
  });
});

describe('an application that logs in as the master', () => {
  it('needs on the target what the master may, where nothing was carried', async () => {
    const world = await startWorld({
      source: 15,
      target: 18,
      schema: 'create schema shop; create table shop.orders (id serial primary key); create view shop.all_of as select * from shop.orders',
    });
    try {
      const [master] = await world.asSourceRole('select session_user::text as name');
      const [ours] = await world.asTargetRole('select session_user::text as name');
      await world.until('CopySchema', { input: { roles: 'flatten' } });
      await world.until('BuildIndexes', { input: { roles: 'flatten' } });
      const check = (user: string, direction = {}) =>
        switchFindings(world, [access, applicationRights], { application: loggingIn(String(master?.name), user), ...direction });
      expect(await check(String(ours?.name))).toEqual([]);
      await world.target('create role app login; grant usage on schema shop to app; grant all on shop.orders to app');
      const found = await check('app');
      expect(summary(found)).toEqual({
        ApplicationRightsMissing: blocker(
          'SELECT, INSERT, UPDATE, DELETE, TRUNCATE on view shop.all_of',
          'USAGE, SELECT, UPDATE on sequence shop.orders_id_seq',
        ),
      });
      for (const statement of found[0]?.statements ?? []) await world.target(statement);
      expect(await check('app')).toEqual([]);
      expect(await check('app', { direction: ROLLBACK })).toEqual([]);
    } finally {
      await world.destroy();
    }
  });
});
