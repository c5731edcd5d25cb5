import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fencing, fencingOn, other } from '../../support/fenced.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

describe.each(versions(11, 13, 15, 17, 18))('under a fence on %i (#9.6)', (version) => {
  let world: World;
  let fencing: Fencing;
  beforeAll(async () => {
    world = await startWorld({
      source: version,
      sourceParameters: { max_prepared_transactions: 5, max_logical_replication_workers: 4, wal_retrieve_retry_interval: '100ms' },
    });
    fencing = await fencingOn(world);
    await world.source(`create role writer login replication password 'p'; grant master to current_user`);
  });
  afterAll(async () => {
    await fencing?.close();
    await world?.destroy();
  });
  const written = async () => (await world.source('select count(*)::int as count from public.written'))[0]?.count;
  /** From the fence to its end. */
  const fenced = async (inside: () => Promise<void>): Promise<void> => {
    await fencing.fence();
    try {
      await inside();
    } finally {
      await fencing.lift();
    }
  };

  it('an insert left open in a session of replication=database is ended and not committed', async () => {
    const before = await written();
    const walsender = await other(fencing.login('writer'), 'change data capture', { replication: 'database' });
    await walsender.query('begin');
    await walsender.query('insert into public.written values (1)');
    await fenced(async () => {
      await fencing.endClientSessions();
      await expect(walsender.query('commit')).rejects.toThrow();
    });
    await walsender.end();
    expect(await written()).toBe(before);
  });

  it('a parallel query of another session ends with its workers', async () => {
    const reading = await other(fencing.login('writer'), 'report');
    const forced = version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';
    const query = reading.query(`set ${forced} = on; select pg_sleep(60)`).then(
      () => 'finished',
      () => 'ended',
    );
    const workers = () => world.source(`select from pg_stat_activity where backend_type = 'parallel worker'`);
    await eventually(async () => (await workers()).length > 0);
    await fenced(() => fencing.endClientSessions());
    expect(await query).toBe('ended');
    expect(await workers()).toEqual([]);
  });

  it('a parallel query of our own session continues', async () => {
    const session = await fencing.side.session('compare');
    await session.script(`set ${version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode'} = on`);
    const query = session.script('select pg_sleep(3)');
    await eventually(async () => (await world.source(`select from pg_stat_activity where backend_type = 'parallel worker'`)).length > 0);
    await fenced(() => fencing.endClientSessions());
    await query;
    await session.end();
  });

  it('a transaction of a superuser that has written is waited for, and then named', async () => {
    const superuser = await other(world.pair.source.superuser(world.database.name), 'service');
    await superuser.query('begin read write; insert into public.written values (1)');
    await fenced(() =>
      expect(fencing.endClientSessions()).rejects.toMatchObject({
        name: 'SwitchFailed',
        message: expect.stringMatching(/not ours to end, and have written .*: \d+ of rdsadmin \(service\)\. Have them ended\.$/),
      }),
    );
    await superuser.query('rollback');
    await superuser.query('begin; select 1');
    await fenced(() => fencing.endClientSessions());
    await superuser.query('rollback; begin read write; insert into public.written values (1)');
    await fenced(async () => {
      const ending = fencing.endClientSessions();
      await superuser.query('select pg_sleep(0.3); commit');
      await ending;
    });
    await superuser.end();
  });

  it('a prepared transaction is named', async () => {
    await world.source(`begin; insert into public.written values (1); prepare transaction 'it''s open'`);
    await fenced(() =>
      expect(fencing.endClientSessions()).rejects.toThrow(/prepared transactions.*'it''s open' of rdsadmin\. Commit them/),
    );
    await world.source(`rollback prepared 'it''s open'`);
  });

  it('ANALYZE by autovacuum, which holds a transaction id, stops no switch', async () => {
    for (const text of [`alter system set autovacuum_naptime = '1s'`, 'select pg_reload_conf()']) await world.source(text);
    await world.source('create table public.big (n int, m int) with (autovacuum_enabled = off)');
    await world.source('create statistics public.of_big on n, m from public.big');
    const superuser = await other(world.pair.source.superuser(world.database.name), 'service');
    // ANALYZE has stored what it knows of the columns when it comes to this lock.
    await superuser.query(`begin; lock table ${version >= 12 ? 'pg_statistic_ext_data' : 'pg_statistic_ext'} in share mode`);
    await world.source('insert into public.big select n, n from generate_series(1, 1000) as n');
    await world.source(`alter table public.big set (autovacuum_enabled = on, autovacuum_analyze_threshold = 1)`);
    const holds = () =>
      world.source(`select from pg_stat_activity
where backend_type = 'autovacuum worker' and backend_xid is not null and datname = current_database()`);
    await eventually(async () => (await holds()).length > 0);
    await fenced(() => fencing.endClientSessions());
    expect(await holds()).toHaveLength(1);
    await superuser.query('rollback');
    await superuser.end();
    await world.source('drop table public.big');
  });

  it('a subscription of another owner is named, because the server restarts its worker', async () => {
    await world.source(`create subscription "Other's" connection 'host=127.0.0.1 port=1 password=x' publication p with (connect = false)`);
    await world.source(`alter subscription "Other's" enable`);
    await fenced(() =>
      expect(fencing.endClientSessions()).rejects.toThrow(/subscriptions of others write into the database: Other's\. Disable them/),
    );
    await world.source(`alter subscription "Other's" disable`);
    await fenced(() => fencing.endClientSessions());
  });
});
