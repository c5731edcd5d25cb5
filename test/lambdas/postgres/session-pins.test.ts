import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pgDump } from '../../../lambdas/adapters/pg-dump/pg-dump.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { statement } from '../../../lambdas/postgres/quote.ts';
import { SESSION_PINS, streamSettings } from '../../../lambdas/postgres/session-pins.sql.ts';
import { beFriendly, beHostile, hostileTo, REACHES } from '../../support/hostile-settings.ts';
import { versions } from '../../support/versions.ts';
import { REPLICATION_PASSWORD, sqlOn, startWorld, type World } from '../../support/world.ts';

/** Defaults that pg_dump prints by the output functions of their types. */
const PRINTED = `create table public.printed (
  id int primary key, path text default 'a\\b', raw bytea default '\\x00ff5c', day date default '2024-05-06',
  span interval default '-1 day 02:00', price money default 1234.5, at timestamptz default '2024-05-06 07:08+00', f float8 default 0.1
)`;

const values = async (reader: Pick<Reader, 'query'>, names: readonly string[]): Promise<Record<string, string>> => {
  const rows = await reader.query(
    statement<{ name: string; value: string }>('select n as name, pg_catalog.current_setting(n) as value from unnest($1::text[]) as n', [
      `{${names.join(',')}}`,
    ]),
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
};

describe('the pinned settings of a session (#9.4)', () => {
  it('each have a reason, and none is listed twice', () => {
    for (const { why } of SESSION_PINS) expect(why).toMatch(/\.$/);
    expect(new Set(SESSION_PINS.map(({ name }) => name)).size).toBe(SESSION_PINS.length);
  });

  it('are each tested with a hostile value', () => {
    expect(hostileTo(99).map(({ name }) => name)).toEqual(SESSION_PINS.map(({ name }) => name));
  });
});

describe.each(versions(11, 13, 15, 17, 18))('sessions on version %i (#9.4)', (source) => {
  let world: World;
  let names: string[];
  let friendly: Record<string, Record<string, string>>;
  const found = async (): Promise<Record<string, Record<string, string>>> => {
    const { looking, acting, close } = world.ports('Test');
    try {
      const session = await acting.source.session('pins');
      return {
        looking: await values(looking.source, names),
        acting: await values(acting.source, names),
        session: await values(session, names),
      };
    } finally {
      await close();
    }
  };

  beforeAll(async () => {
    world = await startWorld({ source, schema: PRINTED });
    await world.source(`create role somebody_else; grant somebody_else to "${world.places.source.user}"; create schema planted;
create function planted.current_setting(text) returns text language sql as 'select ''planted''::text'`);
    names = hostileTo(source).map(({ name }) => name);
    friendly = await found();
  });
  afterEach(() => beFriendly(world, 'source'));
  afterAll(() => world?.destroy());

  it('have the value of every pin that the version knows', () => {
    expect(friendly.session).toMatchObject({
      synchronous_commit: 'on',
      default_transaction_isolation: 'read committed',
      default_transaction_read_only: 'off',
      statement_timeout: '0',
      search_path: 'pg_catalog',
      role: 'none',
      ...(source >= 14 && { idle_session_timeout: '0', client_connection_check_interval: '0' }),
      ...(source >= 17 && { transaction_timeout: '0' }),
    });
    expect(friendly.looking).toMatchObject({ default_transaction_read_only: 'on', statement_timeout: '5min', lock_timeout: '5s' });
    expect(friendly.acting).toMatchObject({ default_transaction_read_only: 'off', synchronous_commit: 'on' });
  });

  it.each(REACHES)('have the same values whatever the %s is set to', async (reach) => {
    await beHostile(world, 'source', reach, hostileTo(source));
    expect(await found()).toEqual(friendly);
  });

  it.each(REACHES)('let pg_dump print alike whatever the %s is set to', async (reach) => {
    const dump = () => pgDump(world.database.source, 'Test').dump(['--schema-only', '--no-owner', '--no-privileges', '--schema=public']);
    const before = await dump();
    expect(before).toContain("path text DEFAULT 'a\\b'::text");
    await beHostile(world, 'source', reach, hostileTo(source));
    expect(await dump()).toBe(before);
  });

  it('of the replication role have what a stream needs, whatever the database and the role are set to', async () => {
    await world.visit('CreateReplicationRole');
    const asStream = async () =>
      values(
        { query: async ({ text, values: bound = [] }) => (await sqlOn(stream())(text, bound)) as never[] },
        Object.keys(streamSettings(source)),
      );
    const stream = () => ({ ...world.database.source, user: REPLICATION_ROLE, password: REPLICATION_PASSWORD });
    const pinned = hostileTo(source).filter(({ name }) => name in streamSettings(source));
    await beHostile(world, 'source', 'database', pinned);
    for (const { name, value } of pinned) {
      await sqlOn(world.pair.source.superuser('postgres'))(
        `alter role ${REPLICATION_ROLE} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`,
      );
    }
    expect(await asStream()).toEqual(streamSettings(source));
    expect(await world.visit('CreateReplicationRole')).toMatchObject({ verdict: 'done' });
  });
});
