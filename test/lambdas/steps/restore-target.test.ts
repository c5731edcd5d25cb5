import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TargetNotConfigurable } from '../../../lambdas/config/errors.ts';
import { type ApplicationBinding, noApplication } from '../../../lambdas/ports/application.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { STACK } from '../../support/played-planetscale.ts';
import {
  connected,
  failAt,
  inTokenWorld,
  recordOf,
  settingsOf,
  startTokenWorld,
  type TokenWorld,
  type TokenWorldOptions,
  untilDone,
} from '../../support/token-world.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

const WATCHED = ['max_worker_processes', 'hot_standby_feedback', 'sync_replication_slots'];
const BEFORE = { max_worker_processes: '4', hot_standby_feedback: 'off', sync_replication_slots: 'off' };
const TAG = `planetscale-migration:${STACK}:`;

async function configured(options: TokenWorldOptions = {}): Promise<TokenWorld> {
  const world = await startTokenWorld(options);
  await untilDone(world);
  world.played.calls.length = 0;
  return world;
}
const inConfigured = (options: TokenWorldOptions, test: (world: TokenWorld) => Promise<void>) =>
  inTokenWorld(options, async (world) => {
    await untilDone(world);
    world.played.calls.length = 0;
    await test(world);
  });
const restore = (world: TokenWorld, input = {}) => untilDone(world, 'RestoreTarget', input);
const madeRoles = async (world: TokenWorld) =>
  (await world.target("select rolname as role from pg_roles where rolname like 'pscale_api_%'")).filter(
    ({ role }) => role !== world.database.roles.target,
  );

describe('RestoreTarget', () => {
  describeLifecycle('RestoreTarget', {
    world: () => configured({ login: false }),
    async effect(world) {
      const { played } = world as TokenWorld;
      return {
        settings: await settingsOf(world.target, WATCHED),
        slots: played.value('logical_slots'),
        tags: played.tags,
        login: played.login,
        roles: played.roles,
      };
    },
  });
});

describe('RestoreTarget without anything to put back', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it('has nothing to do without a token', async () => {
    expect(await world.visit('RestoreTarget')).toMatchObject({ verdict: 'done', evidence: { nothingLeft: 'no token is configured' } });
  });

  it(
    'has nothing to do where nothing was changed, tags of others included',
    inTokenWorld({}, async (token) => {
      token.played.tags = { owner: 'me', 'planetscale-migration:Other:branch': 'acme/shop/main' };
      expect(await token.visit('RestoreTarget')).toMatchObject({ verdict: 'done' });
      expect(token.played.calls).toEqual([]);
    }),
  );
});

