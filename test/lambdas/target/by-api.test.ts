/** Both steps by PlanetScale's API, as its stand-in speaks it: with real roles, restarts and passwords. */
import { describe, expect, it } from 'vitest';
import { TargetNotConfigurable, TransientError } from '../../../lambdas/config/errors.ts';
import { isEmptySecret } from '../../../lambdas/config/secrets.ts';
import { recordIn } from '../../../lambdas/target/journal.ts';
import type { PlanetScaleStandIn } from '../../../rehearsal/planetscale/stand-in.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { settingsOf } from '../../support/token-world.ts';
import { sqlOn, startWorld, type World, type WorldOptions } from '../../support/world.ts';

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

const GIB = 1024 ** 3;
const within =
  (options: NonNullable<WorldOptions['planetscale']>, test: (world: World, api: PlanetScaleStandIn) => Promise<void>) => async () => {
    const world = await startWorld({ name: 'shop', planetscale: options, targetParameters: NEW });
    try {
      await test(world, apiOf(world));
    } finally {
      await world.destroy();
    }
  };
function apiOf({ planetscale }: World): PlanetScaleStandIn {
  if (!planetscale) throw new Error('The world has the API.');
  return planetscale.api;
}
/** Starts again after what passes, as the operator does when retries are over. */
async function settle(world: World, step: 'ConfigureTarget' | 'RestoreTarget') {
  for (;;) {
    try {
      return await world.until(step);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
    }
  }
}

describe('an API that is not at its best', () => {
  it.each([/^POST .*roles/, /^PATCH .*changes/, /^DELETE .*roles/])(
    'loses the answer to %s, and everything is there once',
    (call) =>
      within({}, async (world, api) => {
        api.letGoWrong(call, 'lost answer');
        await settle(world, 'ConfigureTarget');
        expect(await rolesOf(world)).toHaveLength(1);
        expect(await settingsOf(world.target, ['wal_level'])).toEqual({ wal_level: 'logical' });
        expect(recordOf(world).parameters?.find(({ name }) => name === 'wal_level')).toMatchObject({ was: 'replica', sets: ['logical'] });
        await settle(world, 'RestoreTarget');
        expect(await rolesOf(world)).toEqual([]);
        expect(account(world).tags.size).toBe(0);
      })(),
    60_000,
  );

  it(
    'cancels the change: that ends the execution, and the next asks again',
    within({}, async (world, api) => {
      await world.visit('ConfigureTarget');
      api.changes.cancelsNext = true;
      await expect(world.until('ConfigureTarget')).rejects.toThrow(TargetNotConfigurable);
      await settle(world, 'ConfigureTarget');
      expect(await settingsOf(world.target, ['wal_level'])).toEqual({ wal_level: 'logical' });
    }),
  );

  it(
    'has a change of a colleague in progress, which is waited for',
    within({}, async (world, api) => {
      api.changes.heldAt = 'queued';
      api.changeByOthers({ parameters: { pgconf: { hot_standby_feedback: 'on' } } });
      expect(await world.visit('ConfigureTarget')).toMatchObject({
        verdict: 'pending',
        evidence: { waitsFor: expect.stringContaining('by a colleague, which is queued') },
      });
      api.changes.heldAt = undefined;
      await settle(world, 'ConfigureTarget');
      expect(recordOf(world).parameters?.map(({ name }) => name)).not.toContain('hot_standby_feedback');
      await settle(world, 'RestoreTarget');
      expect(await settingsOf(world.target, ['hot_standby_feedback', 'wal_level'])).toEqual({
        hot_standby_feedback: 'on',
        wal_level: 'replica',
      });
    }),
  );

  it(
    'configures what never reaches the server',
    within({}, async (world, api) => {
      api.changes.forgets = true;
      const long = { verdict: 'pending', nextPollSeconds: 15, since: new Date(Date.now() - 3_600_000).toISOString(), evidence: {} };
      await expect(world.until('ConfigureTarget', { state: { ConfigureTarget: long } })).rejects.toThrow(
        /the server says otherwise: .*wal_level is logical at PlanetScale and replica/,
      );
    }),
  );

  it.each([
    ['Metal', { isMetal: true }, /Metal/],
    ['a cluster that does not say how large its disk is', {}, /cannot be seen yet/],
  ])('leaves the disk of %s, and says so', (_what, options, words) =>
    within({ storage: { minimum: GIB / 2, maximum: 100 * GIB }, ...options }, async (world, api) => {
      api.saysStorage = false;
      const { evidence } = await settle(world, 'ConfigureTarget');
      expect(evidence).toMatchObject({ left: [expect.stringMatching(words)] });
      expect(api.changes.storage.minimum).toBe(GIB / 2);
    })(),
  );

  it(
    'grows the disk, which stays so at the end',
    within({ storage: { minimum: GIB / 2, maximum: GIB / 2 } }, async (world, api) => {
      await settle(world, 'ConfigureTarget');
      expect(api.changes.storage).toEqual({ minimum: GIB, maximum: GIB });
      const { evidence } = await settle(world, 'RestoreTarget');
      expect(evidence).toMatchObject({ says: expect.arrayContaining([expect.stringMatching(/^The disk stays at/)]) });
      expect(api.changes.storage.minimum).toBe(GIB);
    }),
  );
});
