import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabasePort, databasePort } from '../../../../lambdas/adapters/postgres/database.ts';
import { CannotConnect, StatementFailed, TransientError } from '../../../../lambdas/config/errors.ts';
import type { ConnectionSettings } from '../../../../lambdas/ports/connection-settings.ts';
import { statement } from '../../../../lambdas/postgres/quote.ts';
import { READ_ONLY_SQL_TRANSACTION } from '../../../../lambdas/postgres/sqlstates.ts';
import { serverCertificate } from '../../../../rehearsal/servers/certificates.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CANARY = 'canary value';
let world: World;
let settings: ConnectionSettings;
const opened: DatabasePort[] = [];
const open = (overrides: Partial<ConnectionSettings> = {}): DatabasePort => {
  const port = databasePort({ ...settings, ...overrides }, 'Test');
  opened.push(port);
  return port;
};

beforeAll(async () => {
  world = await startWorld({ schema: 'create table public.t (id int primary key, word text unique)' });
  settings = world.database.source;
});
afterAll(async () => {
  await Promise.all(opened.map((port) => port.close()));
  await world?.destroy();
});

const count = statement<{ n: number }>('select count(*)::float8 as n from public.t');
const insert = (id: number, word: string) => statement('insert into public.t values ($1::int, $2::text)', [id, word]);
const setting = (name: string) => statement<{ value: string }>('select current_setting($1::text) as value', [name]);

describe('a read-only query', () => {
  it('cannot write', async () => {
    const { looking } = open();
    await expect(looking.query(insert(1, 'a'))).rejects.toMatchObject({
      name: 'StatementFailed',
      complaint: { code: READ_ONLY_SQL_TRANSACTION },
    });
    await expect(looking.snapshot((reader) => reader.query(insert(1, 'a')))).rejects.toBeInstanceOf(StatementFailed);
    await expect(looking.query(count)).resolves.toEqual([{ n: 0 }]);
  });

  it('has time limits, a catalog-only search_path and an application_name', async () => {
    const { looking } = open();
    const found: Record<string, string> = {};
    for (const name of ['search_path', 'application_name', 'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout']) {
      const [row] = await looking.query(setting(name));
      found[name] = row?.value ?? '';
    }
    expect(found).toEqual({
      search_path: 'pg_catalog',
      application_name: 'planetscale_migration:Test',
      lock_timeout: '5s',
      statement_timeout: '5min',
      idle_in_transaction_session_timeout: '1min',
    });
  });

  it('sees one state of the database in a snapshot', async () => {
    const [{ looking }, { acting }] = [open(), open()];
    const counts = await looking.snapshot(async (reader) => {
      const [before] = await reader.query(count);
      await acting.query(insert(10, 'meanwhile'));
      const [after] = await reader.query(count);
      return [before?.n, after?.n];
    });
    expect(counts[1]).toBe(counts[0]);
    await expect(looking.query(count)).resolves.toEqual([{ n: (counts[0] ?? 0) + 1 }]);
  });

  it('returns the major version', async () => {
    await expect(open().looking.version()).resolves.toBe(world.pair.source.version);
  });
});

