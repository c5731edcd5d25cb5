/** The connection from a proxy to the server behind it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SSL_REQUEST } from './wire.ts';

export interface Destination {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that the server is verified against. @default - the connection has no TLS */
  readonly authority?: string;
}

/**
 * @param keep is given each socket right when it is made, so that it can be ended before it is connected
 * @throws where the server is away, disconnects, or is not the one that it should be
 */
export async function reach({ host, port, authority }: Destination, keep: <Kept extends Socket>(socket: Kept) => Kept): Promise<Socket> {
  const plain = keep(connect(port, host));
  await happens(plain, 'connect');
  if (authority === undefined) return plain;
  plain.write(SSL_REQUEST);
  const [answer] = (await happens(plain, 'data')) as [Buffer];
  if (answer.toString() !== 'S') throw new Error('The server behind offers no TLS.');
  const secure = keep(connectTls({ socket: plain, host, ca: authority }));
  await happens(secure, 'secureConnect');
  return secure;
}

/** A server that goes down disconnects without an error, and would be waited for for ever. */
function happens(socket: Socket, event: string): Promise<unknown[]> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return once(socket, event, { signal: gone.signal });
}
