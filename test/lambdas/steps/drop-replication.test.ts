import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, StepResult } from '../../../lambdas/contract.ts';
import { AlreadyRunning, CleanupIncomplete } from '../../../lambdas/errors.ts';
import { PUBLICATION, REPLICATION_ROLE, subscriptionName } from '../../../lambdas/names.ts';
import type { StepName } from '../../../lambdas/steps/index.ts';
import { MACHINES } from '../../../lib/machines.ts';
import type { ServerVersion } from '../../../lib/rehearsal/servers/binaries.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { catalogsOf } from '../../support/catalogs.ts';
import { hostileRows, hostileSchema } from '../../support/hostile.ts';
import { livesItsWholeLife } from '../../support/life.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

const MADE_IN_THE_DATABASES: StepName[] = ['CreateReplicationRole', 'CopySchema', 'CreatePublication', 'CreateSubscription'];

const bothSides = async (world: World) => ({ source: await catalogsOf(world.source), target: await catalogsOf(world.target) });

/** Takes the migration as far as tables are made and copied. */
async function migrate(world: World, steps: readonly StepName[] = MADE_IN_THE_DATABASES): Promise<void> {
  for (const step of steps) await world.until(step);
}

/** Waits until no table has a slot of its own any more, so that nothing changes by itself. */
const copied = (world: World): Promise<void> =>
  eventually(
    async () =>
      (await tableStates(world)).every((state) => state === 'r') &&
      (await world.source(`select from pg_replication_slots where slot_name like 'pg\\_%\\_sync\\_%' and database = current_database()`))
        .length === 0,
  );

/** As if the step had been visited first an hour ago, so that it waits no longer. */
const impatient: { state: Record<string, StepResult> } = {
  state: {
    DropReplication: {
      verdict: 'pending',
      nextPollSeconds: 15,
      since: new Date(Date.now() - 3_600_000).toISOString(),
      evidence: null as Json,
    },
  },
};

const ofOurs = async (world: World) => ({
  slots: await world.source('select slot_name from pg_replication_slots where database = current_database()'),
  publications: await world.source('select pubname from pg_publication'),
  role: await world.source('select rolname from pg_roles where rolname = $1', [REPLICATION_ROLE]),
  subscriptions: await world.target(
    'select subname from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()',
  ),
  schemas: [
    ...(await world.source(`select nspname from pg_namespace where nspname = 'planetscale_migration'`)),
    ...(await world.target(`select nspname from pg_namespace where nspname = 'planetscale_migration'`)),
  ],
});
const NOTHING = { slots: [], publications: [], role: [], subscriptions: [], schemas: [] };

const ROWS = `${hostileSchema()};${hostileRows(1, 200)}`;

describe('DropReplication, by roles that are no superusers', () => {
  livesItsWholeLife('DropReplication', {
    async world() {
      const world = await startWorld({ source: 17, target: 17, schema: ROWS });
      await migrate(world);
      await copied(world);
      return world;
    },
    effect: ofOurs,
  });
});

/** What makes something, or changes it, in the order of Replicate. */
const ORDER = MACHINES.Replicate.order.map(({ step }) => step);
const MAKING = ORDER.slice(ORDER.indexOf('CreateReplicationRole'));

describe.each<[ServerVersion, ServerVersion, readonly StepName[]]>([
  [11, 17, ['CreateReplicationRole', 'CreateSubscription', 'CompareData']],
  [17, 18, MAKING],
])('DropReplication from %i to %i', (source, target, stops) => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source, target });
  });
  afterAll(() => base?.destroy());

  it('leaves both servers as they were before Replicate, after any of its steps', async () => {
    const world = await base.sibling(`Every "step" ${source}`);
    await world.asSourceRole(ROWS);
    const before = await bothSides(world);
    await migrate(world, ['CheckReadiness', 'VerifyWalLevel']);
    await world.until('DropReplication');
    for (const last of stops) {
      await migrate(world, MAKING.slice(0, MAKING.indexOf(last) + 1));
      const done = await world.until('DropReplication', { input: { target: 'drop' } });
      expect([last, done.evidence]).toEqual([
        last,
        { source: { slots: [], publication: false, schema: false, role: false }, target: { subscriptions: [], schema: false } },
      ]);
      expect([last, await bothSides(world)]).toEqual([last, before]);
    }
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await bothSides(world)).toEqual(before);
  });

  it('keeps the copied objects unless it is told otherwise, and then drops every kind and what BuildIndexes made of it', async () => {
    const world = await base.sibling(`Dropped ${source}`);
    await world.asSourceRole(awkwardSchema(source));
    await world.asTargetRole(
      'create table public.mine (id int primary key); create schema theirs; create view theirs.also as select 1 as one',
    );
    const before = await catalogsOf(world.target);
    await migrate(world, ['CopySchema', 'BuildIndexes']);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await catalogsOf(world.target)).toEqual(before);

    const relations = () => world.target(`select oid from pg_class where relnamespace = 'shop'::regnamespace order by 1`);
    await migrate(world, ['CopySchema', 'BuildIndexes']);
    const there = await relations();
    expect(there.length).toBeGreaterThan(10);
    await world.until('DropReplication');
    expect(await relations()).toEqual(there);
    expect(await ofOurs(world)).toEqual(NOTHING);
  });
});

