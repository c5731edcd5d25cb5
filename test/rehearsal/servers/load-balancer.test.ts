import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { followWriter } from '../../../lambdas/cluster/follow-writer.ts';
import { addressOf, LoadBalancer } from '../../../rehearsal/servers/load-balancer.ts';
import { eventually } from '../../support/replicated.ts';

/** Says its name to whoever connects. */
async function listener(name: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What answers behind the load balancer; empty where the connection ends. */
async function answerOf({ port }: LoadBalancer): Promise<{ readonly words: string; readonly socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const words = await Promise.race([once(socket, 'data').then(([data]) => String(data)), once(socket, 'close').then(() => '')]);
  return { words, socket };
}

describe('the load balancer of the rehearsal', () => {
  const open: { destroy(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.destroy();
  });

  it('leads where it was pointed, until it is pointed elsewhere, whatever the name says by then', async () => {
    const [old, next] = await Promise.all([listener('old'), listener('next')]);
    let writer = addressOf(old);
    const balancer = await LoadBalancer.start(() => writer);
    open.push(balancer);
    expect((await answerOf(balancer)).words).toBe('');

    await expect(followWriter(balancer)).resolves.toMatchObject({ registered: [addressOf(old)], isSettled: true });
    const before = await answerOf(balancer);
    expect(before.words).toBe('old');

    writer = addressOf(next);
    expect((await answerOf(balancer)).words).toBe('old');
    const ended = once(before.socket, 'close');
    await expect(followWriter(balancer)).resolves.toMatchObject({ registered: [addressOf(next)], deregistered: [addressOf(old)] });
    await ended;
    expect((await answerOf(balancer)).words).toBe('next');
    await Promise.all([old.close(), next.close()]);
  });

  it('finds by connecting which targets answer, and goes past those that do not', async () => {
    const [gone, there] = await Promise.all([listener('gone'), listener('there')]);
    const balancer = await LoadBalancer.start(() => addressOf(there));
    open.push(balancer);
    await balancer.register(addressOf(gone));
    await balancer.register(addressOf(there));
    await gone.close();
    await eventually(async () => (await balancer.targets()).some(({ state }) => state === 'unhealthy'));
    expect(await balancer.targets()).toEqual([
      { address: addressOf(gone), state: 'unhealthy' },
      { address: addressOf(there), state: 'healthy' },
    ]);
    expect((await answerOf(balancer)).words).toBe('there');
    await there.close();
  });
});
