/** Both steps by PlanetScale's API, as its stand-in speaks it: with real roles, restarts and passwords. */
import { describe, expect, it } from 'vitest';
import { isEmptySecret } from '../../../lambdas/config/secrets.ts';
import { recordIn } from '../../../lambdas/target/journal.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { settingsOf } from '../../support/token-world.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

const NEW = { wal_level: 'replica', max_worker_processes: 2, max_logical_replication_workers: 1 };
const WATCHED = ['wal_level', 'max_worker_processes', 'max_logical_replication_workers', 'hot_standby_feedback', 'sync_replication_slots'];

const begin = (): Promise<World> => startWorld({ name: 'shop', planetscale: {}, targetParameters: NEW });
function account({ planetscale }: World) {
  if (!planetscale) throw new Error('The world has the API.');
  return planetscale.account;
}
const recordOf = (world: World) => recordIn('Rehearsal', Object.fromEntries(account(world).tags));
const rolesOf = (world: World) =>
  world.target("select rolname as role, rolreplication as replicates from pg_roles where rolname like 'pscale_api_%' order by 1");
const effect = async (world: World) => ({
  settings: await settingsOf(world.target, WATCHED),
  tags: Object.fromEntries(account(world).tags),
  isEmpty: isEmptySecret(account(world).secret),
  roles: await rolesOf(world),
});

describe('ConfigureTarget by the API', () => {
  describeLifecycle('ConfigureTarget', {
    effect,
    // The role is made before anything is asked of the target, which the test of a read-only look logs in to.
    async world() {
      const world = await begin();
      await world.visit('ConfigureTarget');
      return world;
    },
  });
});

describe('RestoreTarget by the API', () => {
  describeLifecycle('RestoreTarget', {
    effect,
    async world() {
      const world = await begin();
      await world.until('ConfigureTarget');
      return world;
    },
  });
});

describe('a token alone', () => {
  it('is enough for a login with which the target can be prepared, and leaves nothing behind', async () => {
    const world = await begin();
    try {
      const before = await settingsOf(world.target, WATCHED);
      await world.until('ConfigureTarget');
      expect(await settingsOf(world.target, WATCHED)).toEqual({
        wal_level: 'logical',
        max_worker_processes: '10',
        max_logical_replication_workers: '3',
        hot_standby_feedback: 'on',
        sync_replication_slots: 'on',
      });
      const login = account(world).login();
      if (!login) throw new Error('The secret is filled in.');
      expect(await sqlOn(login)('select current_user::text as role')).toEqual([{ role: expect.stringMatching(/^pscale_api_/) }]);
      expect(recordOf(world)).toMatchObject({
        branch: expect.any(String),
        role: { user: login.user },
        slot: { slot: 'planetscale_migration_reverse_shop' },
      });
      const { evidence } = await world.until('RestoreTarget');
      expect(evidence).toMatchObject({
        says: expect.arrayContaining([expect.stringContaining('is deleted, and what it owned belongs to postgres')]),
      });
      expect(await settingsOf(world.target, WATCHED)).toEqual(before);
      expect(await rolesOf(world)).toEqual([]);
      expect([account(world).secret, account(world).tags.size]).toEqual(['{}', 0]);
    } finally {
      await world.destroy();
    }
  });
});
