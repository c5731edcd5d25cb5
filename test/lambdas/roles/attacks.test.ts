import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepName } from '../../../lambdas/engine/machines.ts';
import { MACHINES } from '../../../lambdas/engine/machines.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import type { TargetLogin } from '../../../rehearsal/servers/planetscale-roles.ts';
import { eventually } from '../../support/replicated.ts';
import { type Sql, sqlOn, startWorld, type World } from '../../support/world.ts';

const STEPS: readonly StepName[] = MACHINES.Replicate.order
  .map(({ step }) => step)
  .filter((step) => !/CheckReadiness|ConfigureSource|RebootSource/.test(step));

/** Roles as on the source: the master makes them, and is a member of neither for longer than it takes to give them objects. */
const ROLES = `create schema shop; create role low login password 'low'; create role caller; grant low to current_user;
grant usage, create on schema shop to low; grant usage on schema shop to caller`;
/** What a role without any right of its own would do, were the session that of a role that makes roles, or of a member of `postgres`; it never fails. */
const GRAB = (role: string): string => `
  begin execute 'create role ${role} createrole'; exception when others then null; end;
${['none', 'postgres']
  .map(
    (other) => `
  begin
    perform pg_catalog.set_config('role', '${other}', true);
    execute 'create role ${role} createrole';
  exception when others then null; end;`,
  )
  .join('')}`;

/** As the low user itself, who may not make a role. */
const asLow = (world: World): Sql => sqlOn(world.pair.source.login('low', 'low', world.database.name));
const rolesNamed = (sql: Sql, pattern: string) => sql('select rolname::text as name from pg_roles where rolname like $1', [pattern]);

/** The role that makes the copy can make roles, by itself or as PlanetScale's default role. */
describe.each<[ServerVersion, ServerVersion, TargetLogin]>([
  [15, 18, 'default'],
  [18, 17, 'default'],
  [18, 18, 'member'],
])('code of a low user, from %d to %d by the role %s', (source, target, targetLogin) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, targetLogin, schema: ROLES });
    await asLow(world)(`
create function shop.trap(int) returns boolean language plpgsql as $f$ begin ${GRAB('evil')} return true; end $f$;
create table shop.bait (id int primary key check (shop.trap(id)), note text);
create function shop.touch() returns trigger language plpgsql as $f$ begin ${GRAB('evil_trigger')} return new; end $f$;
create trigger touch before insert or update on shop.bait for each row execute procedure shop.touch();
alter table shop.bait enable always trigger touch;
create function shop.secret() returns text language sql security definer as 'select session_user::text || current_user::text';
revoke execute on function shop.secret() from public;
create function shop.shared() returns text language sql security definer as 'select current_user::text';
insert into shop.bait values (1, 'copied')`);
    for (const step of STEPS) await world.until(step);
  }, 240_000);
  afterAll(() => world?.destroy());

  it('makes no role when a row is copied, or when it is the turn of the apply worker', async () => {
    await asLow(world)(`insert into shop.bait values (2, 'streamed'); update shop.bait set note = 'changed' where id = 1`);
    await eventually(async () => {
      const [seen] = await world.target('select count(*)::int as rows, bool_or(note = $1) as changed from shop.bait', ['changed']);
      return seen?.rows === 2 && seen.changed === true;
    });
    expect(await rolesNamed(world.target, 'evil%')).toEqual([]);
    expect(await rolesNamed(world.source, 'evil%')).toEqual([]);
  });

  it('runs as its owner where it is security definer, for those alone who might call it', async () => {
    const owners = `select p.proname::text as name, pg_get_userbyid(p.proowner)::text as owner, has_function_privilege('public', p.oid, 'execute') as open
      from pg_proc as p where p.pronamespace = 'shop'::regnamespace and p.prosecdef order by 1`;
    expect(await world.target(owners)).toEqual([
      { name: 'secret', owner: 'low', open: false },
      { name: 'shared', owner: 'low', open: true },
    ]);
    await expect(world.target('set role caller; select shop.secret()')).rejects.toMatchObject({ code: '42501' });
    expect((await world.target('set role caller; select shop.shared() as name')).at(-1)).toEqual({ name: 'low' });
  });
});

describe('code of a low user on a source before 16, which applies the stream back as its master', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: ROLES });
    await asLow(world)(`
create table shop.bait (id int primary key);
create function shop.touch() returns trigger language plpgsql as $f$ begin ${GRAB('evil')} return new; end $f$;
create trigger touch before insert on shop.bait for each row execute procedure shop.touch();
alter table shop.bait enable always trigger touch`);
    for (const step of STEPS) await world.until(step);
  }, 240_000);
  afterAll(() => world?.destroy());
  const check = (input: Readonly<Record<string, boolean>>): Promise<string> =>
    world.visit('CheckCutover', { input: { reverse: true, ...input } }).then(() => 'no objection', String);

  it('is refused by its name, until the operator consents', async () => {
    expect(await check({})).toMatch(
      /StreamBackRunsCodeOfOthers: shop\.touch\(\) owner low, reached from trigger touch on table shop\.bait/,
    );
    expect(await check({ trustCode: true })).not.toContain('StreamBackRunsCodeOfOthers');
    expect(await rolesNamed(world.source, 'evil')).toEqual([]);
  });
});

/**
 * A routine that waits for a key is made after the copy, while the stream runs code of the low user, who would call it the moment it is there: were it
 * ours for that moment, it would do everything that ours may.
 */
describe.each<TargetLogin>(['default', 'member'])(
  'a security definer routine that is made after the copy, by the role %s',
  (targetLogin) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source: 15, target: 18, targetLogin, schema: ROLES });
      await asLow(world)(`
create table shop.waited (id int primary key, note text);
create function shop.late() returns bigint security definer begin atomic select count(note) from (select id, note from shop.waited group by id) as w; end;
create function shop.open_late() returns bigint security definer begin atomic select count(note) from (select id, note from shop.waited group by id) as w; end;
revoke execute on function shop.late() from public;
create view shop.late_view as select id, note from shop.waited group by id`);
      for (const step of ['CreateReplicationRole', 'CopySchema'] as const) await world.until(step);
    });
    afterAll(() => world?.destroy());

    it('belongs to its owner, and is closed, in the transaction that makes it', async () => {
      const state = `select p.proname::text as name, pg_get_userbyid(p.proowner)::text as owner, has_function_privilege('public', p.oid, 'execute') as open
      from pg_proc as p where p.pronamespace = 'shop'::regnamespace union all
      select c.relname, pg_get_userbyid(c.relowner), false from pg_class as c where c.relname = 'late_view' order by 1`;
      // A view that waits for a key is made in two steps, of which the first is before the copy.
      expect(await world.target(state)).toEqual([{ name: 'late_view', owner: 'low', open: false }]);
      // The next group of statements does not begin: what is seen is what the definitions alone have made.
      await world.target("update planetscale_migration.post_data set finished_at = now() where kind in ('access', 'late access')");
      await world.until('BuildIndexes');
      expect(await world.target(state)).toEqual([
        { name: 'late', owner: 'low', open: false },
        { name: 'late_view', owner: 'low', open: false },
        { name: 'open_late', owner: 'low', open: false },
      ]);
      await world.target("update planetscale_migration.post_data set finished_at = null where kind = 'access'");
      await world.until('BuildIndexes', { execution: 'again' });
      expect(await world.target(state)).toEqual([
        { name: 'late', owner: 'low', open: false },
        { name: 'late_view', owner: 'low', open: false },
        { name: 'open_late', owner: 'low', open: true },
      ]);
    });
  },
);