describe('an acting transaction', () => {
  it('is rolled back whole when it fails', async () => {
    const { acting } = open();
    const [before] = await acting.query(count);
    const half = acting.transaction(async (session) => {
      await session.query(insert(20, 'first half'));
      await session.query(insert(20, 'second half'));
    });
    await expect(half).rejects.toMatchObject({ name: 'StatementFailed', complaint: { code: '23505', table: 't' } });
    await expect(acting.query(count)).resolves.toEqual([before]);
  });

  it('gives up waiting for a lock after its limit, as an error that is retried', async () => {
    const { acting } = open();
    const holder = await open().acting.session('holder');
    await holder.script('begin; lock table public.t in access exclusive mode');
    await expect(acting.query(insert(30, 'b'))).rejects.toBeInstanceOf(TransientError);
    await holder.script('rollback');
    await holder.end();
    await expect(acting.query(insert(30, 'b'))).resolves.toEqual([]);
  });

  it('reports no parameter value in its error', async () => {
    const { acting } = open();
    await acting.query(insert(40, CANARY));
    const error: Error = await acting.query(insert(41, CANARY)).then(
      () => new Error('accepted'),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(StatementFailed);
    const { message, stack, cause, ...fields } = error;
    expect(JSON.stringify([message, stack, cause, fields])).not.toContain(CANARY);
  });
});

describe('a long session', () => {
  it('has no time limits, and can be found by its tag', async () => {
    const { acting, looking } = open();
    const session = await acting.session('long work');
    await expect(session.query(setting('statement_timeout'))).resolves.toEqual([{ value: '0' }]);
    const named = statement<{ n: number }>('select count(*)::float8 as n from pg_stat_activity where application_name = $1::text', [
      'planetscale_migration:Test:long work',
    ]);
    await expect(looking.query(named)).resolves.toEqual([{ n: 1 }]);
    await session.end();
  });

  it('leaves a running statement to the server when it disconnects', async () => {
    const { acting, looking } = open();
    const session = await acting.session('left');
    const abandoned = session.script("select pg_sleep(0.5); insert into public.t values (50, 'left')");
    const active = statement<{ n: number }>(
      "select count(*)::float8 as n from pg_stat_activity where application_name = $1::text and state = 'active'",
      ['planetscale_migration:Test:left'],
    );
    const left = statement<{ n: number }>('select count(*)::float8 as n from public.t where id = 50');
    await expect.poll(() => looking.query(active)).toEqual([{ n: 1 }]);
    session.leave();
    await expect(abandoned).rejects.toBeInstanceOf(TransientError);
    await expect.poll(() => looking.query(left)).toEqual([{ n: 1 }]);
  });
});

describe('a login that no retry helps', () => {
  it.each([
    ['a wrong password', () => ({ password: 'canary wrong' }), /28P01/],
    ['a user that is not there', () => ({ user: 'nobody' }), /28P01/],
    ['a database that is not there', () => ({ database: 'nowhere' }), /3D000/],
    ['a name that does not resolve', () => ({ host: 'no-such-host.invalid' }), /does not resolve/],
    ['an unknown authority', () => ({ tls: { verify: 'full', authorities: 'system' } as const }), /certificate/i],
    ['a certificate of another host', () => ({ host: 'localhost' }), /certificate/i],
    ['a server that wants TLS', () => ({ tls: { verify: 'off' } as const }), /28000/],
  ])('is %s', async (_what, overrides, message) => {
    const refusal: Error = await open(overrides())
      .looking.query(count)
      .then(
        () => new Error('let in'),
        (thrown) => thrown,
      );
    expect(refusal).toBeInstanceOf(CannotConnect);
    expect(refusal.message).toMatch(message);
    expect(JSON.stringify([refusal.message, refusal.stack, refusal.cause, { ...refusal }])).not.toMatch(/canary|rehearsal source/);
  });

  it('passes with the authority that signed the certificate', async () => {
    const { authority } = await serverCertificate();
    await expect(open({ tls: { verify: 'full', authorities: authority } }).looking.query(count)).resolves.toHaveLength(1);
  });
});

describe('a server that stops', () => {
  it('is reported as transient, and the retry connects anew', async () => {
    const { looking, acting } = open();
    await looking.query(count);
    await acting.query(count);
    await world.pair.source.stop('crash');
    await expect(looking.query(count)).rejects.toBeInstanceOf(TransientError);
    await expect(acting.transaction((session) => session.query(count))).rejects.toBeInstanceOf(TransientError);
    await world.pair.source.resume();
    await expect(looking.query(count)).resolves.toHaveLength(1);
    await expect(acting.transaction((session) => session.query(count))).resolves.toHaveLength(1);
  });

  it('is reported as transient within a transaction, too', async () => {
    const { acting } = open();
    const torn = acting.transaction(async (session) => {
      await session.query(insert(60, 'torn'));
      await world.pair.source.restart({}, 'crash');
      await session.query(insert(61, 'torn'));
    });
    await expect(torn).rejects.toBeInstanceOf(TransientError);
    await expect(acting.query(statement('select 1 from public.t where id in (60, 61)'))).resolves.toEqual([]);
  });
});
