import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import type { TargetLogin } from '../../../rehearsal/servers/planetscale-roles.ts';
import { catalogsOf } from '../../support/catalogs.ts';
import { accessSeen, LOW, OWNED_ROLES, OWNER, ownedSchema } from '../../support/owned-schema.ts';
import { startWorld, type World } from '../../support/world.ts';

/** Memberships of our role on the target. */
const MEMBERSHIPS = `select g.rolname::text as role, a.admin_option as admin, a.inherit_option as inherit, a.set_option as set
from pg_auth_members as a join pg_roles as g on g.oid = a.roleid where a.member = $1::regrole and g.rolname !~ '^pg_' order by 1, 2`;
const ours = async (world: World): Promise<string> => (await world.asTargetRole('select session_user::text as name'))[0]?.name as string;

describe.each<[ServerVersion, ServerVersion, TargetLogin]>([
  [11, 17, 'member'],
  [15, 18, 'default'],
  [18, 18, 'member'],
])('owners, grants and settings from %d to %d by the role %s', (source, target, targetLogin) => {
  let world: World;
  let memberships: Record<string, unknown>[];
  let leftBehind: readonly string[];
  beforeAll(async () => {
    world = await startWorld({ source, target, targetLogin, schema: ownedSchema(source) });
    memberships = await world.target(MEMBERSHIPS, [`"${await ours(world)}"`]);
    const { evidence } = await world.until('CopySchema');
    leftBehind = (evidence as { leftBehind: string[] }).leftBehind;
    await world.until('BuildIndexes');
  });
  afterAll(() => world?.destroy());

  it('come along, and every role may do the same on both sides', async () => {
    expect(await accessSeen(world, 'target')).toEqual(await accessSeen(world, 'source'));
    expect(leftBehind).toEqual([]);
  });

  it('make roles that cannot log in and have no attribute', async () => {
    const made =
      'select rolname::text as name, rolcanlogin or rolcreaterole or rolcreatedb or rolsuper or rolreplication or rolbypassrls as may from pg_roles';
    expect(await world.target(`${made} where rolname = any ($1) order by 1`, [OWNED_ROLES])).toEqual(
      [...OWNED_ROLES].sort().map((name) => ({ name, may: false })),
    );
    expect(await world.target(`${made} where rolname = 'evil'`)).toEqual([]);
  });

  it('let our role act for the owners and for no other role', async () => {
    const [role] = await world.target(
      `select json_agg(r.rolname::text order by r.rolname) as names from pg_roles as r
where rolname = any ($1) and pg_has_role('${await ours(world)}', r.oid, 'set')`,
      [OWNED_ROLES],
    );
    expect(role?.names).toEqual([LOW, OWNER]);
  });

  it('leave our role a member of nothing but ADMIN-only after Cleanup', async () => {
    await world.until('DropReplication');
    const now = await world.target(MEMBERSHIPS, [`"${await ours(world)}"`]);
    expect(now.filter(({ inherit, set }) => inherit || set)).toEqual(memberships.filter(({ inherit, set }) => inherit || set));
    expect(await accessSeen(world, 'target')).toEqual(await accessSeen(world, 'source'));
  });
});

describe('a copy that is dropped again', () => {
  it.each<TargetLogin>(['default', 'member'])('takes its roles, grants and settings with it, by the role %s', async (targetLogin) => {
    const world = await startWorld({ source: 15, target: 18, targetLogin, schema: ownedSchema(15) });
    try {
      await world.asTargetRole(`do $$ begin execute format('alter database %I set timezone = ''UTC''', current_database());
        execute format('alter database %I set search_path = public', current_database()); end $$`);
      // A login of the target's own goes on connecting, though PUBLIC may not on the source.
      await world.source(`do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$`);
      await world.target('create role of_target login');
      const before = await catalogsOf(world.target);
      await world.until('CopySchema');
      await world.until('BuildIndexes');
      expect(await catalogsOf(world.target)).not.toEqual(before);
      const connects = `select has_database_privilege('public', current_database(), 'connect') as public,
        has_database_privilege('of_target', current_database(), 'connect') as own`;
      expect(await world.target(connects)).toEqual([{ public: false, own: true }]);
      await world.until('DropReplication', { input: { target: 'drop' } });
      expect(await catalogsOf(world.target)).toEqual(before);
      expect(await accessSeen(world, 'target')).toMatchObject({ defaults: {}, database: {} });
    } finally {
      await world.destroy();
    }
  });
});

describe('roles of the same name on the target', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: ownedSchema(15) });
  });
  afterAll(() => world?.destroy());

  it('are used as they are', async () => {
    await world.asTargetRole(
      `set role postgres; create role writer login createdb password 'x'; create role "Low" nologin; grant "Low" to session_user with inherit true, set true`,
    );
    await world.until('CopySchema');
    expect(await world.target("select rolcanlogin, rolcreatedb from pg_roles where rolname = 'writer'")).toEqual([
      { rolcanlogin: true, rolcreatedb: true },
    ]);
    expect(
      await world.target(`select name, made, joined from planetscale_migration.carried_role where name in ('writer', 'Low') order by 1`),
    ).toEqual([
      { name: 'Low', made: false, joined: false },
      { name: 'writer', made: false, joined: false },
    ]);
    expect((await accessSeen(world, 'target')).tables).toEqual((await accessSeen(world, 'source')).tables);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await world.target(`select rolname::text as name from pg_roles where rolname = any ($1) order by 1`, [OWNED_ROLES])).toEqual([
      { name: 'Low' },
      { name: 'writer' },
    ]);
  });
});

describe('flattened', () => {
  it.each([
    ['on demand', { roles: 'flatten' }, ''],
    ['where our role may make no role', { reverse: false }, 'alter role postgres nocreaterole'],
  ] as const)('everything belongs to our role %s, and no role is made', async (_case, input, first) => {
    const world = await startWorld({
      source: 15,
      target: 18,
      schema:
        'create schema shop; create role low; grant low to current_user; grant all on schema shop to low; create table shop.t (id int primary key); alter table shop.t owner to low',
    });
    try {
      if (first) await world.target(first);
      await world.until('CopySchema', { input });
      await world.until('BuildIndexes', { input });
      expect(await world.target(`select pg_get_userbyid(relowner)::text as owner from pg_class where relname = 't'`)).toEqual([
        { owner: await ours(world) },
      ]);
      expect(await world.target("select from pg_roles where rolname = 'low'")).toEqual([]);
    } finally {
      await world.destroy();
    }
  });
});

describe("a role of the source that is called like one of the target's platform", () => {
  it.each(['postgres', 'pscale_admin', 'pscale_api_mine'])('and owns code, %s, does not become ours', async (name) => {
    const world = await startWorld({ source: 17, target: 18 });
    try {
      await world.asSourceRole(`create role ${name}; grant ${name} to current_user with inherit true, set true; create schema own; grant create on schema own to ${name};
        create function own.f() returns int language sql security definer as 'select 1'; alter function own.f() owner to ${name}`);
      await expect(world.visit('CopySchema')).rejects.toThrow(
        `called like roles of the target's platform: ${name}. They cannot be made there`,
      );
      await world.until('CopySchema', { input: { roles: 'flatten' } });
    } finally {
      await world.destroy();
    }
  });
});
