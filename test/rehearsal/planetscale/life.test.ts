/** A target whose login the migration makes, from an empty secret and a token alone: the steps, the adapter and the stand-in of the API together. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransientError } from '../../../lambdas/config/errors.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    source: 15,
    target: 17,
    name: 'shop',
    schema: 'create table item (id int primary key)',
    targetParameters: { max_worker_processes: 4, max_logical_replication_workers: 4, wal_level: 'replica', max_slot_wal_keep_size: '64MB' },
    planetscale: {},
  });
});
afterAll(() => world?.destroy());

const api = () => {
  if (!world.planetscale) throw new Error('The world has no stand-in of the API.');
  return world.planetscale;
};
const setting = async (name: string) => (await world.target('select setting from pg_settings where name = $1', [name]))[0]?.setting;
const roles = async () =>
  (await world.target("select rolname::text as name from pg_roles where rolname like 'pscale_api_%'")).map(({ name }) => name);

describe('a migration that begins with an empty target secret', () => {
  let before: Record<string, string>;

  it('has a login that works, and a server that is as the work needs it', async () => {
    const { api: standIn, account } = api();
    before = Object.fromEntries(standIn.changes.parameters.map(({ namespace, name, value }) => [`${namespace}.${name}`, value]));
    expect(account.login()).toBeUndefined();
    const result = await world.until('ConfigureTarget');
    const login = account.login();
    if (!login) throw new Error('The secret is still empty.');
    await expect(sqlOn(login)('select current_database()::text as name')).resolves.toEqual([{ name: 'shop' }]);
    expect(await setting('wal_level')).toBe('logical');
    expect(standIn.changes.restarts).toBe(1);
    expect(await roles()).toHaveLength(1);
    expect(account.tags.size).toBeGreaterThan(0);
    expect(JSON.stringify(result)).not.toContain(JSON.parse(account.secret).password);
  });

  it('changes nothing a second time', async () => {
    const { api: standIn } = api();
    const acts = () => standIn.calls.filter((call) => !call.startsWith('GET')).length;
    const known = acts();
    await world.until('ConfigureTarget');
    expect(acts()).toBe(known);
  });

  it('leaves nothing behind but the disk', async () => {
    const { api: standIn, account } = api();
    await world.until('RestoreTarget', { input: { restart: 'now' } });
    expect(account.login()).toBeUndefined();
    expect(await roles()).toEqual([]);
    expect([...account.tags]).toEqual([]);
    const now = Object.fromEntries(standIn.changes.parameters.map(({ namespace, name, value }) => [`${namespace}.${name}`, value]));
    expect(now).toEqual(before);
    expect(await setting('wal_level')).toBe('replica');
  });
});

describe('a migration whose calls lose their answers', () => {
  /** As a machine does: tried again where that may help. */
  async function persisting(step: 'ConfigureTarget' | 'RestoreTarget'): Promise<number> {
    for (let failures = 0; ; failures += 1) {
      try {
        await world.until(step, { input: { restart: 'now' } });
        return failures;
      } catch (error) {
        if (!(error instanceof TransientError) || failures > 10) throw error;
      }
    }
  }

  it('makes one role that works all the same, and changes every parameter once', async () => {
    const { api: standIn, account } = api();
    const changes = standIn.changes.list.length;
    standIn.letGoWrong(/^POST .*roles$/, 'lost answer', 2);
    standIn.letGoWrong(/^PATCH /, 'lost answer');
    standIn.letGoWrong(/^DELETE /, 'lost answer');
    expect(await persisting('ConfigureTarget')).toBe(3); // a deletion is tried again at once
    const login = account.login();
    if (!login) throw new Error('The secret is still empty.');
    await expect(sqlOn(login)('select current_database()::text as name')).resolves.toEqual([{ name: 'shop' }]);
    expect(await roles()).toEqual([login.user.split('.')[0]]);
    expect(standIn.roles.list).toHaveLength(1);
    expect(standIn.changes.list).toHaveLength(changes + 1);
  });

  it('is put back as well', async () => {
    const { api: standIn, account } = api();
    standIn.letGoWrong(/^PATCH /, 'lost answer');
    standIn.letGoWrong(/^DELETE /, 'lost answer');
    standIn.letGoWrong(/^GET /, { status: 503 }, 2);
    expect(await persisting('RestoreTarget')).toBe(1);
    expect([await roles(), [...account.tags], account.login()]).toEqual([[], [], undefined]);
    expect(await setting('wal_level')).toBe('replica');
  });
});
