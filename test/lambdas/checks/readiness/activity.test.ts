import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { longTransactions, prepared, transactionAge } from '../../../../lambdas/checks/readiness/activity.ts';
import { blocker, findingsOf, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const AT_ONCE = { longTransactionSeconds: 1 };

describe('open transactions on the source', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sourceParameters: { max_prepared_transactions: 5, autovacuum: 'off' }, schema: 'create table t (id int)' });
  });
  afterAll(() => world?.destroy());

  it('lead to no finding on an idle server', async () => {
    expect(await findingsOf(world, [prepared, longTransactions, transactionAge], { input: AT_ONCE })).toEqual([]);
  });

  it('block where they are old, prepared ones of other databases included', async () => {
    const sibling = await world.sibling('other "db"');
    await sibling.source("begin; insert into t values (1); prepare transaction 'it''s \"odd\"'");
    const young = await findingsOf(world, [prepared]);
    expect(summary(young)).toEqual({
      PreparedTransaction: warning(expect.stringMatching(/^'it''s "odd"' \(database "other ""db""", owner rdsadmin\), \d s$/)),
    });
    await expect
      .poll(async () => Object.keys(summary(await findingsOf(world, [prepared], { input: AT_ONCE }))))
      .toEqual(['OldPreparedTransaction']);
    await sibling.source("rollback prepared 'it''s \"odd\"'");
    expect(await findingsOf(world, [prepared], { input: AT_ONCE })).toEqual([]);
  });

  it('are named where they write for longer than the bound, and no others', async () => {
    const client = new pg.Client(clientConfig(world.places.source, 'nightly "job"'));
    const reader = new pg.Client(clientConfig(world.places.source, 'report'));
    await Promise.all([client.connect(), reader.connect()]);
    try {
      await client.query('begin; insert into t values (2)');
      await reader.query('begin isolation level repeatable read; select count(*) from t');
      expect(await findingsOf(world, [longTransactions])).toEqual([]);
      const late = () => findingsOf(world, [longTransactions], { input: AT_ONCE });
      await expect.poll(async () => Object.keys(summary(await late()))).toEqual(['LongWriteTransaction']);
      const found = summary(await late());
      expect(found.LongWriteTransaction?.severity).toBe('blocker');
      expect(found.LongWriteTransaction?.objects).toEqual([
        expect.stringMatching(
          /^pid \d+ \(user aurora_master, database Shop "main", application nightly "job", idle in transaction, \d+ s\)$/,
        ),
      ]);
    } finally {
      await Promise.all([client.end(), reader.end()]);
    }
  });

  it('are reported as unknown where the role does not see other sessions', async () => {
    const blind = await poorRole('source', world, 'blind "one"');
    const found = await findingsOf(world, [longTransactions], { source: blind });
    expect(summary(found)).toEqual({ CouldNotTell: blocker('long transactions') });
    expect(found[0]?.message).toContain('pg_read_all_stats');
  });

  it('include databases that have long gone without vacuum', async () => {
    const pretend = async (name: string, age: number) => {
      await world.sibling(name);
      await world.source(`set allow_system_table_mods = on;
update pg_database set datfrozenxid = ((txid_current() - ${age} + 4294967296) % 4294967296)::text::xid where datname = '${name}'`);
    };
    await pretend('Half Way', 1_000_000_000);
    await pretend('too far', 1_600_000_000);
    const found = summary(await findingsOf(world, [transactionAge]));
    expect(found).toEqual({
      TransactionIdsRunOut: blocker(expect.stringMatching(/^"too far" \(16000000\d\d\)$/)),
      TransactionIdAge: warning(expect.stringMatching(/^"Half Way" \(10000000\d\d\)$/)),
    });
  });
});
