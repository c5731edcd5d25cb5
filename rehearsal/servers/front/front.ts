/**
 * A proxy before a server, as a provider has: it terminates TLS, examines the login, and forwards the messages. Behind it the
 * connection is unencrypted unless `verifiedBy` is given, and never leaves 127.0.0.1. Its {@link Manner} says which provider it simulates.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../certificates.ts';
import { reach } from './hop.ts';
import { Framer, fatal, type Message, openingOf, type Refusal, type Startup, startupMessage } from './wire.ts';

const HOST = '127.0.0.1';
/**
 * As large as those of a PostgreSQL server get. A server that subscribes waits for the socket, and its libpq takes no more than this out of one
 * record at a time: what is left of a larger one is in no socket any more, and a copy would wait for its end for ever.
 */
const LARGEST_RECORD = 8_192;

/** Rules for logins, user names and messages. */
export interface Manner {
  /** @returns parameters to hand on in place of what the client said of itself, or why it is rejected */
  admit(parameters: ReadonlyMap<string, string>, encrypted: boolean): ReadonlyMap<string, string> | Refusal;
  /** For a client that was let in: what is passed on in place of each of its messages. @default - everything as it is */
  listen?(parameters: ReadonlyMap<string, string>): (message: Message) => Buffer;
  /** The error where the server behind does not answer. @default - none; the connection ends */
  readonly unreachable?: Refusal;
}

/** The server behind. */
export interface Behind {
  readonly port: number;
  /**
   * PEM of the authority that the server is verified against. Where the server shows the certificate that the front shows, what a client binds
   * its password to is what the server expects, and SCRAM with channel binding works through the front.
   * @default - the connection to it has no TLS
   */
  readonly verifiedBy?: string;
}

export class Front {
  readonly certificate: ServerCertificate;
  readonly #context: SecureContext;
  readonly #behind: Behind;
  readonly #manner: Manner;
  readonly #listener = createServer((client) => void this.#receive(client));
  readonly #sockets = new Set<Socket>();

  private constructor(behind: Behind, certificate: ServerCertificate, manner: Manner) {
    this.#behind = behind;
    this.#manner = manner;
    this.certificate = certificate;
    this.#context = createSecureContext({ cert: certificate.certificate, key: certificate.key });
  }

  /** On a free port of 127.0.0.1. It goes with the process, or with {@link destroy}. */
  static async start(behind: Behind, certificate: ServerCertificate, manner: Manner): Promise<Front> {
    const front = new Front(behind, certificate, manner);
    front.#listener.listen(0, HOST);
    await once(front.#listener, 'listening');
    front.#listener.unref();
    return front;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Ends every connection at once, as a network failure does. New ones are accepted. */
  endConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends every connection, and accepts no more. Safe to call twice. */
  destroy(): void {
    this.#listener.close();
    this.endConnections();
  }

  async #receive(client: Socket): Promise<void> {
    this.#keep(client);
    try {
      const first = await firstMessage(client);
      if (first) await this.#welcome(client, first);
    } catch {
      client.destroy();
    }
  }

  async #welcome(client: Socket, message: Message): Promise<void> {
    const opening = openingOf(message);
    if (opening.kind === 'gss' || (opening.kind === 'tls' && client instanceof TLSSocket)) {
      client.write('N');
      const next = await firstMessage(client);
      return next && this.#welcome(client, next);
    }
    if (opening.kind === 'tls') {
      client.write('S');
      const secure = this.#keep(new TLSSocket(client, { isServer: true, secureContext: this.#context }));
      secure.setMaxSendFragment(LARGEST_RECORD);
      const next = await firstMessage(secure);
      return next && this.#welcome(secure, next);
    }
    if (opening.kind !== 'startup') return void (await this.#reach())?.end(message.bytes);
    await this.#admit(client, opening);
  }

  async #admit(client: Socket, { version, parameters }: Startup): Promise<void> {
    const admitted = this.#manner.admit(parameters, client instanceof TLSSocket);
    if ('code' in admitted) return void client.end(fatal(admitted));
    const server = await this.#reach();
    if (!server) return void client.end(this.#manner.unreachable ? fatal(this.#manner.unreachable) : '');
    // Where one side disconnects the other is disconnected, after what was sent before has arrived.
    client.once('close', () => cutOff(server));
    server.once('close', () => client.writableEnded || client.destroy());
    if (client.destroyed) return void server.destroy();
    server.write(startupMessage(version, admitted));
    server.pipe(client);
    const listener = this.#manner.listen?.(admitted);
    if (!listener) return void client.pipe(server);
    const framer = new Framer('client that was let in');
    client.on('data', (chunk: Buffer) => {
      const received = [...framer.push(chunk)].map(listener);
      if (received.length > 0 && !server.write(Buffer.concat(received))) {
        client.pause();
        server.once('drain', () => client.resume());
      }
    });
    client.once('end', () => server.end());
    client.resume();
  }

  async #reach(): Promise<Socket | undefined> {
    const { port, verifiedBy } = this.#behind;
    try {
      return await reach({ host: HOST, port, ...(verifiedBy !== undefined && { authority: verifiedBy }) }, (socket) => this.#keep(socket));
    } catch {
      return undefined;
    }
  }

  #keep<Kept extends Socket>(socket: Kept): Kept {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // `close` follows
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

/** A server that has heard of the end may finish what it does, but what it still sends reaches nobody: as a network would, that cuts it off. */
function cutOff(server: Socket): void {
  if (!server.writableEnded) return void server.destroy();
  server.on('data', () => server.writableFinished && server.destroy());
  server.resume();
}

/**
 * The first message of a client, which says nothing further before it is answered.
 * @returns undefined where the client disconnects, or goes on without waiting: what follows could come from an attacker in the middle
 */
async function firstMessage(client: Socket): Promise<Message | undefined> {
  let received: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const done = (message?: Message) => {
      client.off('data', onData);
      client.off('close', gone);
      client.pause();
      resolve(message);
    };
    const gone = () => done();
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const [message] = new Framer('client').push(received);
      if (!message) return;
      const isAlone = message.bytes.length === received.length;
      if (!isAlone) client.destroy();
      done(isAlone ? message : undefined);
    };
    client.once('close', gone);
    client.on('data', onData);
    client.resume();
  });
}
