/** The rehearsal's own look at both servers. It shares no query with the steps, so that a step cannot vouch for itself. */
import pg from 'pg';
import { type ConnectionSettings, clientConfig } from '../../../lambdas/adapters/connection-settings.ts';
import type { Statement } from '../../../lambdas/contract.ts';

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

const settings = (oldestVersion: number): string => `
set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
set xmloption = 'content'; set lc_monetary = 'C'; set row_security = off; set statement_timeout = 0;
set extra_float_digits = ${oldestVersion < SHORTEST_FLOATS_FROM ? 0 : 1}`;

/** Opens both, looks, and closes both. */
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
    const oldest = Math.min(await versionOf(source), await versionOf(target));
    for (const client of [source, target]) await client.query(settings(oldest));
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