describe('what RestoreTarget puts back', () => {
  it(
    'is everything that is as we set it, with the journal last',
    inConfigured({}, async (world) => {
      world.played.set('logical_slots', `theirs,${world.played.value('logical_slots')}`);
      const login = world.played.login;
      const { evidence } = await restore(world);
      expect(world.played.calls).toEqual(['change', 'removeTags']);
      expect(await settingsOf(world.target, WATCHED)).toEqual(BEFORE);
      expect(world.played.value('logical_slots')).toBe('theirs');
      expect(world.played.tags).toEqual({});
      expect(world.played.login).toEqual(login);
      expect(evidence).toMatchObject({ says: expect.arrayContaining(['max_worker_processes is put back from 10 to 4.']) });
    }),
  );

  it(
    'is not what somebody has set meanwhile, and says so',
    inConfigured({}, async (world) => {
      world.played.set('max_worker_processes', '32');
      const { evidence } = await restore(world);
      expect(world.played.value('max_worker_processes')).toBe('32');
      expect(await settingsOf(world.target, ['hot_standby_feedback'])).toEqual({ hot_standby_feedback: 'off' });
      expect(evidence).toMatchObject({
        says: expect.arrayContaining(['max_worker_processes is 32, which was set meanwhile; before the migration it was 4.']),
      });
      expect(world.played.tags).toEqual({});
    }),
  );

  it(
    'waits for a change of somebody else',
    inConfigured({}, async (world) => {
      world.played.changes.unshift({ id: 'theirs', state: 'queued', actor: 'somebody', parameters: {}, previousParameters: {} });
      expect(await world.visit('RestoreTarget')).toMatchObject({
        verdict: 'pending',
        evidence: { waitsFor: expect.stringContaining('theirs by somebody') },
      });
      expect(world.played.calls).toEqual([]);
      await restore(world);
      expect(world.played.tags).toEqual({});
    }),
  );

  it(
    'takes no restart while somebody is connected; the rest waits for a later Cleanup, or for consent',
    inConfigured({}, async (world) => {
      const client = await connected(world);
      const { evidence } = await restore(world);
      expect(await settingsOf(world.target, WATCHED)).toEqual({ ...BEFORE, max_worker_processes: '10' });
      expect(evidence).toMatchObject({
        waiting: [expect.stringMatching(/max_worker_processes is still 10; .* serves 1 session of shop_app\. Start Cleanup again/)],
      });
      expect(recordOf(world)).toEqual({
        branch: 'acme/shop/main',
        parameters: [expect.objectContaining({ name: 'max_worker_processes', was: '4' })],
      });
      await restore(world, { restart: 'now' });
      await client.ended;
      expect(await settingsOf(world.target, WATCHED)).toEqual(BEFORE);
      expect(world.played.tags).toEqual({});
    }),
  );

  it(
    'takes no restart where the application was switched to the target',
    inConfigured({}, async (world) => {
      const state = { DropReplication: { verdict: 'done', evidence: { served: 'target' } } };
      const { evidence } = await world.until('RestoreTarget', { state, tries: 60 });
      expect(evidence).toMatchObject({ waiting: [expect.stringContaining('serves the application, which was switched to it')] });
    }),
  );

  it(
    'is left to the last of two stacks on the same branch',
    inConfigured({}, async (world) => {
      world.played.tags = { ...world.played.tags, 'planetscale-migration:Other:branch': 'acme/shop/main' };
      const { evidence } = await restore(world);
      expect(evidence).toMatchObject({
        waiting: expect.arrayContaining([expect.stringMatching(/max_worker_processes is still 10; .* migration of Other uses/)]),
      });
      expect(world.played.value('max_worker_processes')).toBe('10');
      expect(world.played.value('logical_slots')).toBe('');
      delete world.played.tags['planetscale-migration:Other:branch'];
      await restore(world);
      expect(world.played.tags).toEqual({});
      expect(world.played.value('max_worker_processes')).toBe('4');
    }),
  );

  it.each([
    ['another branch than the journal is about', { branch: 'acme/shop/dev' }, /at acme\/shop\/dev, and the deployment leads to/],
    [
      'an entry that was not written here',
      { 'pgconf.shared_preload_libraries': '= evil' },
      /does not write: pgconf\.shared_preload_libraries/,
    ],
  ])('is nothing in %s', (_what, entries, words) =>
    inConfigured({}, async (world) => {
      for (const [name, value] of Object.entries(entries)) world.played.tags[`${TAG}${name}`] = value;
      await expect(world.visit('RestoreTarget')).rejects.toThrow(TargetNotConfigurable);
      await expect(world.visit('RestoreTarget')).rejects.toThrow(words);
      expect(world.played.calls).toEqual([]);
    })(),
  );

  it(
    'is nothing of a target that is lost; the journal and the login go',
    inConfigured({ login: false }, async (world) => {
      const { evidence } = await restore(world, { lost: 'target' });
      expect(evidence).toMatchObject({
        says: [expect.stringMatching(/given up: nothing was put back at acme\/shop\/main, and the role \S+ was not deleted/)],
      });
      expect(world.played.calls).toEqual(['empty', 'removeTags']);
      expect(world.played.tags).toEqual({});
      expect(world.played.login).toBeUndefined();
    }),
  );
});

