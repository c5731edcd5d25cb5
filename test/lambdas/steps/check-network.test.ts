/** Both ways between the servers, tried from where they will be taken; and that nothing is left of it. */
import { createServer, type Server as Listener, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CannotConnect, TransientError } from '../../../lambdas/config/errors.ts';
import { EMPTY_PUBLICATION, REPLICATION_ROLE, trialRole } from '../../../lambdas/config/names.ts';
import { networkTrial } from '../../../lambdas/state/network-trial.sql.ts';
import { freePort } from '../../../rehearsal/servers/free-port.ts';
import { FOLLOWED, follow } from '../../support/following.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { published, type SharedServers, sharedServers } from '../../support/replicated.ts';
import { REPLICATION_PASSWORD, startWorld, type World } from '../../support/world.ts';

/** Everything that a trial makes and has to take away again. */
async function traces(world: World): Promise<unknown> {
  const look = async (sql: World['source']) => ({
    subscriptions: await sql('select subname from pg_subscription order by 1'),
    slots: await sql('select slot_name from pg_replication_slots order by 1'),
    publications: await sql('select pubname from pg_publication order by 1'),
    origins: await sql('select roname from pg_replication_origin order by 1'),
    roles: await sql('select rolname, rolreplication, rolcanlogin from pg_roles order by 1'),
    settings: await sql('select count(*)::int from pg_db_role_setting'),
    access: await sql(
      `select array(select a::text from unnest(coalesce(datacl, acldefault('d', datdba))) as a order by 1) as acl from pg_database where datname = current_database()`,
    ),
    sessions: await sql(
      `select application_name from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    ),
  });
  return { source: await look(world.source), target: await look(world.target) };
}

const recorded = async (world: World) => {
  const [there] = await world.target(`select to_regclass('planetscale_migration.network_trial') is not null as exists`);
  return there?.exists ? world.target(networkTrial('test').text, ['test']) : [];
};

/** Changes of the routes that a step finds. */
interface Routes {
  readonly toSource?: object;
  readonly toTarget?: object;
}

async function visitOver(world: World, routes: Routes, options: Parameters<World['visit']>[1] = {}): Promise<unknown> {
  const { replication, wayBack } = world.places;
  Object.assign(world.places, { replication: { ...replication, ...routes.toSource }, wayBack: { ...wayBack, ...routes.toTarget } });
  try {
    return (await world.visit('CheckNetwork', options)).evidence;
  } finally {
    Object.assign(world.places, { replication, wayBack });
  }
}

/** Takes connections, and does with each what the test says. */
async function answering(receive: (socket: Socket) => void): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const listener: Listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    receive(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
const silent = () => answering(() => {});
const hangingUp = () => answering((socket) => socket.destroy());

describe('CheckNetwork', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers();
  });
  afterAll(() => servers?.destroy());

  describeLifecycle('CheckNetwork', { world: () => servers.published(), effect: recorded });
});

describe.each([11, 13, 15, 17, 18] as const)('CheckNetwork on version %i', (source) => {
  let world: World;
  beforeAll(async () => {
    world = await published({ source, target: source < 15 ? 17 : 18 });
  });
  afterAll(() => world?.destroy());

  it('connects both ways with the real connection strings, and leaves nothing', async () => {
    const before = await traces(world);
    const { evidence } = await world.until('CheckNetwork');
    expect(evidence).toEqual({
      targetToSource: {
        found: 'connected',
        to: expect.stringContaining(`:${world.places.source.port}`),
        encryption: 'TLS, channel binding',
      },
      sourceToTarget: {
        found: 'connected',
        to: expect.stringContaining(`:${world.places.target.port}`),
        encryption: source >= 16 ? 'TLS, certificate verified' : 'TLS',
      },
    });
    expect(await traces(world)).toEqual(before);
  });

  it('says each refusal in the words of the server, and leaves nothing', async () => {
    const before = await traces(world);
    const port = await freePort();
    const refused = { toSource: { port }, toTarget: { port } };
    await expect(visitOver(world, { toSource: refused.toSource }, { execution: 'refused' })).rejects.toThrow(
      expect.objectContaining({
        name: 'CannotConnect',
        message: expect.stringMatching(
          new RegExp(`^The target cannot connect to the source at .*:${port} as .*refused.*nothing was copied.*Nothing listens`),
        ),
      }),
    );
    await expect(visitOver(world, { toTarget: refused.toTarget }, { execution: 'refused' })).rejects.toThrow(
      expect.objectContaining({
        name: 'CannotConnect',
        message: expect.stringMatching(
          new RegExp(`^The source cannot connect to the target at .*:${port} as .*refused.*Nothing listens.*"reverse": false`),
        ),
      }),
    );
    expect(await traces(world)).toEqual(before);
  });
});

describe('CheckNetwork over ways that lead nowhere', () => {
  let world: World;
  let before: unknown;
  beforeAll(async () => {
    world = await published();
    before = await traces(world);
  });
  afterAll(() => world?.destroy());

  let executions = 0;
  const found = async (routes: Routes, options: Parameters<World['visit']>[1] = {}): Promise<Error> => {
    executions += 1;
    const error = await visitOver(world, routes, { execution: `test ${executions}`, ...options }).then(
      (evidence) => new Error(`It passed: ${JSON.stringify(evidence)}`),
      (refusal: Error) => refusal,
    );
    expect(error.message).not.toContain('canary');
    expect(await traces(world)).toEqual(before);
    return error;
  };

  it.each(['toSource', 'toTarget'] as const)('gives up where packets are dropped (%s)', async (way) => {
    const hole = await silent();
    const error = await found({ [way]: { port: hole.port } }, { budgetMs: 24_000 });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/no answer within the time limit.*Packets are dropped on the way/);
    hole.close();
  });

  it.each(['toSource', 'toTarget'] as const)('names a host that does not resolve (%s)', async (way) => {
    const error = await found({ [way]: { host: 'no-such-host.invalid' } });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/no-such-host\.invalid.*could not translate host name.*resolve/);
  });

  it('tells of something that hangs up', async () => {
    const proxy = await hangingUp();
    const error = await found({ toSource: { port: proxy.port } });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/hangs up before the server does/);
    proxy.close();
  });

  it('finds a source that refuses TLS', async () => {
    const plain = await answering((socket) => {
      socket.once('data', () => socket.write('N'));
    });
    const error = await found({ toSource: { port: plain.port } });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/does not support SSL.*subscriptionSslmode/);
    plain.close();
  });

  it('finds a password that the source does not take, and shows none', async () => {
    const error = await found({ toSource: { password: async () => `${REPLICATION_PASSWORD} wrong` } });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/password authentication failed for user "planetscale_migration_replication".*another server answers/);
  });

  it('finds a proxy that ends TLS, by the channel binding', async () => {
    // PlanetScale's edge offers none here, as any proxy that ends TLS does.
    const { host, port } = world.places.target;
    const error = await found({ toSource: { host, port, user: `${REPLICATION_ROLE}.${world.pair.edge.branch}` } });
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/channel binding.*ends TLS/);
  });

  it('finds that nobody vouches for the certificate of the source', async () => {
    const error = await found({ toSource: { sslmode: 'verify-full', host: 'localhost' } });
    expect(error.message).toMatch(/certificate.*subscriptionSslmode=require/);
  });

  it('waits for an edge that is shut', async () => {
    world.pair.edge.shut(undefined, (role) => role === trialRole(world.database.target.database));
    const error = await found({}).finally(() => world.pair.edge.open());
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/^The source cannot connect to the target.*no primary available.*It is tried again\.$/);
  });

  it('tells of a target secret without the branch', async () => {
    world.pair.edge.shut({ code: '28000', message: 'branch gone does not exist' }, (role) =>
      role.startsWith('planetscale_migration_trial'),
    );
    const error = await found({}).finally(() => world.pair.edge.open());
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).toMatch(/branch gone does not exist.*<role>\.<branch id>/);
  });

  it('does not try a way back that is not wanted', async () => {
    const port = await freePort();
    const evidence = await visitOver(world, { toTarget: { port } }, { execution: 'one way', input: { reverse: false } });
    expect(evidence).toMatchObject({ targetToSource: { found: 'connected' }, sourceToTarget: { found: 'not wanted' } });
    expect(await traces(world)).toEqual(before);
  });

  it('takes away what an interrupted trial has left', async () => {
    await world.asTargetRole(`create publication ${EMPTY_PUBLICATION}`);
    await world.asSourceRole(`create publication ${EMPTY_PUBLICATION}`);
    await world.target(`create role ${trialRole(world.database.target.database)} login replication`);
    await world.target(`grant ${trialRole(world.database.target.database)} to postgres with admin option`);
    await world.until('CheckNetwork', { execution: 'after a crash' });
    expect(await traces(world)).toEqual(before);
  });

  it('writes no password into the log of either server', async () => {
    await world.until('CheckNetwork', { execution: 'for the log' });
    for (const server of [world.pair.source, world.pair.target]) {
      expect(server.log).not.toContain('canary');
      expect(server.log).not.toMatch(/create subscription|password=/);
    }
  });
});

describe('CheckNetwork beside streams that flow', () => {
  it('takes a stream that reads for what it is', async () => {
    const world = await follow(await startWorld(FOLLOWED));
    await world.until('CheckNetwork');
    const { evidence } = await world.until('CheckNetwork', { execution: 'again' });
    expect(evidence).toMatchObject({ targetToSource: { found: 'streams' }, sourceToTarget: { found: 'connected' } });
    await world.destroy();
  });

  it('says that it could not tell where the source is not let subscribe', async () => {
    const world = await published({ source: 17, plainSource: 'createdb createrole replication bypassrls' });
    const { evidence } = await world.until('CheckNetwork');
    expect(evidence).toMatchObject({
      targetToSource: { found: 'connected' },
      sourceToTarget: { found: 'could not tell', why: expect.stringContaining('permission denied to create subscription') },
    });
    await world.destroy();
  });

  it('binds the channel where the edge offers it', async () => {
    const world = await published({ source: 15, edge: { channelBinding: true } });
    const { evidence } = await world.until('CheckNetwork');
    expect(evidence).toMatchObject({ sourceToTarget: { found: 'connected', encryption: 'TLS, channel binding' } });
    await world.destroy();
  });
});
