/**
 * Stands between the functions and one server, on 127.0.0.1, and lets a test act on what goes over the wire: when a certain statement is
 * about to reach the server, or when its answer is about to reach the client. Never by time. The client's side is unencrypted, the
 * server's is TLS, as the embedded servers ask for.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { reach } from '../../rehearsal/servers/front/hop.ts';
import { Framer, type Message } from '../../rehearsal/servers/front/wire.ts';
import { Conversation, type Exchange } from './wire.ts';

const HOST = '127.0.0.1';

/** `request`: the server has not seen the statement. `answer`: it has carried it out, and the client does not know. */
export type Moment = 'request' | 'answer';
export type Action = (exchange: Exchange) => Promise<void> | void;

/** Something that is to happen once. */
export interface Trigger {
  readonly fired: boolean;
  /** Resolves when the action has ended, and rejects if it failed; never settles where the statement does not come. */
  readonly done: Promise<void>;
}

interface Armed {
  readonly matching: RegExp;
  readonly at: Moment;
  fire(exchange: Exchange): Promise<void>;
}

export class WireProxy {
  readonly #to: ConnectionSettings;
  readonly #listener = createServer((client) => void this.#accept(client));
  readonly #sockets = new Set<Socket>();
  readonly #armed = new Set<Armed>();
  #severed = false;
  /** Pending while nothing is passed on. */
  #silence: Promise<void> | undefined;
  #endSilence = () => {};
  /** Every statement that a client has sent, in the order of sending. */
  readonly exchanges: Exchange[] = [];

  private constructor(to: ConnectionSettings) {
    this.#to = to;
  }

  /** @param to how the server behind is reached; only host, port and TLS matter */
  static async start(to: ConnectionSettings): Promise<WireProxy> {
    const proxy = new WireProxy(to);
    proxy.#listener.listen(0, HOST);
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** The same login, through the proxy. */
  login(settings: ConnectionSettings): ConnectionSettings {
    return { ...settings, host: HOST, port: (this.#listener.address() as AddressInfo).port, tls: { verify: 'off' } };
  }

  /**
   * Runs `action` the first time that a statement matches, before its message is passed on: not at all, if the action has severed or
   * silenced the connection. A statement that failed has no `answer`.
   */
  when(matching: RegExp, at: Moment, action: Action): Trigger {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    const trigger = { fired: false, done: promise };
    const armed: Armed = {
      matching,
      at,
      fire: async (exchange) => {
        this.#armed.delete(armed);
        trigger.fired = true;
        await (async () => action(exchange))().then(resolve, reject);
      },
    };
    this.#armed.add(armed);
    return trigger;
  }

  /** Forgets what was to happen and has not. */
  disarm(): void {
    this.#armed.clear();
  }

  /** Breaks every connection, and every new one, until {@link heal}. */
  sever(): void {
    this.#severed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Passes nothing on in either direction, not even that an end has hung up, until {@link heal}. New connections hang. */
  blackhole(): void {
    this.#silence ??= new Promise((resolve) => {
      this.#endSilence = resolve;
    });
  }

  /** What was held back is passed on, as a network would that was away for a while. */
  heal(): void {
    this.#severed = false;
    this.#silence = undefined;
    this.#endSilence();
  }

  async close(): Promise<void> {
    this.sever();
    this.#silence = undefined;
    this.#endSilence();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  async #accept(client: Socket): Promise<void> {
    this.#keep(client);
    if (this.#severed) return void client.destroy();
    const conversation = new Conversation();
    try {
      await this.#silence;
      const server = await this.#reachServer();
      const requests = this.#pump(client, server, new Framer('client'), 'request', (message) => {
        const exchange = conversation.fromClient(message);
        if (exchange) this.exchanges.push(exchange);
        return exchange ? [exchange] : [];
      });
      const answers = this.#pump(server, client, new Framer('server'), 'answer', (message) => conversation.fromServer(message));
      await Promise.all([requests, answers]);
    } catch {
      client.destroy();
    }
  }

  /** Passes messages on until one end hangs up; then the other one is closed, too. */
  async #pump(from: Socket, to: Socket, framer: Framer, at: Moment, understand: (message: Message) => readonly Exchange[]): Promise<void> {
    let passing: Buffer[] = [];
    const passOn = async () => {
      await this.#silence;
      if (to.destroyed)
        from.destroy(); // as a network tells an end that sends on to one that is gone
      else if (passing.length > 0) to.write(Buffer.concat(passing));
      passing = [];
    };
    try {
      for await (const chunk of from) {
        for (const message of framer.push(chunk as Buffer)) {
          const due = this.#due(understand(message), at);
          if (due.length > 0) await passOn();
          for (const fire of due) await fire();
          passing.push(message.bytes);
        }
        await passOn();
      }
      await this.#silence;
      to.end();
    } catch {
      await this.#silence;
      to.destroy();
    }
  }

  #due(exchanges: readonly Exchange[], at: Moment): (() => Promise<void>)[] {
    return exchanges.flatMap((exchange) =>
      [...this.#armed].filter((armed) => armed.at === at && armed.matching.test(exchange.text)).map((armed) => () => armed.fire(exchange)),
    );
  }

  #reachServer(): Promise<Socket> {
    const { host, port, tls } = this.#to;
    if (tls.verify === 'off' || tls.authorities === 'system') throw new Error('The proxy speaks TLS to a server of a test.');
    return reach({ host, port, authority: tls.authorities }, (socket) => this.#keep(socket));
  }

  #keep<Kept extends Socket>(socket: Kept): Kept {
    this.#sockets.add(socket);
    socket.on('error', () => {}); // shows where the socket is read
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
