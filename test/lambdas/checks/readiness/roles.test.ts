import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../../../lambdas/checks/readiness/index.ts';
import { roles } from '../../../../lambdas/checks/readiness/roles.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import type { TargetLogin } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { blocker, findingsOf, ODD, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** The role as the target has it. */
const NAME = 'Odd "S%\\ö';
const SCHEMA = `
create role ${ODD} login createdb connection limit 5 valid until '2030-01-01'; create role plain; create role there login; create role pscale_mine;
create role reader; grant pg_monitor to reader; create role unused login createrole;
grant ${ODD}, plain to aurora_master; grant create on schema public to ${ODD}, plain, there;
create table owned (id int); alter table owned owner to ${ODD};
create table plain_owned (id int); alter table plain_owned owner to plain;
create table granted (id int); grant select on granted to there, reader, pscale_mine`;

describe.each<[ServerVersion, TargetLogin]>([
  [15, 'member'],
  [18, 'default'],
])('roles that own or are granted something, from version %d by the role %s', (source, targetLogin) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target: 18, targetLogin });
    await world.source(SCHEMA);
  });
  afterAll(() => world?.destroy());

  it('are named where they lose a login or attributes, and where they stay behind', async () => {
    const found = summary(await findingsOf(world, [roles]));
    expect(found.RoleAttributesLeftBehind).toEqual(
      warning(`${NAME}: login, createdb, connection limit 5, valid until 2030-01-01 00:00:00+00`, 'there: login'),
    );
    expect(found.RolesLeftOut?.objects).toEqual(expect.arrayContaining(['pscale_mine']));
    expect(Object.keys(found).toSorted()).toEqual(['RoleAttributesLeftBehind', 'RolesLeftOut']);
    expect(CHECKS).toContain(roles);
  });

  it('are used as they are where the target has them, and refused where ours may not act for an owner', async () => {
    const login = world.database.target.user.split('.')[0];
    await world.target(`create role ${ODD}; create role plain superuser; create role there login`);
    try {
      const findings = await findingsOf(world, [roles]);
      const found = summary(findings);
      expect(found.RoleNotOurs).toEqual(blocker(NAME, 'plain (superuser)'));
      expect(found.RoleIsThere).toEqual(warning('there (logs in)'));
      expect(found.RoleAttributesLeftBehind).toBeUndefined();
      const [statement, ...others] = findings.find(({ code }) => code === 'RoleNotOurs')?.statements ?? [];
      expect([statement, others]).toEqual([`grant ${ODD} to "${login}" with inherit true, set true; -- on the target`, []]);
      await world.target(statement ?? '');
      await world.target('alter role plain nosuperuser; grant plain to postgres with admin option');
      const mended = summary(await findingsOf(world, [roles]));
      expect(mended.RoleNotOurs).toBeUndefined();
      expect(mended.RoleIsThere).toEqual(warning(NAME, 'plain', 'there (logs in)'));
    } finally {
      await world.target(`drop role ${ODD}, plain, there`);
    }
  });

  it('are named with the settings that the target does not allow, and not with their values', async () => {
    await world.source(`alter role plain set log_statement = 'all'; alter role plain set work_mem = '5MB'; alter role plain set search_path = public;
      do $$ begin execute format('alter database %I set app.token = ''hush''', current_database()); end $$`);
    const findings = await findingsOf(world, [roles]);
    expect(summary(findings).SettingsNotAllowed).toEqual(
      warning('setting app.token of the database', 'setting log_statement of role plain'),
    );
    expect(JSON.stringify(findings)).not.toContain('hush');
    await world.source(
      `alter role plain reset all; do $$ begin execute format('alter database %I reset app.token', current_database()); end $$`,
    );
  });

  it('are refused where they own something under a name of the platform, unless that is flattened', async () => {
    await world.source(
      'create role pscale_owner; grant create on schema public to pscale_owner; create table misplaced (id int); alter table misplaced owner to pscale_owner',
    );
    const found = summary(await findingsOf(world, [roles]));
    expect(found.RoleMisnamed).toEqual(blocker('pscale_owner'));
    expect(found.RolesLeftOut?.objects).not.toContain('pscale_owner');
    await world.source('drop table misplaced');
  });

  it('are flattened where the target makes none, which is said unless it is wanted', async () => {
    const weak = await poorRole('target', world, 'weak');
    expect(summary(await findingsOf(world, [roles], { target: weak }))).toEqual({ RolesFlattened: warning('target: weak') });
    expect(await findingsOf(world, [roles], { target: weak, input: { roles: 'flatten' } })).toEqual([]);
    expect(await findingsOf(world, [roles], { input: { roles: 'flatten' } })).toEqual([]);
  });
});
