/**
 * An application that does not listen: it never asks its secret, overrides whatever the database has by default, and comes back at once
 * whenever it is sent away.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { INSUFFICIENT_PRIVILEGE, READ_ONLY_SQL_TRANSACTION } from '../../lambdas/postgres/sqlstates.ts';

export const INSIST = '-c default_transaction_read_only=off';
/** The server lets it in, and goes on with its login only a second later, when a fence may have been raised meanwhile. */
const DAWDLE = `${INSIST} -c post_auth_delay=1`;
const LOGINS = [INSIST, INSIST, DAWDLE, DAWDLE, DAWDLE];

export interface Straggler {
  /** Tokens of the rows that the server said were committed. */
  readonly acknowledged: readonly string[];
  /** Times that it was refused or sent away. */
  readonly refused: number;
  stop(): Promise<void>;
}

/** @param login where it writes, for ever */
export function startStraggler(login: ConnectionSettings): Straggler {
  const run = randomBytes(4).toString('hex');
  const acknowledged: string[] = [];
  let refused = 0;
  let stopped = false;

  const insist = async (options: string, session: number): Promise<void> => {
    for (let number = 1; !stopped; ) {
      const client = new pg.Client({ ...clientConfig(login, 'straggler'), options });
      client.on('error', () => {}); // shows at the next query
      try {
        await client.connect();
        while (!stopped) {
          const token = `straggler-${run}-${session}-${number}`;
          number += 1;
          await client.query('begin read write');
          await client.query('insert into rehearsal_workload.entry (request_id) values ($1)', [token]);
          await client.query('commit');
          acknowledged.push(token);
        }
        await client.end();
      } catch {
        refused += 1;
        client.connection.stream.destroy();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  const sessions = LOGINS.map(insist);
  return {
    acknowledged,
    get refused() {
      return refused;
    },
    async stop() {
      stopped = true;
      await Promise.all(sessions);
    },
  };
}

/** Whether a write in this role goes through, asked politely or not; leaves nothing behind. */
export async function acceptsWrites(login: ConnectionSettings, politely: boolean): Promise<boolean> {
  const client = new pg.Client({ ...clientConfig(login, 'attempt'), ...(politely ? {} : { options: INSIST }) });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(politely ? 'begin' : 'begin read write');
    await client.query(`insert into rehearsal_workload.entry (request_id) values ('attempt')`);
    await client.query('rollback');
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && REFUSALS.has(error.code ?? '')) return false;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
const REFUSALS = new Set([
  INSUFFICIENT_PRIVILEGE, // without CONNECT
  READ_ONLY_SQL_TRANSACTION,
]);
