/**
 * Time to move a database with several secondary indexes, beside other methods, in one run on one machine.
 * `npm run bench:copy -- --megabytes 1000 --source-version 15 --target-version 17`
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SERVER_VERSIONS, type ServerVersion } from '../rehearsal/servers/binaries.ts';
import { asSuperuser, startSource, startTarget } from '../rehearsal/servers/pair.ts';
import type { Parameters } from '../rehearsal/servers/server.ts';
import { CONTENDERS } from './copy/contenders.ts';
import { countAll, fill } from './copy/sample.ts';

/** A small database server of today: a quarter of 4 GB for pages, and an eighth of that for building an index. */
const PARAMETERS: Parameters = { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '128MB', max_worker_processes: 16 };

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '17' },
  },
});
const megabytes = Number(values.megabytes);
if (!(megabytes > 0)) throw new Error(`--megabytes must be a number above 0, not ${values.megabytes}.`);

function version(name: 'source-version' | 'target-version'): ServerVersion {
  const found = SERVER_VERSIONS.find((known) => String(known) === values[name]);
  if (!found) throw new Error(`--${name} must be one of ${SERVER_VERSIONS.join(', ')}, not ${values[name]}.`);
  return found;
}

const seconds = (since: number): number => (performance.now() - since) / 1000;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-bench-'));
const source = await startSource(version('source-version'), { ...PARAMETERS, wal_level: 'logical' });
const target = await startTarget(version('target-version'), PARAMETERS);
try {
  const authorityFile = join(folder, 'authority.pem');
  writeFileSync(authorityFile, source.server.authority);
  const from = await source.createDatabase('shop');
  const size = await fill(from, megabytes);
  console.log(
    `${gigabytes(size.tables)} of tables, ${gigabytes(size.indexes)} of indexes, PostgreSQL ${source.server.version} to ${target.server.version}`,
  );

  const times = new Map<string, number>();
  const expected = await countAll(from);
  for (const [number, contender] of CONTENDERS.entries()) {
    const missing = await contender.missing();
    if (missing) {
      console.log(`${contender.name}: left out, ${missing}`);
      continue;
    }
    const to = await target.createDatabase(`shop_${number}`);
    // Every contender begins without the others' dirty pages.
    await asSuperuser(source.server.superuser(), ['checkpoint']);
    await asSuperuser(target.server.superuser(), ['checkpoint']);
    const start = performance.now();
    await contender.copy({ source: from, target: to, authorityFile });
    times.set(contender.name, seconds(start));
    const arrived = await countAll(to);
    if (arrived !== expected) throw new Error(`${contender.name} moved ${arrived} of ${expected}`);
    await contender.tidy?.({ source: from, target: to, authorityFile });
    console.log(`${contender.name}: ${times.get(contender.name)?.toFixed(1)} s`);
    await asSuperuser(target.server.superuser(), [`drop database shop_${number}`]);
  }

  const ours = times.get('this project') ?? Number.NaN;
  for (const [name, time] of times) console.log(`${name.padEnd(20)} ${time.toFixed(1).padStart(7)} s   ${(time / ours).toFixed(2)} ×`);
} finally {
  source.server.destroy();
  target.server.destroy();
  rmSync(folder, { recursive: true, force: true });
}
