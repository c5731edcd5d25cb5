import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlreadyRunning, TargetNotConfigurable, VerificationError } from '../../../lambdas/config/errors.ts';
import type { ChangeRequest } from '../../../lambdas/ports/planetscale.ts';
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
  untilDone,
} from '../../support/token-world.ts';
import { runningBeside, startWorld, type World } from '../../support/world.ts';

const WATCHED = ['max_worker_processes', 'hot_standby_feedback', 'sync_replication_slots'];
const effect = async (world: World) => {
  const { played } = world as TokenWorld;
  return { settings: await settingsOf(world.target, WATCHED), slots: played.value('logical_slots'), tags: played.tags };
};

describe('ConfigureTarget', () => {
  describeLifecycle('ConfigureTarget', { world: () => startTokenWorld(), effect });
});

describe('ConfigureTarget without a token', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it('does nothing, and says so', async () => {
    expect(await world.visit('ConfigureTarget')).toMatchObject({
      verdict: 'done',
      evidence: { planetscale: expect.stringContaining('no token') },
    });
  });
});

const GIB = 1024 ** 3;
const old = (evidence = {}) => ({
  ConfigureTarget: { verdict: 'pending', nextPollSeconds: 15, since: new Date(Date.now() - 3_600_000).toISOString(), evidence },
});
const somebodysChange = (more: Partial<ChangeRequest> = {}): ChangeRequest => ({
  ...{ id: 'theirs', state: 'queued', actor: 'somebody', parameters: {}, previousParameters: {} },
  ...more,
});

