import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { Front, type Manner } from '../../../rehearsal/servers/front/front.ts';
import { statementIn, withStatement } from '../../../rehearsal/servers/front/wire.ts';
import { Server } from '../../../rehearsal/servers/server.ts';
import { sqlOn } from '../../support/world.ts';

let server: Server;
const fronts: Front[] = [];

beforeAll(async () => {
  server = await Server.start({ version: 18, clusterRole: 'target', hba: () => 'host all all 127.0.0.1/32 scram-sha-256\n' });
});
afterAll(() => {
  for (const front of fronts) front.destroy();
  server.destroy();
});

async function behind(manner: Manner) {
  const front = await Front.start(server, server.certificate, manner);
  fronts.push(front);
  return { front, login: { ...server.superuser(), port: front.port } };
}

/** Sizes of the TLS records after the letter by which the front agrees to TLS. */
function recordsIn(bytes: Buffer): number[] {
  const sizes: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + (sizes.at(-1) ?? 0)) sizes.push(bytes.readUInt16BE(at + 3));
  return sizes;
}

const letIn: Manner = { admit: (parameters) => parameters };
const REFUSAL = { code: '28000', message: 'not by that name' };

describe('the proxy in front of an embedded server', () => {
  it('ends TLS, and passes data on in both directions, in any amount', async () => {
    const { login } = await behind(letIn);
    const sent = 'y'.repeat(3_000_000);
    const asked = `select repeat('x', 3000000) as long, $1::text as sent, ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    expect(await sqlOn(login)(asked, [sent])).toEqual([{ long: 'x'.repeat(3_000_000), sent, ssl: false }]);
  });

  it('writes no larger records than a server does, as libpq reads no more at a time', async () => {
    const { front, login } = await behind(letIn);
    let answered = Buffer.alloc(0);
    const tap = createServer((client) => {
      const onward = connect(front.port, '127.0.0.1');
      client.pipe(onward).pipe(client);
      onward.on('data', (chunk: Buffer) => {
        answered = Buffer.concat([answered, chunk]);
      });
      for (const socket of [client, onward]) socket.on('error', () => {});
    });
    await once(tap.listen(0, '127.0.0.1'), 'listening');
    await sqlOn({ ...login, port: (tap.address() as AddressInfo).port })(`select repeat('x', 1000000)`);
    tap.close();
    expect(Math.max(...recordsIn(answered.subarray(1)))).toBeLessThan(8_192 + 256);
    expect(Math.max(...recordsIn(answered.subarray(1)))).toBeGreaterThan(4_096);
  });

  it('logs a client in under another name, and refuses others with its own code and message', async () => {
    const { login } = await behind({
      admit: (parameters) => (parameters.get('user') === 'me.branch' ? new Map(parameters).set('user', login.user) : REFUSAL),
    });
    expect(await sqlOn({ ...login, user: 'me.branch' })('select session_user::text')).toEqual([{ session_user: login.user }]);
    await expect(sqlOn(login)('select')).rejects.toMatchObject(REFUSAL);
  });

  it('reports clients without TLS', async () => {
    const { login } = await behind({ admit: (parameters, encrypted) => (encrypted ? parameters : REFUSAL) });
    await expect(sqlOn({ ...login, tls: { verify: 'off' } })('select')).rejects.toMatchObject(REFUSAL);
  });

  it('replaces a statement, simple or prepared', async () => {
    const { login } = await behind({
      ...letIn,
      listen: () => (message) => {
        const text = statementIn(message);
        return text?.includes('sesame') ? withStatement(message, text.replace('sesame', '42')) : message.bytes;
      },
    });
    expect(await sqlOn(login)('select sesame as open')).toEqual([{ open: 42 }]);
    expect(await sqlOn(login)('select sesame + $1::int as open', [1])).toEqual([{ open: 43 }]);
  });

  it('passes cancel requests on, and ends the sessions of clients that disconnect', async () => {
    const { login } = await behind(letIn);
    const client = new pg.Client(clientConfig(login, 'left alone'));
    client.on('error', () => {});
    await client.connect();
    client.connection.stream.destroy();
    const left = `select count(*)::int from pg_stat_activity where application_name = 'left alone'`;
    await expect.poll(() => sqlOn(server.superuser())(left)).toEqual([{ count: 0 }]);
  });

  it('ends the connection of a client whose server closes before it has answered', async () => {
    const goingDown = createServer((socket) => socket.once('data', () => socket.end()));
    await once(goingDown.listen(0, '127.0.0.1'), 'listening');
    const { port } = goingDown.address() as AddressInfo;
    const front = await Front.start({ port, verifiedBy: server.authority }, server.certificate, { ...letIn, unreachable: REFUSAL });
    fronts.push(front);
    await expect(sqlOn({ ...server.superuser(), port: front.port })('select')).rejects.toMatchObject(REFUSAL);
    goingDown.close();
  });

  it('ends every connection on request, and reports an unreachable server', async () => {
    const { front, login } = await behind({ ...letIn, unreachable: { code: '08006', message: 'away' } });
    const client = new pg.Client(clientConfig(login, 'cut off'));
    const lost = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    front.endConnections();
    await lost;
    expect(await sqlOn(login)('select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    await expect(sqlOn(login)('select')).rejects.toMatchObject({ code: '08006', message: 'away' });
    await server.resume();
  });
});