describe('DropReplication beside others', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 18, schema: ROWS });
  });
  afterAll(() => base?.destroy());

  let siblings = 0;
  const sibling = (): Promise<World> => {
    siblings += 1;
    return base.sibling(`Beside "${siblings}"`);
  };

  it('touches no slot, publication or subscription that is not ours', async () => {
    const world = await sibling();
    await world.asSourceRole(`create publication theirs for table public.plain`);
    await world.source(`select pg_create_logical_replication_slot('theirs_${siblings}', 'pgoutput')`);
    await world.source(`select pg_create_logical_replication_slot('pg_99_sync_16400_1', 'pgoutput')`);
    await world.target(`create subscription theirs connection 'host=nowhere' publication theirs with (connect = false)`);
    const before = await bothSides(world);
    await migrate(world);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await bothSides(world)).toEqual(before);
    await world.target('alter subscription theirs set (slot_name = none); drop subscription theirs');
  });

  it('does not touch a slot of our name that decodes for somebody else', async () => {
    const world = await sibling();
    const name = subscriptionName(world.database.name);
    await world.source(`select pg_create_logical_replication_slot($1, 'test_decoding')`, [name]).catch(() => {});
    await world.source(`select pg_create_physical_replication_slot($1)`, [name]).catch(() => {});
    await world.until('DropReplication');
    expect(await world.source('select slot_name from pg_replication_slots where slot_name = $1', [name])).toHaveLength(1);
    await world.source('select pg_drop_replication_slot($1)', [name]);
  });

  it('leaves the role to the migration of another database, and says so', async () => {
    const [one, other] = [await sibling(), await sibling()];
    const before = await catalogsOf(one.source);
    await migrate(one);
    await migrate(other);
    const done = await one.until('DropReplication');
    expect(done.evidence).toMatchObject({ source: { role: true, roleIsUsedBy: [`database ${other.database.name}`] } });
    const after = await catalogsOf(one.source);
    for (const subject of ['rights', 'defaultRights', 'schemas', 'publications'] as const) expect(after[subject]).toEqual(before[subject]);
    // The other one goes on.
    await other.asSourceRole(hostileRows(1_000, 5));
    await eventually(async () => (await other.target('select from public.plain where id >= 1000')).length === 5);
    await other.until('DropReplication');
    expect(await other.source('select from pg_roles where rolname = $1', [REPLICATION_ROLE])).toEqual([]);
  });

  it('ends what earlier visits have left to the servers', async () => {
    const world = await sibling();
    await migrate(world);
    const abandoned = world.ports('BuildIndexes').acting;
    for (const [side, table] of [
      ['source', 'heartbeat'],
      ['target', 'post_data'],
    ] as const) {
      const session = await abandoned[side].session('1');
      await session.script(`begin; lock table planetscale_migration.${table} in share mode`);
      const sleeping = session.script('select pg_sleep(3600)').catch(() => {});
      session.leave();
      await sleeping;
    }
    await world.until('DropReplication');
    expect(await ofOurs(world)).toMatchObject({ slots: [], publications: [], subscriptions: [], schemas: [] });
  });

  it('drops the slots of table copies that are under way, while the target still reads', async () => {
    const world = await sibling();
    await migrate(world, ['CreateReplicationRole', 'CopySchema', 'CreatePublication']);
    // A copy that cannot end, because a trigger waits for a lock: its worker keeps a slot of its own.
    const blocker = await world.ports('blocker').acting.target.session('lock');
    await blocker.script('select pg_advisory_lock(42)');
    await world.asTargetRole(`create function public.wait() returns trigger language plpgsql as
'begin perform pg_advisory_lock_shared(42); return new; end';
create trigger wait before insert on public.plain for each row execute function public.wait();
alter table public.plain enable always trigger wait`);
    await world.until('CreateSubscription');
    await eventually(
      async () => (await world.source(`select from pg_replication_slots where slot_name like 'pg\\_%\\_sync\\_%'`)).length > 0,
    );
    await world.until('DropReplication');
    expect(await ofOurs(world)).toMatchObject({ slots: [], subscriptions: [] });
    await blocker.end();
  });

  it('refuses to drop copied objects together with those of somebody else, and changes nothing', async () => {
    const world = await sibling();
    await migrate(world);
    await copied(world);
    await world.asTargetRole(
      `create view public."their view" as select * from public.plain; create table "Mixed Case".theirs (id int);
create table public."not in the way" (id int)`,
    );
    const before = await bothSides(world);
    const attempt = world.until('DropReplication', { input: { target: 'drop' } });
    await expect(attempt).rejects.toThrow(CleanupIncomplete);
    await expect(attempt).rejects.toThrow(/table "Mixed Case"\.theirs, view.*their view.*Nothing was changed/);
    await expect(attempt).rejects.not.toThrow('not in the way');
    expect(await bothSides(world)).toEqual(before);
    await world.asTargetRole(`drop view public."their view"; drop table "Mixed Case".theirs`);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await world.target(`select relname from pg_class where relname in ('plain', 'not in the way')`)).toEqual([
      { relname: 'not in the way' },
    ]);
  });

  it('leaves a target alone that follows another source', async () => {
    const [world, other] = [await sibling(), await sibling()];
    await migrate(world);
    await migrate(other, ['CreateReplicationRole', 'CreatePublication']);
    Object.assign(other.places, { target: world.places.target });
    const before = await catalogsOf(world.target);
    const attempt = other.until('DropReplication', { input: { target: 'drop' } });
    await expect(attempt).rejects.toThrow(CleanupIncomplete);
    await expect(attempt).rejects.toThrow(`its database ${world.database.name}`);
    expect(await catalogsOf(world.target)).toEqual(before);
    expect(await other.source('select pubname from pg_publication')).toEqual([]);
    await world.until('DropReplication');
  });

  it('steps aside for an older execution before it touches anything', async () => {
    const world = await sibling();
    await migrate(world, ['CreateReplicationRole', 'CopySchema', 'CreatePublication']);
    const before = await bothSides(world);
    Object.assign(world.places, { executions: { older: async () => 'first of Replicate' } });
    await expect(world.visit('DropReplication')).rejects.toThrow(AlreadyRunning);
    expect(await bothSides(world)).toEqual(before);
  });
});