describe('the changes of ConfigureTarget', () => {
  it(
    'are what the work needs, recorded in the journal first',
    inTokenWorld({}, async (world) => {
      const { evidence } = await untilDone(world);
      expect(world.played.calls).toEqual(['addTags', 'change']);
      expect(await settingsOf(world.target, WATCHED)).toEqual({
        max_worker_processes: '10',
        hot_standby_feedback: 'on',
        sync_replication_slots: 'on',
      });
      expect(world.played.value('logical_slots')).toBe('planetscale_migration_reverse_shop');
      expect(world.played.value('synchronized_standby_slots')).toBe('');
      expect(recordOf(world)).toEqual({
        branch: 'acme/shop/main',
        parameters: [
          { namespace: 'pgconf', name: 'max_worker_processes', was: '4', sets: ['10'] },
          { namespace: 'pgconf', name: 'sync_replication_slots', was: 'off', sets: ['on'] },
          { namespace: 'pgconf', name: 'hot_standby_feedback', was: 'off', sets: ['on'] },
        ],
        slot: { namespace: 'patroni', name: 'logical_slots', slot: 'planetscale_migration_reverse_shop' },
      });
      expect(evidence).toMatchObject({
        toChange: [],
        left: [],
        slot: { status: 'listed' },
        changed: { parameters: { max_worker_processes: '4 → 10' } },
      });
    }),
  );

  it(
    'are none where all of it was set by hand',
    inTokenWorld(
      {
        targetParameters: {
          max_worker_processes: 16,
          max_logical_replication_workers: 8,
          hot_standby_feedback: 'on',
          sync_replication_slots: 'on',
        },
      },
      async (world) => {
        world.played.set('logical_slots', '["other","planetscale_migration_reverse_shop"]');
        expect(await world.visit('ConfigureTarget')).toMatchObject({ verdict: 'done' });
        expect(world.played.calls).toEqual([]);
      },
    ),
  );

  it(
    'leave out what only the way back needs, where none is wanted',
    inTokenWorld({ targetParameters: { max_worker_processes: 16, wal_level: 'replica' } }, async (world) => {
      expect(await world.visit('ConfigureTarget', { input: { reverse: false } })).toMatchObject({
        verdict: 'done',
        evidence: { slot: { status: 'not needed' } },
      });
      expect(world.played.calls).toEqual([]);
      expect(await untilDone(world)).toMatchObject({ verdict: 'done' });
      expect(await settingsOf(world.target, ['wal_level'])).toEqual({ wal_level: 'logical' });
    }),
  );

  it(
    'grow the disk once a change has said how large it is',
    inTokenWorld({ played: { diskBytes: GIB / 2 } }, async (world) => {
      await untilDone(world);
      expect(world.played.calls.filter((call) => call === 'change')).toHaveLength(2);
      expect(world.played.changes[0]).toMatchObject({ state: 'completed', minimumStorageBytes: GIB });
      expect(recordOf(world).disk).toEqual({ was: String(GIB / 2), set: String(GIB) });
    }),
  );

  it(
    'are kept apart from those of somebody else, made between the look and the change',
    inTokenWorld({}, async (world) => {
      world.played.before = (call) => {
        if (call === 'addTags') world.played.set('max_worker_processes', '6');
        world.played.before = () => {};
      };
      await untilDone(world);
      expect(recordOf(world).parameters?.[0]).toEqual({ namespace: 'pgconf', name: 'max_worker_processes', was: '6', sets: ['10'] });
    }),
  );

  it(
    'wait for a change of somebody else',
    inTokenWorld({ played: { changes: [somebodysChange()] } }, async (world) => {
      const { verdict, evidence } = await world.visit('ConfigureTarget');
      expect([verdict, evidence]).toMatchObject(['pending', { waitsFor: 'the change theirs by somebody, which is queued' }]);
      expect(world.played.calls).toEqual([]);
      expect(await untilDone(world)).toMatchObject({ verdict: 'done' });
    }),
  );

  it(
    'are asked for once in an execution: one that is canceled ends it, and the next asks again',
    inTokenWorld({}, async (world) => {
      world.played.fate = 'canceled';
      await expect(untilDone(world)).rejects.toThrow(TargetNotConfigurable);
      await expect(untilDone(world)).rejects.toThrow(/was canceled, and this is still lacking: max_worker_processes 4 → 10 \(restart\)/);
      expect(world.played.calls.filter((call) => call === 'change')).toHaveLength(2);
      world.played.fate = 'completed';
      expect(await untilDone(world)).toMatchObject({ verdict: 'done' });
      expect(recordOf(world).parameters?.[0]).toMatchObject({ was: '4' });
    }),
  );

  it(
    'are believed once the server says them',
    inTokenWorld({ targetParameters: { max_worker_processes: 2 } }, async (world) => {
      world.played.inForce = () => {};
      const { evidence } = await world.until('ConfigureTarget', { tries: 6 }).catch(() => world.visit('ConfigureTarget'));
      expect(evidence).toMatchObject({ notInForce: expect.arrayContaining(['max_worker_processes: 10 at PlanetScale, 2 on the server']) });
      await expect(world.visit('ConfigureTarget', { state: old() })).rejects.toThrow(
        /completed, and the server says otherwise: max_worker_processes is 10/,
      );
    }),
  );

  it(
    'that PlanetScale answers with 204 and that are not there are no success',
    inTokenWorld({}, async (world) => {
      Object.assign(world.played.planetscale, { change: async () => undefined });
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(VerificationError);
    }),
  );

  it(
    'are left to the older of two executions',
    inTokenWorld({ executions: runningBeside('older') }, async (world) => {
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(AlreadyRunning);
      expect(world.played.calls).toEqual([]);
    }),
  );

  it(
    'are never made on another branch than the journal is about',
    inTokenWorld({}, async (world) => {
      world.played.tags = { [`planetscale-migration:${STACK}:branch`]: 'acme/shop/dev' };
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(
        /at acme\/shop\/dev, and the deployment leads to acme\/shop\/main now. Nothing was changed/,
      );
      expect(world.played.calls).toEqual([]);
    }),
  );

  it(
    'are not begun where a secret has no room for the journal',
    inTokenWorld({}, async (world) => {
      world.played.tags = Object.fromEntries(Array.from({ length: 48 }, (_, number) => [`tag-${number}`, 'theirs']));
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(/too many tags/);
      expect(world.played.calls).toEqual([]);
    }),
  );
});

describe('a restart by ConfigureTarget', () => {
  it(
    'is not made for what would only be better while somebody is connected, and is made with consent',
    inTokenWorld({}, async (world) => {
      const client = await connected(world);
      const { evidence } = await untilDone(world);
      expect(evidence).toMatchObject({
        left: [
          expect.stringMatching(
            /max_worker_processes = 4, 10 better .* serves 1 session of shop_app\. Nothing was restarted.*"restart": "now"/,
          ),
        ],
      });
      expect(world.played.value('max_worker_processes')).toBe('4');
      expect(world.played.value('hot_standby_feedback')).toBe('on');
      await untilDone(world, 'ConfigureTarget', { restart: 'now' });
      await client.ended;
      expect(await settingsOf(world.target, ['max_worker_processes'])).toEqual({ max_worker_processes: '10' });
    }),
  );

  it(
    'that is required ends the execution instead, with nothing changed',
    inTokenWorld({ targetParameters: { max_worker_processes: 2 } }, async (world) => {
      const client = await connected(world);
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(/max_worker_processes = 2, 3 needed .* serves 1 session of shop_app/);
      expect(world.played.calls).toEqual([]);
      await client.end();
      expect(await untilDone(world)).toMatchObject({ verdict: 'done' });
    }),
  );
});

