/** The process of a link: `process.ts <port of the server> <bytes a second> <milliseconds of a round trip>`. Tells its own port to its parent. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const HOST = '127.0.0.1';
const [port = 0, bytesASecond = 0, roundTripMs = 0] = process.argv.slice(2).map(Number);
/** Timers are not more exact than a millisecond: what is due earlier than that passes at once. */
const EXACT_MS = 2;
/** On its way at a time in one direction, beside what the sockets hold. */
const MOST_UNDER_WAY = 4 * 1024 ** 2;

async function pass(from: Socket, to: Socket): Promise<void> {
  let free = performance.now();
  let underWay = 0;
  let last: Promise<void> = Promise.resolve();
  const deliver = async (before: Promise<void>, chunk: Buffer, at: number): Promise<void> => {
    await before;
    const early = at - performance.now();
    if (early > EXACT_MS / 2) await sleep(early);
    if (!to.destroyed && !to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    underWay -= chunk.length;
  };
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const now = performance.now();
      free = Math.max(free, now) + (bytesASecond > 0 ? (1_000 * chunk.length) / bytesASecond : 0);
      underWay += chunk.length;
      last = deliver(last, chunk, free + roundTripMs / 2);
      if (free - now > EXACT_MS) await sleep(free - now);
      if (underWay > MOST_UNDER_WAY) await last;
    }
    await last;
    to.end();
  } catch {
    to.destroy();
  }
}

const listener = createServer({ noDelay: true }, (client) => {
  const server = connect({ port, host: HOST, noDelay: true });
  for (const socket of [client, server]) socket.on('error', () => {}); // shows where the socket is read
  void pass(client, server);
  void pass(server, client);
});
listener.listen(0, HOST, () => process.send?.((listener.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
