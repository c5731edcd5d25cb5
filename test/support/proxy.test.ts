import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { startTarget } from '../../rehearsal/servers/pair.ts';
import type { Server } from '../../rehearsal/servers/server.ts';
import { WireProxy } from './proxy.ts';
import { eventually } from './replicated.ts';
import { type Sql, sqlOn } from './world.ts';

describe('the proxy between the functions and a server', () => {
  let server: Server;
  let direct: Sql;
  let proxy: WireProxy;
  let login: ConnectionSettings;
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    ({ server } = await startTarget(18));
    direct = sqlOn(server.superuser());
    await direct('create table t (n int)');
  });
  afterAll(() => server.destroy());
  beforeEach(async () => {
    proxy = await WireProxy.start(server.superuser());
    login = proxy.login(server.superuser());
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.connection.stream.destroy();
    await proxy.close();
    await direct('truncate t');
  });

  const client = async (name = 'somebody') => {
    const made = new pg.Client(clientConfig(login, name));
    made.on('error', () => {});
    clients.push(made);
    await made.connect();
    return made;
  };
  const numbers = async () => (await direct('select n from t order by n')).map(({ n }) => n);
  const settledIn = async (promise: Promise<unknown>, condition: () => Promise<boolean>) => {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    await eventually(condition);
    return settled;
  };

  it('passes on logins, statements with and without values, errors, and answers of any size', async () => {
    const one = await client('planetscale_migration:Test');
    expect((await one.query('show application_name')).rows).toEqual([{ application_name: 'planetscale_migration:Test' }]);
    expect((await one.query('select $1::int + 1 as n', [41])).rows).toEqual([{ n: 42 }]);
    expect((await one.query(`select repeat('ü', 1000000) as text`)).rows[0].text).toHaveLength(1_000_000);
    expect((await one.query('select n from generate_series(1, 100000) as n')).rows).toHaveLength(100_000);
    await expect(one.query('select 1 / 0')).rejects.toThrow('division by zero');
    await one.end();
    expect(proxy.exchanges[1]).toEqual({ application: 'planetscale_migration:Test', text: 'select $1::int + 1 as n', answered: true });
    expect(proxy.exchanges.at(-1)).toMatchObject({ text: 'select 1 / 0', answered: false });
  });

  it('disconnects from the server when the client does', async () => {
    const one = await client('goes away');
    one.connection.stream.destroy();
    await eventually(async () => (await direct(`select from pg_stat_activity where application_name = 'goes away'`)).length === 0);
  });

  it('disconnects from the client when the server does', async () => {
    const one = await client('is sent away');
    const gone = new Promise((resolve) => one.once('end', resolve));
    await direct(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'is sent away'`);
    await gone;
  });

  describe.each([
    ['without values', 'insert into t values (1)', undefined],
    ['with values', 'insert into t values ($1)', [1]],
  ] as const)('armed at a statement %s', (_, text, values) => {
    const insert = async (by: pg.Client) => by.query(text, values && [...values]);

    it('acts once, before the request is passed on', async () => {
      const one = await client();
      const seen: unknown[] = [];
      const trigger = proxy.when(/insert into t/, 'request', async () => void seen.push(await numbers()));
      expect(trigger.fired).toBe(false);
      await insert(one);
      await insert(one);
      await trigger.done;
      expect([trigger.fired, seen, await numbers()]).toEqual([true, [[]], [1, 1]]);
    });

    it('acts before the answer is passed on, when the statement has taken effect', async () => {
      const one = await client();
      const seen: unknown[] = [];
      proxy.when(/insert into t/, 'answer', async () => void seen.push(await numbers()));
      await insert(one);
      expect(seen).toEqual([[1]]);
    });

    it('does not pass the request on when the connection is severed at it', async () => {
      const one = await client();
      proxy.when(/insert into t/, 'request', () => proxy.sever());
      await expect(insert(one)).rejects.toThrow();
      await expect(client()).rejects.toThrow();
      proxy.heal();
      await client();
      expect(await numbers()).toEqual([]);
    });

    it('does not pass the answer on when the connection is severed at it', async () => {
      const one = await client();
      proxy.when(/insert into t/, 'answer', () => proxy.sever());
      await expect(insert(one)).rejects.toThrow();
      expect(await numbers()).toEqual([1]);
    });

    it('holds the answer back, and new connections, until it is healed', async () => {
      const one = await client();
      proxy.when(/insert into t/, 'answer', () => proxy.blackhole());
      const answer = insert(one);
      expect(await settledIn(answer, async () => (await numbers()).length === 1)).toBe(false);
      const other = client('late');
      expect(await settledIn(other, async () => (await numbers()).length === 1)).toBe(false);
      proxy.heal();
      await answer;
      expect((await (await other).query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    });

    it('holds the request back until it is healed', async () => {
      const one = await client();
      const trigger = proxy.when(/insert into t/, 'request', () => proxy.blackhole());
      const answer = insert(one);
      await trigger.done;
      expect(await numbers()).toEqual([]);
      proxy.heal();
      await answer;
      expect(await numbers()).toEqual([1]);
    });
  });

  it('does not tell the server during a silence that the client has disconnected', async () => {
    const one = await client('goes unheard');
    proxy.blackhole();
    one.connection.stream.destroy();
    const listed = () => direct(`select from pg_stat_activity where application_name = 'goes unheard'`);
    expect(await listed()).toHaveLength(1);
    proxy.heal();
    await eventually(async () => (await listed()).length === 0);
  });

  it('does not act on the answer of a statement that failed', async () => {
    const one = await client();
    const trigger = proxy.when(/select 1/, 'answer', () => {});
    await expect(one.query('select 1 / 0')).rejects.toThrow();
    expect(trigger.fired).toBe(false);
    await one.query('select 1');
    expect(trigger.fired).toBe(true);
  });

  it('reports that an action failed, and forgets what is disarmed', async () => {
    const one = await client();
    const failing = proxy.when(/select 1/, 'request', () => {
      throw new Error('no');
    });
    const forgotten = proxy.when(/select 2/, 'request', () => {});
    await one.query('select 1');
    await expect(failing.done).rejects.toThrow('no');
    proxy.disarm();
    await one.query('select 2');
    expect(forgotten.fired).toBe(false);
  });

  it('cuts a new connection while the server is down, and makes one when it is up again', async () => {
    await server.stop();
    await expect(client()).rejects.toThrow();
    await server.resume();
    expect((await (await client()).query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });
});
