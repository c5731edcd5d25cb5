/**
 * A load balancer before the source, as a network load balancer is: it takes TCP connections on one address and passes each on, as it is, to a
 * target that answers; which targets there are is registered. Where a target is deregistered, its connections end.
 *
 * On one machine the addresses of servers differ by their ports, so an address is written `127.0.0.1:54321` here.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Entrance, EntranceTarget } from '../../lambdas/ports/entrance.ts';

const HOST = '127.0.0.1';
const BETWEEN_CHECKS_MS = 500;

/** Where servers are, as {@link LoadBalancer} writes it. */
export const addressOf = ({ port }: { readonly port: number }): string => `${HOST}:${port}`;

interface Target {
  state: 'initial' | 'healthy' | 'unhealthy';
  readonly sockets: Set<Socket>;
}

export class LoadBalancer implements Entrance {
  readonly host = HOST;
  readonly #writer: () => string;
  readonly #targets = new Map<string, Target>();
  readonly #clients = new Set<Socket>();
  readonly #listener = createServer((client) => this.#passOn(client));
  readonly #checks = setInterval(() => this.#checkAll(), BETWEEN_CHECKS_MS).unref();

  private constructor(writer: () => string) {
    this.#writer = writer;
  }

  /** On a free port of 127.0.0.1. It goes with the process, or with {@link destroy}. @param writer what the writer's name leads to at the moment */
  static async start(writer: () => string): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(writer);
    balancer.#listener.listen(0, HOST);
    await once(balancer.#listener, 'listening');
    balancer.#listener.unref();
    return balancer;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  async addresses(): Promise<readonly string[]> {
    return [this.#writer()];
  }

  async targets(): Promise<readonly EntranceTarget[]> {
    return [...this.#targets].map(([address, { state }]) => ({ address, state }));
  }

  async register(address: string): Promise<void> {
    if (this.#targets.has(address)) return;
    this.#targets.set(address, { state: 'initial', sockets: new Set() });
    await this.#check(address);
  }

  async deregister(address: string): Promise<void> {
    const target = this.#targets.get(address);
    this.#targets.delete(address);
    for (const socket of target?.sockets ?? []) socket.destroy();
  }

  /** Ends every connection, and accepts no more. Safe to call twice. */
  destroy(): void {
    clearInterval(this.#checks);
    this.#listener.close();
    for (const client of this.#clients) client.destroy();
  }

  /** Where no target is healthy all are tried, as AWS does; where there is none, or it does not answer, the connection ends. */
  #passOn(client: Socket): void {
    this.#clients.add(client);
    client.setNoDelay(true);
    client.on('error', () => {}); // `close` follows
    client.once('close', () => this.#clients.delete(client));
    const healthy = [...this.#targets].filter(([, { state }]) => state === 'healthy');
    const [address, target] = (healthy.length > 0 ? healthy : [...this.#targets])[0] ?? [];
    if (address === undefined || !target) return void client.destroy();
    const server = connectTo(address);
    target.sockets.add(server);
    server.once('close', () => {
      target.sockets.delete(server);
      client.destroy();
    });
    client.once('close', () => server.destroy());
    client.pipe(server);
    server.pipe(client);
  }

  #checkAll(): void {
    for (const address of this.#targets.keys()) void this.#check(address);
  }

  /** By connecting. */
  async #check(address: string): Promise<void> {
    const socket = connectTo(address);
    const answers = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    const target = this.#targets.get(address);
    if (target) target.state = answers ? 'healthy' : 'unhealthy';
  }
}

function connectTo(address: string): Socket {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  socket.unref();
  socket.setNoDelay(true);
  socket.on('error', () => {}); // `close` follows
  return socket;
}