describe('DropReplication with a side out of reach', () => {
  const inPair = async (test: (world: World, name: string) => Promise<void>) => {
    const world = await startWorld({ source: 15, target: 18, schema: ROWS });
    try {
      await migrate(world);
      await test(world, subscriptionName(world.database.name));
    } finally {
      await world.destroy();
    }
  };

  it('cleans the target while the source is down, names the slot, and finishes when it is back', () =>
    inPair(async (world, name) => {
      await world.pair.source.stop();
      const waiting = await world.visit('DropReplication');
      expect(waiting).toMatchObject({ verdict: 'pending', evidence: { target: { subscriptions: [], schema: false } } });
      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(`select pg_drop_replication_slot('${name}')`);
      await world.pair.source.resume();
      await world.until('DropReplication', impatient);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('cleans the source while the target is down, slots of table copies too, and finishes when it is back', () =>
    inPair(async (world, name) => {
      await copied(world);
      const [subscription] = await world.target('select oid::text from pg_subscription');
      const [cluster] = await world.target('select system_identifier::text as id from pg_control_system()');
      await world.pair.target.stop('crash');
      await world.source(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [
        `pg_${subscription?.oid}_sync_16400_${cluster?.id}`,
      ]);
      await world.source(`select pg_create_logical_replication_slot('pg_${subscription?.oid}_sync_16400_7', 'pgoutput')`);
      const attempt = world.visit('DropReplication', impatient);
      await expect(attempt).rejects.toThrow(CleanupIncomplete);
      await expect(attempt).rejects.toThrow(new RegExp(`the subscription ${name}.*If it is gone for good`));
      expect(await world.source('select slot_name from pg_replication_slots')).toEqual([
        { slot_name: `pg_${subscription?.oid}_sync_16400_7` },
      ]);
      expect(await world.source('select from pg_publication where pubname = $1', [PUBLICATION])).toEqual([]);
      await world.source('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
      await world.pair.target.resume();
      await world.until('DropReplication', impatient);
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));

  it('does not wait for a side that refuses the login, and leaves nothing on the other', () =>
    inPair(async (world) => {
      const { target } = world.places;
      Object.assign(world.places, { target: { ...target, password: 'wrong' } });
      await expect(world.visit('DropReplication')).rejects.toThrow(/target at .* could not be reached.*password/);
      expect(await sqlOn(world.pair.source.superuser())('select slot_name from pg_replication_slots')).toEqual([]);
      Object.assign(world.places, { target });
      await world.until('DropReplication');
      expect(await ofOurs(world)).toEqual(NOTHING);
    }));
});
