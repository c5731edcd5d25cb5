import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { startSource, startTarget } from '../../../rehearsal/servers/pair.ts';
import type { Server } from '../../../rehearsal/servers/server.ts';
import { failSourceOver, switchTargetOver } from '../../../rehearsal/servers/switchover.ts';
import { eventually } from '../../support/replicated.ts';
import { type Sql, sqlOn } from '../../support/world.ts';

const SMALL = { shared_buffers: '16MB' };
const FAILOVER = (name: string) => `select pg_create_logical_replication_slot('${name}', 'pgoutput', false, false, true)`;
const PLAIN = (name: string) => `select pg_create_logical_replication_slot('${name}', 'pgoutput')`;

describe('a switchover of the target', () => {
  let server: Server;
  let sql: Sql;
  beforeAll(async () => {
    ({ server } = await startTarget(18, SMALL));
    sql = sqlOn(server.superuser());
  });
  afterAll(() => server?.destroy());
  const slots = async () => (await sql('select slot_name::text from pg_replication_slots order by 1')).map((row) => row.slot_name);

  it("keeps no slot with PlanetScale's default settings (#10)", async () => {
    await sql(`${FAILOVER('listed')}; create table kept as select 1 as n`);
    await switchTargetOver(server, ['listed']);
    expect(await slots()).toEqual([]);
    expect(await sql('select n from kept')).toEqual([{ n: 1 }]);
  });

  it.each([
    ['sync_replication_slots', { sync_replication_slots: 'on', hot_standby_feedback: 'off' }],
    ['hot_standby_feedback', { sync_replication_slots: 'off', hot_standby_feedback: 'on' }],
  ])('keeps no slot with %s alone (#10)', async (_, parameters) => {
    await server.restart(parameters);
    await sql(FAILOVER('listed'));
    await switchTargetOver(server, ['listed']);
    expect(await slots()).toEqual([]);
  });

  it('keeps a listed failover slot with both settings, ends every connection, and admits none meanwhile (#10)', async () => {
    await server.restart({ sync_replication_slots: 'on', hot_standby_feedback: 'on' });
    await sql(`${FAILOVER('listed')}; ${FAILOVER('unlisted')}; ${PLAIN('plain')}; select pg_create_physical_replication_slot('physical')`);
    const client = new pg.Client(clientConfig(server.superuser(), 'test'));
    const ended = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(what);
    await switchTargetOver(server, ['listed', 'plain', 'physical'], {
      entrance: { shut: note('shut'), endConnections: note('end'), open: note('open') },
      async meanwhile() {
        seen.push(await sql('select').then(String, ({ code }) => code));
      },
    });
    expect(seen).toEqual(['shut', 'end', 'ECONNREFUSED', 'open']);
    expect(await ended).toBeInstanceOf(Error);
    expect(await slots()).toEqual(['listed']);
  });
});

describe('a failover of the source', () => {
  it('may move it to another address, to which its endpoint leads, and nothing else', async () => {
    const { server, createDatabase } = await startSource(15, SMALL);
    try {
      const settings = await createDatabase('moved');
      const [before, old] = [server.port, server.superuser('moved')];
      await sqlOn(settings)('create table kept as select 1 as n');
      await failSourceOver(server, 'stay', { elsewhere: true });
      expect(server.port).not.toBe(before);
      expect(server.entrancePort).toBe(settings.port);
      expect(await sqlOn(settings)('select n from kept')).toEqual([{ n: 1 }]);
      await expect(sqlOn(old)('select')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      const platform = `select count(*)::int as n from pg_stat_activity where datname = 'rdsadmin' and backend_type = 'client backend'`;
      await eventually(async () => (await sqlOn(server.superuser())(platform))[0]?.n === 1);
    } finally {
      server.destroy();
    }
  });

  it.each([11, 17] as const)('keeps its slots or loses them, on version %i (#10)', async (version) => {
    const { server } = await startSource(version, { ...SMALL, wal_level: 'logical' });
    try {
      const sql = sqlOn(server.superuser());
      await sql(PLAIN('forward'));
      await failSourceOver(server, 'stay');
      expect(await sql('select slot_name::text from pg_replication_slots')).toEqual([{ slot_name: 'forward' }]);
      await failSourceOver(server, 'go');
      expect(await sql('select slot_name::text from pg_replication_slots')).toEqual([]);
    } finally {
      server.destroy();
    }
  });
});
