/**
 * How the speed of a copy in parts grows with its workers, where every connection is a link of fixed speed, as in a cloud.
 * `npm run bench:parts -- --megabytes 256 --link 4 --workers 1,2,4,8,16 --source-version 15 --target-version 17`
 *
 * One table without an index. All workers are in this process, and each link in its own. Each number of workers is measured from the first visit of a
 * worker until no part is left.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { asSuperuser, startSource, startTarget } from '../rehearsal/servers/pair.ts';
import type { Parameters } from '../rehearsal/servers/server.ts';
import { startLink } from './link.ts';
import { replicate, tidyUp } from './replicate.ts';
import { serverVersion } from './server-version.ts';

const PARAMETERS: Parameters = { shared_buffers: '1GB', max_wal_size: '8GB', max_worker_processes: 16, max_connections: 200 };
/** Of a row with its header, measured. */
const ROW_BYTES = 1_024;
/** Enough of them that no worker has long to wait at the end, and large enough that the round trips of one are not seen. */
const PARTS_A_WORKER = 4;

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '256' },
    link: { type: 'string', default: '4' },
    workers: { type: 'string', default: '1,2,4,8,16' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '17' },
  },
});

const MEGA = 1_000_000;
const megabytes = Number(values.megabytes);
const counts = values.workers.split(',').map(Number);
const bytesASecond = Number(values.link) * MEGA;

/** Milliseconds that the machine's processors were busy, whatever with. */
const busy = (): number => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

/** @returns bytes of the table */
async function fill(settings: ConnectionSettings): Promise<number> {
  const client = new pg.Client(clientConfig(settings, 'benchmark'));
  await client.connect();
  try {
    await client.query('create table wide (id bigint not null, word text not null)');
    await client.query('alter table wide replica identity full');
    await client.query('alter table wide alter word set storage plain');
    await client.query(
      `insert into wide select n, repeat(md5(n::text), 30) from generate_series(1, ${Math.round((megabytes * MEGA) / ROW_BYTES)}) as n`,
    );
    const { rows } = await client.query(`select pg_table_size('wide')::float8 as bytes`);
    return rows[0].bytes;
  } finally {
    await client.end();
  }
}

const source = await startSource(serverVersion('source-version', values['source-version']), { ...PARAMETERS, wal_level: 'logical' });
const target = await startTarget(serverVersion('target-version', values['target-version']), PARAMETERS, 'none');
const links: { end(): void }[] = [];
try {
  const from = await source.createDatabase('wide');
  const bytes = await fill(from);
  console.log(
    `one table of ${(bytes / MEGA).toFixed(0)} MB, ${values.link} MB/s a connection, PostgreSQL ${source.server.version} to ${target.server.version}, ${cpus().length} processors`,
  );
  console.log('workers   seconds    MB/s   of linear   processors busy');
  let one: number | undefined;
  for (const [number, workers] of counts.entries()) {
    const to = await target.createDatabase(`wide_${number}`);
    const [read, written] = await Promise.all([startLink(from, { bytesASecond }), startLink(to, { bytesASecond })]);
    links.push(read, written);
    const most = Math.max(...counts);
    const measured = { from: 0, to: 0, before: 0, busy: 0 };
    await replicate({
      source: read.over(from),
      target: written.over(to),
      input: { copy: 'parts', copyWorkers: workers, partBytes: Math.max(MEGA, Math.ceil(bytes / most / PARTS_A_WORKER)) },
      until: 'FinishParts',
      budgetMs: 600_000,
      onVisit(step) {
        if (step !== 'CopyParts' || measured.from > 0) return;
        measured.from = performance.now();
        measured.before = busy();
      },
      onVisited(step, verdict) {
        // A visit that finds nothing left comes some time after the last part.
        if (step !== 'CopyParts' || verdict === 'done') return;
        measured.to = performance.now();
        measured.busy = busy() - measured.before;
      },
    });
    for (const link of [read, written]) link.end();
    await tidyUp(source.server.superuser(from.database), to);
    await asSuperuser(target.server.superuser(), [`drop database wide_${number}`]);
    const seconds = (measured.to - measured.from) / 1_000;
    one ??= seconds * workers;
    console.log(
      `${String(workers).padStart(7)} ${seconds.toFixed(1).padStart(9)} ${(bytes / MEGA / seconds).toFixed(1).padStart(7)} ${(one / workers / seconds).toFixed(2).padStart(11)} ${(measured.busy / 1_000 / seconds).toFixed(1).padStart(17)}`,
    );
  }
} finally {
  for (const link of links) link.end();
  source.server.destroy();
  target.server.destroy();
}
