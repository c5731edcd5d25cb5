/** Roles, publications and subscriptions of our names that another role has made, or may take over. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ownThings } from '../../../../lambdas/checks/readiness/own-things.ts';
import { NotOurs } from '../../../../lambdas/config/errors.ts';
import { REPLICATION_ROLE } from '../../../../lambdas/config/names.ts';
import type { Database } from '../../../../lambdas/ports/database.ts';
import { ensureReplicationRole } from '../../../../lambdas/replication/publisher.ts';
import { namesNotOurs, ownSchemaState } from '../../../../lambdas/state/trust.sql.ts';
import { findingsOf, summary } from '../../../support/findings.ts';
import { switchedBack } from '../../../support/partial-switch.ts';
import { PLANTER, planterOn } from '../../../support/planted.ts';
import { replicated } from '../../../support/replicated.ts';
import { versions } from '../../../support/versions.ts';
import { sqlOn, startWorld, type World } from '../../../support/world.ts';

const MEMBERS_SINCE = 16;
const named = (...faults: readonly string[]) => ({ NotOurs: { severity: 'blocker', objects: faults } });

describe.each(versions(11, 13, 15, 17, 18))('an object with our name on version %i (#9.10)', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: version, schema: 'create table public.t (id int primary key)' });
    await planterOn(world, 'source');
    await planterOn(world, 'target');
    await world.source(`create role friend; alter role ${PLANTER} createrole`);
  });
  afterEach(async () => {
    await world.source(`drop publication if exists planetscale_migration; drop schema if exists planetscale_migration cascade`);
    await world.source(`do $$ begin if exists (select from pg_roles where rolname = '${REPLICATION_ROLE}') then
      drop owned by ${REPLICATION_ROLE}; drop role ${REPLICATION_ROLE}; end if; end $$`);
  });
  afterAll(() => world?.destroy());

  const asPlanter = (text: string) => sqlOn({ ...world.database.source, user: PLANTER, password: 'an ordinary user' })(text);
  const found = async () => summary(await findingsOf(world, [ownThings]));

  it.each([
    [
      'a role that another may become',
      `create role ${REPLICATION_ROLE} login; grant ${REPLICATION_ROLE} to friend`,
      `has friend as a member`,
    ],
    ['a role that may make roles', `create role ${REPLICATION_ROLE} createrole`, 'has more rights than reading takes (createrole)'],
    [
      'a role that may become ours',
      `create role ${REPLICATION_ROLE}; grant aurora_master to ${REPLICATION_ROLE}`,
      'is a member of aurora_master',
    ],
  ])('is refused with %s, until the remedy is carried out', async (_, change, fault) => {
    await world.source(change);
    expect(await found()).toEqual(named(`source: role ${REPLICATION_ROLE} ${fault}`));
    for (const step of ['CreateReplicationRole', 'CreatePublication', 'CreateSubscription'] as const) {
      await expect(world.visit(step)).rejects.toThrow(`On the source at`);
    }
    for (const { mend } of await world.ports('Test').looking.source.query(namesNotOurs())) await world.source(mend);
    expect(await found()).toEqual({});
    await world.source(`drop role if exists ${REPLICATION_ROLE}`); // one that a superuser has made is not ours to change from 16 on
    expect(await world.visit('CreateReplicationRole')).toMatchObject({ verdict: 'done' });
    expect(await found()).toEqual({});
  });

  it('is refused for a role of ours made by another role with CREATEROLE that can still log in as it', async () => {
    await asPlanter(`create role ${REPLICATION_ROLE} login password 'known to the planter'`);
    expect(await found()).toEqual(version >= MEMBERS_SINCE ? named(`source: role ${REPLICATION_ROLE} has ${PLANTER} as a member`) : {});
  });

  it('is refused for a publication whose owner could change what is sent', async () => {
    await asPlanter(`create table if not exists trap.t (id int primary key); create publication planetscale_migration for table trap.t`);
    expect(await found()).toEqual(named(`source: publication planetscale_migration belongs to ${PLANTER}`));
    await world.visit('CreateReplicationRole').catch(() => {});
    await expect(world.visit('CreatePublication')).rejects.toThrow(NotOurs);
  });
});

describe('an object with our name on the target (#9.10)', () => {
  it('is refused for a subscription of another owner', async () => {
    const world = await startWorld({ source: 15, target: 18, schema: 'create table public.t (id int primary key)' });
    try {
      const planter = await planterOn(world, 'target');
      await world.target(`grant pg_create_subscription to ${PLANTER}`);
      await planter.run(
        `create subscription planetscale_migration_theirs connection 'host=nowhere password=x' publication p with (connect = false)`,
      );
      expect(summary(await findingsOf(world, [ownThings]))).toEqual(
        named(`target: subscription planetscale_migration_theirs belongs to ${PLANTER}`),
      );
      await world.visit('CreateReplicationRole');
      await world.visit('CreatePublication');
      await expect(world.visit('CreateSubscription')).rejects.toThrow(`belongs to ${PLANTER}`);
    } finally {
      await world.destroy();
    }
  });
});

describe('an object that a migration makes itself (#9.10)', () => {
  it.each([
    [11, 18],
    [17, 18],
  ] as const)('is trusted on both sides from %i to %i, before a switch, after it and after the Rollback', async (source, target) => {
    const world = await replicated({ source, target });
    try {
      const expectOurs = async () => {
        const { looking } = world.ports('Test');
        for (const side of [looking.source, looking.target]) {
          expect(await side.query(ownSchemaState())).toEqual([{ exists: true, visible: true, faults: [] }]);
          expect(await side.query(namesNotOurs())).toEqual([]);
        }
      };
      await expectOurs();
      await switchedBack(world);
      await expectOurs();
    } finally {
      await world.destroy();
    }
  });
});

describe('roles that PlanetScale creates (#10)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: 'create table public.t (id int primary key)' });
  });
  afterAll(() => world?.destroy());

  it('are trusted as members of postgres, as which our role creates its own', async () => {
    await world.target('create role pscale_api_another login; grant postgres to pscale_api_another');
    const target = world.ports('SwitchOver').acting.target as Database;
    await ensureReplicationRole(target, world.places.replication);
    expect(await target.query(namesNotOurs())).toEqual([]);
    await world.target(`create role stranger login; grant ${REPLICATION_ROLE} to stranger`);
    expect(await target.query(namesNotOurs())).toMatchObject([{ object: `role ${REPLICATION_ROLE}`, fault: 'has stranger as a member' }]);
  });
});
