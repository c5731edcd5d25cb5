/** The rehearsal's own queries on both servers. They share none with the steps, so that no step checks itself. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import { pinSession, type SessionKind } from '../../lambdas/postgres/session-pins.sql.ts';

/** Runs one statement on a side. */
export type Look = <Row>(statement: Statement<Row>) => Promise<Row[]>;

/** Both sides, with every setting alike that changes how values print. */
export interface BothSides {
  readonly source: Look;
  readonly target: Look;
}

/**
 * Version 12 learned to print the shortest text that means the same number; below 1, both old and new servers print 15 digits
 * (https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-EXTRA-FLOAT-DIGITS).
 */
const SHORTEST_FLOATS_FROM = 12;

/** The marker that proves that everything has arrived is written here, too. */
const LOOKING: SessionKind = { mode: 'read write', statement: 0, lock: 0, idleInTransaction: 0 };

const settings = (version: number, oldestVersion: number): string =>
  `${pinSession(version, LOOKING)};\nset extra_float_digits = ${oldestVersion < SHORTEST_FLOATS_FROM ? 0 : 1}`;

/** Opens both, runs the queries, and closes both. */
export async function lookAtBoth<Result>(
  sides: { readonly source: ConnectionSettings; readonly target: ConnectionSettings },
  look: (both: BothSides) => Promise<Result>,
): Promise<Result> {
  const clients: pg.Client[] = [];
  const open = async (side: ConnectionSettings): Promise<pg.Client> => {
    const client = new pg.Client(clientConfig(side, 'rehearsal inventory'));
    client.on('error', () => {}); // shows at the next query
    clients.push(client);
    await client.connect();
    return client;
  };
  try {
    const [source, target] = await Promise.all([open(sides.source), open(sides.target)]);
    const versions = [await versionOf(source), await versionOf(target)] as const;
    const oldest = Math.min(...versions);
    await source.query(settings(versions[0], oldest));
    await target.query(settings(versions[1], oldest));
    return await look({ source: looking(source), target: looking(target) });
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()));
  }
}

const looking =
  (client: pg.Client): Look =>
  async <Row>({ text, values }: Statement<Row>) =>
    (await client.query({ text, values: [...values] })).rows as Row[];

async function versionOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}
