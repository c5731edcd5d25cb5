import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { conninfo } from '../../../lambdas/postgres/quote.ts';
import { INVALID_AUTHORIZATION_SPECIFICATION, INVALID_PASSWORD } from '../../../lambdas/postgres/sqlstates.ts';
import { newAuthority, newCertificate } from '../../../rehearsal/servers/certificates.ts';
import {
  Edge,
  hbaBehindEdge,
  NO_BRANCH,
  NO_UPSTREAM,
  noPrimary,
  SSL_REQUIRED,
  unknownBranch,
} from '../../../rehearsal/servers/front/edge.ts';
import { applicationLogin, startTarget } from '../../../rehearsal/servers/pair.ts';
import { Server } from '../../../rehearsal/servers/server.ts';
import { sqlOn } from '../../support/world.ts';

const PASSWORD = "a 'password\\";
/** Whose libpq asks, and what it knows. */
const SOURCES = [11, 13, 15, 17] as const;

/** How a server's libpq fares that subscribes at the edge; undefined where it is let in. */
async function subscribing(source: Server, login: ConnectionSettings, more: Record<string, string>): Promise<string | undefined> {
  const { host, port, user, password, database } = login;
  const connection = conninfo({ host, port, user, password, dbname: database, ...more }).replaceAll("'", "''");
  try {
    await sqlOn(source.superuser())(
      `begin; create subscription trial connection '${connection}' publication p with (create_slot = false, slot_name = none, enabled = false); rollback`,
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each([
  ['without channel binding', false],
  ['with channel binding', true],
])("the stand-in for PlanetScale's edge %s (#10)", (_, channelBinding) => {
  let target: Awaited<ReturnType<typeof startTarget>>;
  let edge: Edge;
  let login: ConnectionSettings;
  const sources = new Map<number, Server>();
  beforeAll(async () => {
    target = await startTarget(18, {}, { channelBinding });
    if (!target.edge) throw new Error('There is an edge.');
    edge = target.edge;
    await sqlOn(target.server.superuser())(`create role streams login replication password '${PASSWORD.replaceAll("'", "''")}';
create publication p`);
    login = edge.login('streams', PASSWORD, 'postgres');
    for (const version of SOURCES) sources.set(version, await Server.start({ version, clusterRole: 'source' }));
  });
  afterAll(() => {
    edge?.destroy();
    target?.server.destroy();
    for (const source of sources.values()) source.destroy();
  });

  it('admits a user name with its branch, which the server gets without', async () => {
    expect(login.user).toBe('streams.nk35mx55qq');
    expect(await sqlOn(login)('select session_user::text as name')).toEqual([{ name: 'streams' }]);
    expect(await sqlOn(applicationLogin(edge, 'postgres'))('select session_user::text as name')).toEqual([{ name: 'shop_app' }]);
  });

  it('refuses what PlanetScale refuses, with its codes and messages', async () => {
    await expect(sqlOn({ ...login, user: 'streams' })('select')).rejects.toMatchObject(NO_BRANCH);
    await expect(sqlOn({ ...login, user: 'streams.other' })('select')).rejects.toMatchObject(unknownBranch('other'));
    await expect(sqlOn({ ...login, tls: { verify: 'off' } })('select')).rejects.toMatchObject(SSL_REQUIRED);
    await expect(sqlOn({ ...login, password: 'another' })('select')).rejects.toMatchObject({ code: INVALID_PASSWORD });
  });

  it('can be shut and opened, and ends every connection on request', async () => {
    edge.shut();
    await expect(sqlOn(login)('select')).rejects.toMatchObject(noPrimary('nk35mx55qq'));
    edge.shut(NO_UPSTREAM);
    await expect(sqlOn(login)('select')).rejects.toMatchObject(NO_UPSTREAM);
    edge.open();
    const sleeping = sqlOn(login)('select pg_sleep(3600)');
    const lost = expect(sleeping).rejects.toThrow('Connection terminated unexpectedly');
    const asleep = () => sqlOn(target.server.superuser())(`select from pg_stat_activity where query ~ '^select pg_sleep'`);
    await expect.poll(asleep).toHaveLength(1);
    edge.endConnections();
    await lost;
    expect(await sqlOn(login)('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it.each(SOURCES)('is subscribed to by version %i as strictly as its libpq can', async (version) => {
    const source = sources.get(version) as Server;
    const trial = (more: Record<string, string>, as = login) => subscribing(source, as, more);
    expect(await trial({ sslmode: 'require' })).toBeUndefined();
    expect(await trial({ sslmode: 'require' }, { ...login, user: 'streams' })).toContain(NO_BRANCH.message);
    expect(await trial({ sslmode: 'disable' })).toContain(SSL_REQUIRED.message);
    const bound = await trial({ sslmode: 'require', channel_binding: 'require' });
    if (version < 13) expect(bound).toContain('invalid connection option "channel_binding"');
    else if (channelBinding) expect(bound).toBeUndefined();
    else expect(bound).toContain('channel binding');
    const verified = await trial({ sslmode: 'verify-full', sslrootcert: 'system' });
    if (version < 16) expect(verified).toContain('root certificate file "system" does not exist');
    else expect(verified).toBeUndefined();
  });
});

it('the stand-in for the edge is refused by clients that verify without its authority (#10)', async () => {
  const [server, source] = await Promise.all([
    Server.start({ version: 18, clusterRole: 'target', hba: hbaBehindEdge }),
    Server.start({ version: 17, clusterRole: 'source' }),
  ]);
  const edge = await Edge.start(server, { certificate: await newCertificate(await newAuthority('Another authority')) });
  try {
    const login = edge.login('nobody', PASSWORD, 'postgres');
    expect(await subscribing(source, login, { sslmode: 'verify-full', sslrootcert: 'system' })).toContain('certificate verify failed');
    await expect(sqlOn({ ...login, tls: { verify: 'full', authorities: server.authority } })('select')).rejects.toThrow(/certificate/);
  } finally {
    edge.destroy();
    server.destroy();
    source.destroy();
  }
});

it('the stand-in for the edge is the only access, but for the superuser of tests (#10)', async () => {
  const target = await startTarget(18);
  try {
    const past = { ...applicationLogin(target.server, 'postgres') };
    await expect(sqlOn(past)('select')).rejects.toMatchObject({
      code: INVALID_AUTHORIZATION_SPECIFICATION,
      message: expect.stringContaining('no pg_hba.conf entry'),
    });
    expect(await sqlOn(target.server.superuser())('select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    target.edge?.destroy();
    target.server.destroy();
  }
});
