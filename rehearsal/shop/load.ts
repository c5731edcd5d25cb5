/** The sample: a shop with everything awkward in it, loaded by the role that stands for the cluster's master user. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';

/** In order. Data comes before indexes, as a restore would do it, because that is several times as fast. */
const FILES = ['1-types.sql', '2-tables.sql', '3-sequences.sql', '4-data.sql', '5-code.sql', '6-real-life.sql', '7-roles.sql'];

/** @param rows how many rows the largest table gets; all others keep their size */
export async function loadShop(source: ConnectionSettings, rows: number): Promise<void> {
  const client = new pg.Client(clientConfig(source, 'rehearsal sample'));
  await client.connect();
  try {
    await client.query("select set_config('rehearsal.rows', $1::text, false)", [String(rows)]);
    await client.query("set timezone = 'UTC'");
    for (const file of FILES) await client.query(readFileSync(new URL(file, import.meta.url), 'utf8'));
  } finally {
    await client.end();
  }
}
