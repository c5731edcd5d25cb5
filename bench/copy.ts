/**
 * Time to move a database with several secondary indexes, beside other methods, in one run on one machine.
 * `npm run bench:copy -- --megabytes 1000 --source-version 15 --target-version 17 --copy-workers 2 --part-bytes 268435456 --index-workers 2`
 * `--only stream,parts` leaves the others out; a name that is there twice takes part twice. `parts:1:33554432:2` is with other workers, bytes of a part
 * and index builds than the options say.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { asSuperuser, startSource, startTarget } from '../rehearsal/servers/pair.ts';
import type { Parameters } from '../rehearsal/servers/server.ts';
import { ALL, BY_STREAM, type Choices, type Contender, contenders } from './copy/contenders.ts';
import { countAll, fill } from './copy/sample.ts';
import { postmasterOf, secondsHere, secondsOfServer } from './processor-time.ts';
import { serverVersion } from './server-version.ts';

/** A small database server of today: a quarter of 4 GB for pages, and an eighth of that for building an index. */
const PARAMETERS: Parameters = { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '128MB', max_worker_processes: 16 };

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '17' },
    'copy-workers': { type: 'string', default: '2' },
    'part-bytes': { type: 'string', default: String(256 * 1024 ** 2) },
    'index-workers': { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});

function positive(name: 'megabytes' | 'copy-workers' | 'part-bytes' | 'index-workers'): number {
  const number = Number(values[name]);
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0, not ${values[name]}.`);
  return number;
}

const megabytes = positive('megabytes');
const choices: Choices = {
  copyWorkers: positive('copy-workers'),
  partBytes: positive('part-bytes'),
  indexWorkers: positive('index-workers'),
};
const chosen = (values.only?.split(',') ?? ALL).map((text): Contender => {
  const [name = '', copyWorkers, partBytes, indexWorkers] = text.split(':');
  const or = (number: string | undefined, otherwise: number): number => (number ? Number(number) : otherwise);
  const contender = contenders({
    copyWorkers: or(copyWorkers, choices.copyWorkers),
    partBytes: or(partBytes, choices.partBytes),
    indexWorkers: or(indexWorkers, choices.indexWorkers),
  }).get(name);
  if (!contender) throw new Error(`--only takes names of ${ALL.join(', ')}, not ${name}.`);
  return copyWorkers ? { ...contender, name: `${contender.name}, ${text}` } : contender;
});

const seconds = (since: number): number => (performance.now() - since) / 1000;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-bench-'));
const source = await startSource(serverVersion('source-version', values['source-version']), { ...PARAMETERS, wal_level: 'logical' });
const target = await startTarget(serverVersion('target-version', values['target-version']), PARAMETERS);
try {
  const authorityFile = join(folder, 'authority.pem');
  writeFileSync(authorityFile, source.server.authority);
  const from = await source.createDatabase('shop');
  const size = await fill(from, megabytes);
  console.log(
    `${gigabytes(size.tables)} of tables, ${gigabytes(size.indexes)} of indexes, PostgreSQL ${source.server.version} to ${target.server.version}`,
  );

  const postmasters = { source: await postmasterOf(source.server.superuser()), target: await postmasterOf(target.server.superuser()) };
  const spent = (): Record<string, number> => ({
    source: secondsOfServer(postmasters.source),
    target: secondsOfServer(postmasters.target),
    'this process': secondsHere(),
  });
  const times: { readonly name: string; readonly time: number }[] = [];
  const expected = await countAll(from);
  for (const [number, contender] of chosen.entries()) {
    const missing = await contender.missing();
    if (missing) {
      console.log(`${contender.name}: left out, ${missing}`);
      continue;
    }
    const to = await target.createDatabase(`shop_${number}`);
    // Every contender begins without the others' dirty pages.
    await asSuperuser(source.server.superuser(), ['checkpoint']);
    await asSuperuser(target.server.superuser(), ['checkpoint']);
    const before = spent();
    const start = performance.now();
    await contender.copy({ source: from, target: to, authorityFile });
    const time = seconds(start);
    times.push({ name: contender.name, time });
    const processors = Object.entries(spent()).map(([who, now]) => `${who} ${(now - (before[who] ?? 0)).toFixed(1)} s`);
    const arrived = await countAll(to);
    if (arrived !== expected) throw new Error(`${contender.name} moved ${arrived} of ${expected}`);
    await contender.tidy?.({ source: from, target: to, authorityFile });
    console.log(`${contender.name}: ${time.toFixed(1)} s; of the processors: ${processors.join(', ')}`);
    await asSuperuser(target.server.superuser(), [`drop database shop_${number}`]);
  }

  const one = (times.find(({ name }) => name === BY_STREAM) ?? times[0])?.time ?? Number.NaN;
  for (const { name, time } of times) console.log(`${name.padEnd(45)} ${time.toFixed(1).padStart(7)} s   ${(time / one).toFixed(2)} ×`);
} finally {
  source.server.destroy();
  target.server.destroy();
  rmSync(folder, { recursive: true, force: true });
}