describe('the role that ConfigureTarget makes', () => {
  const rolesOf = async (world: TokenWorld) =>
    (
      await world.target("select rolname as role, rolreplication as replicates from pg_roles where rolname like 'pscale_api_%' order by 1")
    ).filter(({ role }) => role !== world.database.roles.target);

  it(
    'may do what the guide says, and is in the secret and in the journal',
    inTokenWorld({ login: false }, async (world) => {
      const first = await world.visit('ConfigureTarget');
      expect(first).toMatchObject({ verdict: 'pending', evidence: { role: 'made' } });
      const { evidence } = await untilDone(world);
      expect(world.played.calls).toEqual(['addTags', 'createRole', 'fillIn', 'addTags', 'addTags', 'change']);
      expect(await rolesOf(world)).toEqual([{ role: 'pscale_api_1', replicates: true }]);
      expect(world.played.login).toMatchObject({ dbname: 'shop' });
      expect(recordOf(world).role).toEqual({ id: 'role-1', user: world.played.login?.username });
      expect(evidence).toMatchObject({ changed: { role: world.played.login?.username } });
      expect(JSON.stringify([first, evidence, world.played.tags])).not.toContain('canary');
    }),
  );

  it.each((['before', 'after'] as const).flatMap((moment) => [1, 2, 3, 4, 5, 6].map((nth) => [moment, nth] as const)))(
    'and everything else is there once, whichever answer is lost: %s call %i',
    (moment, nth) =>
      inTokenWorld({ login: false }, async (world) => {
        failAt(world, moment, nth);
        await untilDone(world);
        expect(await rolesOf(world)).toHaveLength(1);
        expect(world.played.roles.filter(({ isDefault }) => !isDefault)).toEqual([
          expect.objectContaining({ user: world.played.login?.username }),
        ]);
        expect(recordOf(world).role?.user).toBe(world.played.login?.username);
        expect(recordOf(world).parameters?.[0]).toMatchObject({ was: '4', sets: ['10'] });
        expect(await settingsOf(world.target, ['max_worker_processes'])).toEqual({ max_worker_processes: '10' });
      })(),
  );

  it(
    'goes again where a person fills the secret in meanwhile, and theirs stays',
    inTokenWorld({ login: false }, async (world) => {
      const { host, port, user, password, database } = world.database.target;
      const theirs = { host, port, username: user, password: String(password), dbname: database };
      world.played.before = (call) => {
        if (call === 'fillIn') world.played.login = theirs;
      };
      await untilDone(world);
      expect(world.played.login).toEqual(theirs);
      expect(await rolesOf(world)).toEqual([]);
      expect(recordOf(world).role).toBeUndefined();
    }),
  );

  it(
    'is one, and the one in the secret, where two executions make it at once',
    inTokenWorld({ login: false }, async (world) => {
      world.played.before = async (call) => {
        if (call !== 'fillIn') return;
        world.played.before = () => {};
        await world.visit('ConfigureTarget');
      };
      await untilDone(world);
      expect(world.played.calls.filter((call) => call === 'createRole')).toHaveLength(2);
      expect(await rolesOf(world)).toHaveLength(1);
      expect(recordOf(world).role?.user).toBe(world.played.login?.username);
    }),
  );

  it(
    'is made anew where another execution takes it for a lost one right after it was filled in',
    inTokenWorld({ login: false }, async (world) => {
      world.played.after = async (call) => {
        if (call !== 'fillIn') return;
        world.played.after = () => {};
        const [made] = world.played.roles.filter(({ isDefault }) => !isDefault);
        await world.played.planetscale.deleteRole(made?.id ?? '', 'postgres');
      };
      await untilDone(world);
      expect(await rolesOf(world)).toHaveLength(1);
      expect(recordOf(world).role?.user).toBe(world.played.login?.username);
    }),
  );

  it(
    'is missed where its login was taken out of the secret',
    inTokenWorld({ login: false }, async (world) => {
      await untilDone(world);
      world.played.login = undefined;
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(/is empty, although the role \S+ was made .*AWSPREVIOUS/);
      expect(await rolesOf(world)).toHaveLength(1);
    }),
  );

  it(
    'is filled in with the private host and keeps the public one beside it',
    inTokenWorld({ login: false, played: { connection: 'private', privateHost: '127.0.0.1' } }, async (world) => {
      await world.visit('ConfigureTarget');
      expect(world.played.login).toMatchObject({ host: '127.0.0.1', publicHost: world.database.target.host });
    }),
  );

  it(
    'is deleted again where a private host is wanted and there is none',
    inTokenWorld({ login: false, played: { connection: 'private' } }, async (world) => {
      await expect(world.visit('ConfigureTarget')).rejects.toThrow(
        /no private host for acme\/shop\/main. The role that was made was deleted again/,
      );
      expect(await rolesOf(world)).toEqual([]);
      expect(world.played.login).toBeUndefined();
    }),
  );
});
