import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enabledSubscriptions } from '../../../lambdas/checks/cutover/enabled-subscriptions.sql.ts';
import { subscriberUse } from '../../../lambdas/checks/cutover/subscriber-use.sql.ts';
import { otherSubscriptions } from '../../../lambdas/checks/readiness/servers.sql.ts';
import { subscriptionsThere } from '../../../lambdas/cleanup/leftovers.sql.ts';
import { subscriberHealth } from '../../../lambdas/monitoring/stream-health.sql.ts';
import type { Statement } from '../../../lambdas/ports/database.ts';
import {
  createCopylessSubscription,
  finishedCopies,
  forgetSubscription,
  releaseSubscription,
  subscribedTables,
  subscriptionNumbers,
  subscriptionState,
  subscriptionsNamed,
} from '../../../lambdas/replication/subscriptions.sql.ts';
import { namesNotOurs } from '../../../lambdas/state/trust.sql.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

const NAME = 'planetscale_migration_reverse_one';

describe.each(versions(11, 13, 15, 17, 18))('a subscription on a source %i, created by its master user (#10)', (source) => {
  let world: World;
  let ask: <Row>(statement: Statement<Row>) => Promise<readonly Row[]>;
  beforeAll(async () => {
    world = await startWorld({ source, target: 18, schema: 'create table t (id int primary key)', targetLogin: 'default' });
    const { acting } = world.ports('CreateSubscription');
    ask = (statement) => acting.source.query(statement);
    await world.target(`create table t (id int primary key); create publication planetscale_migration for table t`);
    await world.target(`select pg_create_logical_replication_slot('${NAME}', 'pgoutput')`);
    // A namesake in another database, which has tables and a note of its own.
    const other = await world.sibling('other');
    await other.source(`create table u (id int primary key); create publication p for table u;
      create subscription ${NAME} connection 'password=none' publication p with (connect = false, slot_name = none);
      comment on subscription ${NAME} is 'of another database'`);
    const { host, port, user, password, database } = world.database.target;
    const connection = `host=${host} port=${port} user=${user} password='${password}' dbname='${database}' sslmode=require`;
    await acting.source.transaction(async (session) => {
      for (const statement of createCopylessSubscription(NAME, connection, source)) await session.query(statement);
      await session.query(releaseSubscription(NAME, 'a note'));
    });
  });
  afterAll(() => world?.destroy());

  it('is read with its comment, its tables and its counters, and apart from a namesake in another database', async () => {
    expect(await ask(subscriptionState(NAME))).toMatchObject([{ enabled: true, slot: NAME, note: 'a note' }]);
    expect(await ask(subscribedTables(NAME))).toEqual([{ schema: 'public', table: 't', state: 'r' }]);
    expect(await ask(finishedCopies(NAME))).toEqual([]);
    const [real] = await world.source(`select s.oid::int8::float8 as oid from pg_subscription as s
      join pg_database as d on d.oid = s.subdbid and d.datname = current_database()`);
    expect(await ask(subscriptionNumbers(NAME))).toContainEqual(real);
    expect(await ask(subscriptionNumbers('none'))).toEqual([]);
    for (const statement of [subscriptionsNamed('planetscale_'), subscriptionsThere(), enabledSubscriptions()]) {
      expect(await ask<{ readonly name: string }>(statement)).toEqual([{ name: NAME }]);
    }
  });

  it('is shown as active, and counted', async () => {
    await expect
      .poll(() => ask(subscriberHealth(NAME)), { timeout: 30_000 })
      .toEqual([{ enabled: true, applying: true, tables: 1, ready: 1 }]);
    expect(await ask(subscriberUse(NAME))).toMatchObject([{ subscriptions: 0 }]);
    expect(await ask(subscriberUse('another'))).toMatchObject([{ subscriptions: 1 }]);
    expect(await ask(otherSubscriptions('another'))).toEqual([{ count: 2 }]);
    expect(await ask(namesNotOurs())).toEqual([]);
  });

  it('applies what is written at the target, and can be dropped', async () => {
    await world.target('insert into t values (1)');
    await expect.poll(() => world.source('select id from t'), { timeout: 30_000 }).toEqual([{ id: 1 }]);
    const { acting } = world.ports('CreateSubscription');
    await acting.source.transaction(async (session) => {
      for (const statement of forgetSubscription(NAME)) await session.query(statement);
    });
    expect(await ask(subscriptionState(NAME))).toEqual([]);
    expect(await ask(subscriberHealth(NAME))).toEqual([]);
  });
});
