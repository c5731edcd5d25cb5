import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { earlierAttempt, publications, slotLimits, slots, subscriptions } from '../../../../lambdas/checks/readiness/leftovers.ts';
import { targetEmpty } from '../../../../lambdas/checks/readiness/target.ts';
import type { TableName } from '../../../../lambdas/config/input.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { identityOf } from '../../../../lambdas/state/earlier-copy.ts';
import { createHeartbeat } from '../../../../lambdas/state/heartbeat.sql.ts';
import { createSchemaCopy, recordSchemaCopy } from '../../../../lambdas/state/schema-copy.sql.ts';
import { blocker, findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [earlierAttempt, targetEmpty, slots, subscriptions, publications, slotLimits];

/** What CopySchema leaves, made by the role that runs it. */
async function schemaWasCopied(
  world: World,
  sourceDatabase = world.database.name,
  excludeTables: readonly TableName[] = [],
): Promise<void> {
  const { source, target } = world.ports('CopySchema').acting;
  await target.query(createHeartbeat());
  await target.query(createSchemaCopy());
  await target.query(
    recordSchemaCopy({
      sourceIdentity: sourceDatabase === world.database.name ? await identityOf(source) : '1/2',
      sourceDatabase,
      exclusions: { excludeSchemas: [], excludeTables },
      statements: 1,
      leftBehind: [],
    }),
  );
}

const makeSlot = (world: World, name: string) => world.source("select pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
const unplugged = (name: string) =>
  `create subscription ${name} connection 'host=127.0.0.1' publication p with (connect = false, slot_name = none)`;

const dropSlots = (world: World) => world.source('select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active');

describe('objects left before the migration', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ edge: { channelBinding: true } });
  });
  afterAll(() => world?.destroy());
  afterEach(async () => {
    await dropSlots(world);
  });

  it('are none on new servers', async () => {
    expect(await findingsOf(world, CHECKS)).toEqual([]);
  });

  it('are refused where the target knows no copy, and continued from where it does', async () => {
    const left = await world.sibling('Left over');
    const ours = subscriptionName('Left over');
    await left.source('create table t (id int primary key); create publication planetscale_migration');
    await makeSlot(left, ours);
    await left.target(`create table t (id int primary key); ${unplugged(ours)}`);
    const found = await findingsOf(left, CHECKS);
    expect(summary(found)).toEqual({
      TargetNotEmpty: blocker('public.t'),
      LeftoverSlot: blocker(
        expect.stringMatching(/^planetscale_migration_left_over_[0-9a-f]{10} \(database Left over, \d+ bytes of WAL held, reserved\)$/),
      ),
      LeftoverSubscription: blocker(ours),
    });

    await schemaWasCopied(left);
    const continued = summary(await findingsOf(left, CHECKS));
    expect(continued).toEqual({ ContinuesEarlierAttempt: warning(expect.stringMatching(/^Left over, copied \d{4}-/)) });

    const [dropSlot] = found.find(({ code }) => code === 'LeftoverSlot')?.statements ?? [];
    await left.source(dropSlot ?? '');
    for (const statement of found.find(({ code }) => code === 'LeftoverSubscription')?.statements ?? []) await left.target(statement);
    expect(summary(await findingsOf(left, [slots, subscriptions]))).toEqual({});
  });

  it('are refused on a target that holds the schema of another source database', async () => {
    const other = await world.sibling('other');
    await schemaWasCopied(other, 'somebody "else"');
    expect(summary(await findingsOf(other, CHECKS))).toEqual({
      TargetHoldsAnotherDatabase: blocker(expect.stringMatching(/^somebody "else", copied /)),
    });
  });

  it('are refused where the copy left out what is wanted now', async () => {
    const more = await world.sibling('more');
    await schemaWasCopied(more, 'more', [{ schema: 'public', table: 'Left "out"' }]);
    const excluding = (...excludeTables: string[]) => findingsOf(more, [earlierAttempt], { input: { excludeTables } });
    expect(Object.keys(summary(await excluding('public."Left ""out"""')))).toEqual(['ContinuesEarlierAttempt']);
    expect(summary(await excluding()).WantedSinceTheCopy).toEqual(blocker('"public"."Left ""out"""'));
  });

  it('are named where others made them on the source and on the target', async () => {
    const busy = await world.sibling('busy');
    await busy.source(`create publication ${ODD}; create publication plain; ${unplugged('"Inbound"')}`);
    await makeSlot(busy, 'abandoned');
    await makeSlot(busy, 'planetscale_migration_elsewhere');
    const { host, port, password, user } = world.pair.source.superuser();
    await busy.target(`create subscription "Busy one" connection 'host=${host} port=${port} user=${user} password=''${password}'' dbname=busy sslmode=require'
publication plain with (slot_name = in_use, copy_data = false)`);
    await expect
      .poll(async () => (await busy.source("select active from pg_replication_slots where slot_name = 'in_use'"))[0]?.active)
      .toBe(true);
    const facts = (name: string) => expect.stringMatching(new RegExp(`^${name} \\(database busy, \\d+ bytes of WAL held, reserved\\)$`));
    expect(summary(await findingsOf(busy, CHECKS))).toEqual({
      SlotOfAnotherMigration: warning(facts('planetscale_migration_elsewhere')),
      InactiveSlot: warning(facts('abandoned')),
      ForeignSlot: warning(facts('in_use')),
      ForeignSubscription: warning('Busy one'),
      ForeignPublication: warning(ODD.slice(1, -1).replaceAll('""', '"'), 'plain'),
      SourceSubscribes: warning('Inbound'),
    });
    await busy.target('drop subscription "Busy one"');
  });

  it('are refused where the WAL of the slot is gone', async () => {
    const late = await world.sibling('late');
    await schemaWasCopied(late);
    await makeSlot(late, subscriptionName('late'));
    await world.source("alter system set max_slot_wal_keep_size = '1MB'");
    await world.source('select pg_reload_conf()');
    await late.source('create table filler (id int)');
    const status = async () => {
      await late.source('insert into filler values (1)');
      await late.source('select pg_switch_wal()');
      await late.source('checkpoint');
      return (await late.source('select wal_status from pg_replication_slots where slot_name = $1', [subscriptionName('late')]))[0]
        ?.wal_status;
    };
    await expect.poll(status).toBe('lost');
    const found = summary(await findingsOf(late, CHECKS));
    expect(Object.keys(found).toSorted()).toEqual(['ContinuesEarlierAttempt', 'SlotLost', 'SlotMayBeLost']);
    expect(found.SlotLost).toEqual(
      blocker(expect.stringMatching(/^planetscale_migration_late \(database late, 0 bytes of WAL held, lost\)$/)),
    );
    expect(found.SlotMayBeLost).toEqual(warning('max_slot_wal_keep_size = 1 MB'));
  });

  it('are exactly the relations and types on the target that are in the way', async () => {
    const full = await world.sibling('full');
    await full.source(`create schema ${ODD}; create table ${ODD}."T" (id serial primary key); create view ${ODD}.v as select 1 as one;
create type ${ODD}.mood as enum ('good'); create table public.out (id int); create schema left_out; create table left_out.t (id int)`);
    await full.target(`create schema ${ODD}; create view ${ODD}."T" as select 1 as one; create sequence ${ODD}."T_id_seq"; create table ${ODD}.v (id int);
create domain ${ODD}.mood as text; create table public.out (id int); create table public.unrelated (id int);
create schema left_out; create table left_out.t (id int)`);
    const input = { excludeSchemas: ['left_out'], excludeTables: ['public.out'] };
    expect(summary(await findingsOf(full, [targetEmpty], { input }))).toEqual({
      TargetNotEmpty: blocker(`${ODD}."T"`, `${ODD}."T_id_seq"`, `${ODD}.mood`, `${ODD}.v`),
    });
  });

  it('exclude the types of an extension that the target has already (#11)', async () => {
    const enabled = await world.sibling('enabled');
    for (const side of [enabled.source, enabled.target]) await side('create extension dblink');
    expect(await findingsOf(enabled, [targetEmpty])).toEqual([]);
  });
});
