/** SQL as the platform, which is a superuser, on the server behind a stand-in of PlanetScale's API. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { Server } from '../servers/server.ts';

/** One statement; its rows. */
export type Sql = (text: string) => Promise<Record<string, unknown>[]>;

/** In a session of its own, which no switchover may cut off: the caller sees to that. */
export const platformSql =
  (server: Pick<Server, 'superuser'>, database = 'postgres'): Sql =>
  async (text) => {
    const client = new pg.Client(clientConfig(server.superuser(database), 'platform'));
    client.on('error', () => {});
    await client.connect();
    try {
      const result = (await client.query(text)) as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
    } finally {
      await client.end();
    }
  };
