/**
 * Cost of tables that hold nothing, or one row each, by both ways of the copy, with near servers and with far ones.
 * `npm run bench:many-tables -- --tables 10000 --rows 0,1 --ways parts,stream --round-trip-ms 0,20 --copy-workers 4`
 *
 * Prints the seconds of each state that has to do with the copy. Nothing but the ratios within one run says much.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { identifier } from '../lambdas/postgres/quote.ts';
import { asSuperuser, SOURCE_ROLE, startSource, startTarget } from '../rehearsal/servers/pair.ts';
import type { Parameters } from '../rehearsal/servers/server.ts';
import { startLink } from './link.ts';
import { replicate, tidyUp } from './replicate.ts';
import { serverVersion } from './server-version.ts';

const PARAMETERS: Parameters = {
  ...{ max_locks_per_transaction: 1024, max_wal_size: '8GB', max_worker_processes: 20, max_connections: 200 },
  ...{ max_logical_replication_workers: 12, max_sync_workers_per_subscription: 4 },
};
const COPYING = ['SeedCopy', 'CopyParts', 'FinishParts', 'BuildKeys', 'CreateSubscription', 'AwaitCopy'];
/** Tables made in one transaction, each of which keeps a handful of locks until its end. */
const MADE_AT_ONCE = 200;

const { values } = parseArgs({
  options: {
    tables: { type: 'string', default: '10000' },
    rows: { type: 'string', default: '0,1' },
    ways: { type: 'string', default: 'parts,stream' },
    'round-trip-ms': { type: 'string', default: '0' },
    'copy-workers': { type: 'string', default: '4' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '17' },
  },
});

const tables = Number(values.tables);

async function fill(settings: ConnectionSettings, rows: number): Promise<void> {
  const client = new pg.Client(clientConfig(settings, 'benchmark'));
  await client.connect();
  try {
    for (let from = 0; from < tables; from += MADE_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(MADE_AT_ONCE, tables - from) }, (_, n) => from + n);
      const filled = rows > 0 ? (n: number) => `insert into t${n} select n, 'row ' || n from generate_series(1, ${rows}) as n;` : () => '';
      await client.query(numbers.map((n) => `create table t${n} (id bigint primary key, v text); ${filled(n)}`).join('\n'));
    }
  } finally {
    await client.end();
  }
}

const source = await startSource(serverVersion('source-version', values['source-version']), { ...PARAMETERS, wal_level: 'logical' });
const target = await startTarget(serverVersion('target-version', values['target-version']), PARAMETERS, 'none');
try {
  for (const rows of values.rows.split(',').map(Number)) {
    const original = `rows_${rows}`;
    await fill(await source.createDatabase(original), rows);
    for (const roundTripMs of values['round-trip-ms'].split(',').map(Number)) {
      for (const way of values.ways.split(',')) {
        const name = `${original}_${way}_${roundTripMs}`;
        await asSuperuser(source.server.superuser(), [
          `create database ${identifier(name)} template ${identifier(original)} owner ${SOURCE_ROLE}`,
        ]);
        const from = source.server.login(SOURCE_ROLE, (await source.createDatabase(`${name}_`)).password, name);
        const to = await target.createDatabase(name);
        const links = roundTripMs > 0 ? await Promise.all([startLink(from, { roundTripMs }), startLink(to, { roundTripMs })]) : [];
        const [read = { over: same }, written = { over: same }] = links;
        const { states } = await replicate({
          source: read.over(from),
          target: written.over(to),
          input: { copy: way, ...(way === 'parts' ? { copyWorkers: Number(values['copy-workers']) } : {}), indexWorkers: 2 },
          until: 'AwaitCopy',
          budgetMs: 300_000,
        });
        await tidyUp(source.server.superuser(name), to);
        for (const link of links) link.end();
        const seconds = new Map(states.map((state) => [state.name, state.seconds]));
        const told = COPYING.filter((state) => seconds.has(state)).map((state) => `${state} ${seconds.get(state)?.toFixed(1)}`);
        const all = COPYING.reduce((sum, state) => sum + (seconds.get(state) ?? 0), 0);
        console.log(`${tables} tables, ${rows} rows each, ${way}, ${roundTripMs} ms: ${told.join(', ')}; together ${all.toFixed(1)} s`);
        await asSuperuser(target.server.superuser(), [`drop database ${identifier(name)}`]);
      }
    }
  }
} finally {
  source.server.destroy();
  target.server.destroy();
}

function same(settings: ConnectionSettings): ConnectionSettings {
  return settings;
}