describe('the role at the end', () => {
  const withRole = (options: TokenWorldOptions, test: (world: TokenWorld) => Promise<void>) =>
    inConfigured({ login: false, ...options }, test);
  const noticed = (evidence: unknown) => (evidence as { says: string[] }).says;

  it(
    'is deleted after the rest, what it owned is its successor’s, and the secret is empty again',
    withRole({}, async (world) => {
      const { host, port, username, password } = world.played.login ?? { host: '', port: 0, username: '', password: '' };
      await sqlOn({ ...world.database.target, host, port, user: username, password })(
        'create table kept (id int); alter default privileges grant select on tables to shop_app; ' +
          'alter default privileges in schema public grant usage on sequences to public',
      );
      const { evidence } = await restore(world);
      expect(world.played.calls).toEqual(['change', 'addTags', 'empty', 'deleteRole', 'removeTags']);
      expect(await madeRoles(world)).toEqual([]);
      expect(await world.target("select tableowner as owner from pg_tables where tablename = 'kept'")).toEqual([{ owner: 'postgres' }]);
      const defaults =
        'select defaclrole::regrole::text as role, defaclobjtype as objects, defaclacl::text as acl from pg_default_acl order by 2';
      expect(await world.target(defaults)).toEqual([
        { role: 'postgres', objects: 'S', acl: '{=U/postgres}' },
        { role: 'postgres', objects: 'r', acl: expect.stringContaining('shop_app=r/postgres') },
      ]);
      expect(world.played.login).toBeUndefined();
      expect(world.played.tags).toEqual({});
      expect(noticed(evidence)).toContainEqual(expect.stringMatching(/is deleted, and what it owned belongs to postgres/));
    }),
  );

  it.each((['before', 'after'] as const).flatMap((moment) => [1, 2, 3, 4].map((nth) => [moment, nth] as const)))(
    'is gone, and everything is put back, whichever answer is lost: %s call %i',
    (moment, nth) =>
      withRole({}, async (world) => {
        failAt(world, moment, nth);
        await restore(world);
        expect(await madeRoles(world)).toEqual([]);
        expect(await settingsOf(world.target, WATCHED)).toEqual(BEFORE);
        expect([world.played.login, world.played.tags]).toEqual([undefined, {}]);
      })(),
  );

  it(
    'stays while somebody else is connected as it',
    withRole({}, async (world) => {
      const { username, password } = world.played.login ?? { username: '', password: '' };
      const client = await connected(world, { ...world.database.target, user: username, password });
      const { evidence } = await restore(world);
      expect(noticed(evidence)).toContainEqual(expect.stringMatching(/stays, because a session of others logged in by it/));
      expect(await madeRoles(world)).toHaveLength(1);
      expect(world.played.login).toBeDefined();
      await client.end();
      const restoredAgain = async () => {
        await restore(world);
        return madeRoles(world);
      };
      await expect.poll(restoredAgain, { timeout: 20_000 }).toEqual([]);
      expect(world.played.tags).toEqual({});
    }),
  );

  it(
    'is deleted by the next Cleanup where its login went and the answer was lost',
    withRole({}, async (world) => {
      failAt(world, 'before', 4); // the call after the login was taken out
      await world.until('RestoreTarget').catch(() => undefined);
      await restore(world);
      expect(await madeRoles(world)).toEqual([]);
      expect([world.played.login, world.played.tags]).toEqual([undefined, {}]);
    }),
  );

  it(
    'stays where policies or members would go with it, and goes once they are gone',
    withRole({}, async (world) => {
      const made = String((await madeRoles(world))[0]?.role);
      await world.target(
        `create table kept (); create policy "by ""us" on kept to "${made}"; create role "A clerk"; grant "${made}" to "A clerk"`,
      );
      const [said] = noticed((await restore(world)).evidence).filter((text) => text.includes('stays, because'));
      expect(said).toMatch(/would go with it.*the member "A clerk", the policy "by ""us" of public\.kept/);
      expect(await madeRoles(world)).toHaveLength(1);
      await world.target(`drop policy "by ""us" on kept; revoke "${made}" from "A clerk"`);
      await restore(world);
      expect(await madeRoles(world)).toEqual([]);
    }),
  );

  it(
    'stays where the application’s secret has its login',
    withRole({}, async (world) => {
      const application: ApplicationBinding = {
        ...noApplication,
        secret: 'app',
        currentUsers: async () => [world.played.login?.username ?? ''],
      };
      Object.assign(world.places, { application });
      expect(noticed((await restore(world)).evidence)).toContainEqual(
        expect.stringMatching(/stays, because the secret of the application has its login/),
      );
      expect(recordOf(world).role).toBeDefined();
    }),
  );

  it(
    'stays after a switch without an application secret, in later executions as well',
    withRole({}, async (world) => {
      const state = { DropReplication: { verdict: 'done', evidence: { served: 'target' } } };
      await world.until('RestoreTarget', { state, tries: 60 });
      expect(recordOf(world)).toMatchObject({ switched: true });
      const { evidence } = await restore(world);
      expect(noticed(evidence)).toContainEqual(expect.stringMatching(/stays, because the application was switched to the target/));
      expect(await madeRoles(world)).toHaveLength(1);
    }),
  );

  it(
    'of another name is left alone, whatever the journal says',
    withRole({}, async (world) => {
      world.played.roles.push({ id: 'theirs', name: 'their role', user: 'their_role.b1', role: 'their_role', isDefault: false });
      world.played.tags[`${TAG}role-id`] = 'theirs their_role.b1';
      expect(noticed((await restore(world)).evidence)).toContainEqual(expect.stringMatching(/stays, because it has another name/));
      expect(world.played.roles.map(({ id }) => id)).toContain('theirs');
    }),
  );

  it(
    'that somebody has deleted already leaves nothing but its login to take out',
    withRole({}, async (world) => {
      world.played.roles.splice(1);
      const { evidence } = await restore(world, { restart: 'now' });
      expect(evidence).toMatchObject({ nothingLeft: expect.any(String) });
      expect([world.played.login, world.played.tags]).toEqual([undefined, {}]);
    }),
  );
});
