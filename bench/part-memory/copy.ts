/** Passes the rows of one table on in a process of its own, and prints what it held. Called by `part-memory.ts`. */
import { databasePort } from '../../lambdas/adapters/postgres/database.ts';
import { partCopyPort } from '../../lambdas/adapters/postgres/part-copy.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { statement } from '../../lambdas/postgres/quote.ts';

export interface Job {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly password: string;
  readonly copyOut: string;
  readonly copyIn: string;
}

/** Resident sizes in MB. */
export interface Held {
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Seconds of a processor, of this process alone. */
  readonly processor: number;
}

const EVERY_MS = 10;
const megabytes = (): number => process.memoryUsage.rss() / 1024 ** 2;

const { source, target, password, copyOut, copyIn } = JSON.parse(process.argv[2] ?? '') as Job;
const [atSource, atTarget] = [databasePort(source, 'Bench'), databasePort(target, 'Bench')];
const parts = partCopyPort(
  { user: REPLICATION_ROLE, password: async () => password },
  { source: { settings: source, looking: atSource.looking }, target: { settings: target, looking: atTarget.looking } },
  'Bench',
);
const [from, to] = [await parts.openSource('part'), await parts.openTarget('part')];
const before = megabytes();
let peak = before;
const watch = setInterval(() => {
  peak = Math.max(peak, megabytes());
}, EVERY_MS);
await to.query(statement('begin'));
const [began, used] = [performance.now(), process.cpuUsage()];
const { bytes } = await parts.pass(from, copyOut, to, copyIn);
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(used);
await to.query(statement('rollback'));
clearInterval(watch);
const held: Held = { before, peak, after: megabytes(), bytes, seconds, processor: (user + system) / 1_000_000 };
console.log(JSON.stringify(held));
await Promise.all([from.end(), to.end(), atSource.close(), atTarget.close()]);
