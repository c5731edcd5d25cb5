import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotReady } from '../../../lambdas/config/errors.ts';
import type { Database } from '../../../lambdas/ports/database.ts';
import { trySwitch } from '../../../lambdas/switch/trial.ts';
import { TARGET_ROLES } from '../../../rehearsal/servers/planetscale-roles.ts';
import { startWorld, type World } from '../../support/world.ts';

/** Everything that a trial could leave behind. */
const TRACES = `
select 'role', rolname::text from pg_roles
union all select 'slot', slot_name from pg_replication_slots
union all select 'schema', nspname from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
union all select 'setting', setconfig::text from pg_db_role_setting
union all select 'rights', datname || coalesce(datacl::text, '') from pg_database
order by 1, 2`;

describe.each([
  [17, 'member'],
  [18, 'member'],
  [18, 'default'],
] as const)('the trial of a switch on a target of version %i, logged in as %s (#10)', (target, targetLogin) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 13, target, targetLogin });
    await world.asSourceRole('create table public.t (id int primary key)');
  });
  afterAll(() => world?.destroy());

  const onTarget = () => world.ports('CopySchema').acting.target as Database;
  const attempt = (wayBack: boolean) => trySwitch(onTarget(), wayBack);

  it('passes, and leaves nothing behind', async () => {
    const before = await world.target(TRACES);
    await attempt(true);
    await attempt(true);
    await expect.poll(() => world.target(TRACES)).toEqual(before); // a temporary slot goes with its session, which ends a moment after it was left
  });

  it('is refused before the copy where postgres may not do what its attributes say', async () => {
    await world.target(`alter role ${TARGET_ROLES.default} noreplication`);
    const before = await world.target(TRACES);
    try {
      const error = await world.visit('CopySchema').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotReady);
      const { message } = error as NotReady;
      expect(message).toContain(`does not let ${world.database.roles.target} do what a switch will have to do`);
      expect(message).toMatch(/REPLICATION and settings of its own \(create role, alter role\): permission denied to alter role \(42501\)/);
      expect(message).toMatch(/make a replication slot: permission denied to use replication slots \(42501\)/);
      expect(message).toContain('nothing was changed on the target, and nothing was copied');
      expect(message).toContain('{"reverse": false}');
      expect(message).not.toContain('alter database');
      await expect.poll(() => world.target(TRACES)).toEqual(before);
    } finally {
      await world.target(`alter role ${TARGET_ROLES.default} replication`);
    }
  });

  it('creates neither role nor slot where the input wants no way back', async () => {
    await world.target(`alter role ${TARGET_ROLES.default} noreplication`);
    try {
      await attempt(false);
    } finally {
      await world.target(`alter role ${TARGET_ROLES.default} replication`);
    }
  });

  it('is refused where CONNECT cannot be revoked, with or without a way back', async () => {
    const one = await world.sibling(`shut ${target}`);
    await one.asSourceRole('create table public.t (id int primary key)');
    await one.target(`alter database "shut ${target}" owner to pscale_admin; grant create on database "shut ${target}" to public`);
    await one.target(`alter schema public owner to ${TARGET_ROLES.default}`);
    for (const reverse of [true, false]) {
      const error = await one.visit('CopySchema', { input: { reverse } }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotReady);
      expect((error as NotReady).message).toMatch(
        /take CONNECT on it from all other roles \(alter database, revoke, grant\): must be owner/,
      );
      expect((error as NotReady).message).not.toContain('"reverse"');
    }
  });

  it('does not wait for other transactions', async () => {
    const writer = await onTarget().session('writer');
    await writer.script('begin; select pg_current_xact_id()');
    try {
      await attempt(true);
    } finally {
      await writer.end();
    }
  });
});
