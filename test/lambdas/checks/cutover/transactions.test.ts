import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { longTransactions, prepared } from '../../../../lambdas/checks/cutover/transactions.ts';
import { CUTOVER, ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { other } from '../../../support/fenced.ts';
import { blocker, poorRole, summary } from '../../../support/findings.ts';
import { FOLLOWED, switchFindings } from '../../../support/following.ts';
import { eventually } from '../../../support/replicated.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('open transactions before a switch', () => {
  let world: World;
  let elsewhere: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, name: 'first', ...FOLLOWED });
    elsewhere = await world.sibling('Second "one"');
  });
  afterAll(() => world?.destroy());

  it('are named on both sides, those of other databases where a slot has to wait for them', async () => {
    const sides = [
      [world, 'source'],
      [world, 'target'],
      [elsewhere, 'source'],
      [elsewhere, 'target'],
    ] as const;
    const clients = await Promise.all(
      sides.map(async ([on, side]) => {
        const client = new pg.Client(clientConfig(on.database[side], `job ${side}`));
        client.on('error', () => {});
        await client.connect();
        await client.query('begin; create table held (id int)');
        return client;
      }),
    );
    const found = async (circumstances = {}) => (await switchFindings(world, [longTransactions], circumstances))[0]?.objects ?? [];
    await eventually(async () => (await found()).length === 3);
    const hold = (wanted: unknown[]) => expect.arrayContaining(wanted);
    expect(await found()).toEqual(
      hold([
        expect.stringMatching(
          /^source: pid \d+ \(user aurora_master, database first, application job source, idle in transaction, \d+ s\)$/,
        ),
        expect.stringMatching(/^target: pid \d+ \(user pscale_api_x4k2m9q7zt1d, database first, application job target, /),
        expect.stringMatching(/^target: pid \d+ \(user pscale_api_x4k2m9q7zt1d, database Second "one", /),
      ]),
    );
    expect(await found({ input: { reverse: false } })).toHaveLength(2);
    expect(await found({ direction: ROLLBACK })).toEqual(
      hold([
        expect.stringContaining('target: pid'),
        expect.stringMatching(/^source: pid .* database first, /),
        expect.stringContaining('database Second "one"'),
      ]),
    );
    expect(await found({ direction: ROLLBACK })).toHaveLength(3);
    await Promise.all(clients.map((client) => client.end()));
    await eventually(async () => (await found()).length === 0);
  });

  it('of autovacuum are ignored on the side to be fenced, though ANALYZE holds a transaction id for long (#9.6)', async () => {
    for (const text of [`alter system set autovacuum_naptime = '1s'`, 'select pg_reload_conf()']) await world.source(text);
    await world.source('create table public.big (n int, m int) with (autovacuum_enabled = off)');
    await world.source('create statistics public.of_big on n, m from public.big');
    const superuser = await other(world.pair.source.superuser(world.database.name), 'service');
    // ANALYZE has stored what it knows of the columns when it comes to this lock.
    await superuser.query('begin; lock table pg_statistic_ext_data in share mode');
    await world.source('insert into public.big select n, n from generate_series(1, 1000) as n');
    await world.source('alter table public.big set (autovacuum_enabled = on, autovacuum_analyze_threshold = 1)');
    const named = async (direction = ROLLBACK) => (await switchFindings(world, [longTransactions], { direction }))[0]?.objects ?? [];
    // The way back makes its slot on the source, which waits for it.
    await eventually(async () => (await named()).some((object) => object.includes('(user none, database first, ')));
    expect(await named(CUTOVER)).toEqual([]);
    await superuser.query('rollback');
    await superuser.end();
    await world.source('drop table public.big');
  });

  it('are named where they are prepared, however young', async () => {
    for (const on of [world.source, world.target, elsewhere.source]) {
      await on(`begin; create table of_prepared (id int); prepare transaction 'it''s ${on === elsewhere.source ? 'other' : 'ours'}'`);
    }
    expect(summary(await switchFindings(world, [prepared]))).toEqual({
      PreparedTransaction: blocker(
        "source: 'it''s ours' (database first, owner rdsadmin)",
        "target: 'it''s ours' (database first, owner pscale_admin)",
      ),
    });
    expect((await switchFindings(world, [prepared], { direction: ROLLBACK }))[0]?.objects).toHaveLength(3);
    for (const on of [world.source, world.target]) await on(`rollback prepared 'it''s ours'`);
    await elsewhere.source(`rollback prepared 'it''s other'`);
    expect(await switchFindings(world, [prepared])).toEqual([]);
  });

  it('are reported as unknown by a role that cannot see them', async () => {
    const source = await poorRole('source', world, 'blind');
    const found = await switchFindings(world, [longTransactions], { source });
    expect(summary(found)).toEqual({ CouldNotTell: blocker('long transactions') });
    expect(found[0]?.message).toContain('blind does not see the transactions of others on the source');
  });
});
