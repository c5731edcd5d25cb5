/** Connections of the application to its database: as the secret says at that moment. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { ApplicationSecret } from '../application/secret.ts';

export const APPLICATION_NAME = 'rehearsal application';

/** Identifies a database among those of a rehearsal. */
export const placeOf = ({ host, port, database }: Pick<ConnectionSettings, 'host' | 'port' | 'database'>): string =>
  `${host}:${port}/${database}`;

export interface Reached {
  readonly client: pg.Client;
  /** As {@link placeOf} names it. */
  readonly place: string;
}

/** The login failed; `cause` says why. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** @throws NotConnected */
export async function connect(secret: ApplicationSecret): Promise<Reached> {
  const settings = await secret.read();
  const client = new pg.Client(clientConfig(settings, APPLICATION_NAME));
  client.on('error', () => {}); // shows at the next query
  try {
    await client.connect();
  } catch (cause) {
    client.connection.stream.destroy();
    throw new NotConnected(`${placeOf(settings)} did not let the application in.`, { cause });
  }
  return { client, place: placeOf(settings) };
}

/** Opened when first used and again after each {@link close}, every time as the secret says. */
export class Connection {
  readonly #secret: ApplicationSecret;
  #reached: Reached | undefined;
  constructor(secret: ApplicationSecret) {
    this.#secret = secret;
  }

  async get(): Promise<Reached> {
    this.#reached ??= await connect(this.#secret);
    return this.#reached;
  }

  async close(): Promise<void> {
    const reached = this.#reached;
    this.#reached = undefined;
    await reached?.client.end().catch(() => {});
  }
}
