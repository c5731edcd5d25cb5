/** A session of the provider's own, as RDS keeps them on every cluster: of the bootstrap superuser, idle, and back again after every restart. */
import type { Socket } from 'node:net';
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';

const PAUSE_MS = 200;

/** @param settings at the time @returns a function that ends it for good; it ends with the process as well */
export function keepPlatformSession(settings: () => ConnectionSettings): () => void {
  let ended = false;
  let current: pg.Client | undefined;
  const comeBack = () => {
    if (!ended) setTimeout(() => void begin(), PAUSE_MS).unref();
  };
  const begin = async () => {
    if (ended) return;
    const client = new pg.Client({ ...clientConfig(settings(), ''), keepAlive: false });
    current = client;
    client.on('error', () => {});
    client.once('end', comeBack);
    try {
      await client.connect();
      (client.connection.stream as Socket).unref();
    } catch {
      // `end` follows where there was a connection; where there was none, nothing does.
      client.removeListener('end', comeBack);
      comeBack();
    }
  };
  void begin();
  return () => {
    ended = true;
    current?.connection.stream.destroy();
  };
}
