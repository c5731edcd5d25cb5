/**
 * Resident size of a function while it passes rows on, by the size of a row: it should be the same for all, since no row is ever held whole.
 * `npm run bench:part-memory -- --rows 0.001,1,100 --total 400`: rows of so many megabytes, and megabytes in all; `--rows 900 --total 900` is
 * near the largest value that there is, for which each server takes some gigabytes.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { copyRole, REPLICATION_ROLE } from '../lambdas/config/names.ts';
import { newPassword } from '../lambdas/config/secrets.ts';
import { literal } from '../lambdas/postgres/quote.ts';
import { asSuperuser, startPair } from '../rehearsal/servers/pair.ts';
import type { Held, Job } from './part-memory/copy.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '0.001,1,100' },
    total: { type: 'string', default: '400' },
  },
});
const COPY = fileURLToPath(new URL('part-memory/copy.ts', import.meta.url));
const MEGABYTE = 1_000_000;
const MD5 = 32;
const DATABASE = 'bench';

const pair = await startPair({ source: 15, target: 18, sourceParameters: { wal_level: 'logical' } });
try {
  const { source, target } = await pair.createDatabase(DATABASE);
  const [atSource, atTarget] = [pair.source.superuser(DATABASE), pair.target.superuser(DATABASE)];
  const password = newPassword();
  const role = (name: string) => `create role ${name} login password ${literal(password)}`;
  await asSuperuser(atSource, [role(REPLICATION_ROLE)]);
  await asSuperuser(atTarget, [role(copyRole(DATABASE))]);
  console.log(`${'rows'.padEnd(30)}before     most    after (MB resident)     MB/s     MB/s of its own processor time`);
  for (const size of values.rows.split(',').map(Number)) {
    const count = Math.max(1, Math.round(Number(values.total) / size));
    const table = 'create table t (document text); alter table t alter document set storage external';
    await asSuperuser(atSource, [
      `${table}; grant select on t to ${REPLICATION_ROLE}`,
      `insert into t select repeat(md5(n::text), ${Math.round((size * MEGABYTE) / MD5)}) from generate_series(1, ${count}) as n`,
    ]);
    await asSuperuser(atTarget, [`${table}; grant insert on t to ${copyRole(DATABASE)}`]);
    for (const format of ['binary', 'text']) {
      const job: Job = {
        source,
        target,
        password,
        copyOut: `copy (select * from only public.t) to stdout (format ${format})`,
        copyIn: `copy public.t from stdin (format ${format})`,
      };
      const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=460', COPY, JSON.stringify(job)]);
      const { before, peak, after, bytes, seconds, processor } = JSON.parse(stdout) as Held;
      const sizes = [before, peak, after].map((held) => held.toFixed(0).padStart(6));
      const speeds = [seconds, processor].map((divisor) => (bytes / MEGABYTE / divisor).toFixed(0).padStart(9));
      console.log(`${`${count} of ${size} MB, ${format}`.padEnd(30)}${sizes.join('   ')}${' '.repeat(15)}${speeds.join('   ')}`);
    }
    await asSuperuser(atSource, ['drop table t']);
    await asSuperuser(atTarget, ['drop table t']);
  }
} finally {
  pair.destroy();
}
