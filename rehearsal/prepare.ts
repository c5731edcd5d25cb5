/** Fills the source before anything moves. */
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import { DEFAULT_INPUT } from '../lambdas/config/input.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { Progress } from './display/progress.ts';
import { loadDump } from './dump/load-dump.ts';
import { actAsOperator, keysTo, makeRolesAtTarget } from './dump/operator.ts';
import { OutOfLocks } from './dump/refused.ts';
import type { RehearsalOptions } from './options.ts';
import { loadShop } from './shop/load.ts';
import type { Sides } from './sides.ts';
import { createOwnTables, OWN_SUBJECTS } from './workload/own-subjects.ts';
import { SHOP_SUBJECTS } from './workload/shop-subjects.ts';
import type { Subject } from './workload/subject.ts';

export interface Prepared {
  /** Subjects of the writers. */
  readonly subjects: readonly Subject[];
  /** Statements of a dump that were passed over or changed. */
  readonly passedOver: readonly string[];
  /** What the input of Preflight and Replicate holds beside what the options say. */
  readonly input: Readonly<Record<string, Json>>;
}

const MOST_SAID = 20;

/** Fills the source, and lets the application in. */
export async function prepare(options: RehearsalOptions, progress: Progress, sides: Sides): Promise<Prepared> {
  const passedOver = options.sourceDump === undefined ? [] : await loadFrom(options.sourceDump, progress, sides);
  const subjects = await fill(options, progress, sides);
  await sides.letApplicationIn('source');
  return { subjects, passedOver, input: await partsOf(options, sides) };
}

/** The sample's largest table is split even when it is small; larger parts than those of a migration are none. */
const PARTS_OF_LARGEST = 4;
const PART_BYTES = { least: 65_536, most: DEFAULT_INPUT.partBytes };

async function partsOf({ copy, input }: RehearsalOptions, sides: Sides): Promise<Prepared['input']> {
  if (copy !== 'parts' || input.partBytes !== undefined) return {};
  const largest = await largestTable(sides);
  return { partBytes: Math.min(PART_BYTES.most, Math.max(PART_BYTES.least, Math.ceil(largest / PARTS_OF_LARGEST))) };
}

/** Bytes with TOAST, without indexes; 0 where there is no table. */
async function largestTable(sides: Sides): Promise<number> {
  const client = new pg.Client(clientConfig(sides.source, 'rehearsal preparation'));
  await client.connect();
  try {
    const { rows } = await client.query<{ bytes: number }>(`
select coalesce(max(pg_table_size(c.oid)), 0)::float8 as bytes from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`);
    return rows[0]?.bytes ?? 0;
  } finally {
    await client.end();
  }
}

/** Tables from which on a transaction that takes a lock on each needs more room than servers have by default. */
const MANY_TABLES = 1_000;
const ROOM = { max_locks_per_transaction: 1024 };

async function loadFrom(path: string, progress: Progress, sides: Sides): Promise<string[]> {
  const { source, target } = sides.servers;
  if (!source) throw new Error('A dump is loaded into an embedded source.');
  progress.say(`Loading ${path}`);
  const servers = { source, target, carried: sides.carried };
  const load = () => loadDump({ path, source: sides.source, ...keysTo(servers) });
  const loaded = await load().catch(async (error: unknown) => {
    if (!(error instanceof OutOfLocks)) throw error;
    progress.say('Loading it once more, with room for more locks');
    await source.restart(ROOM);
    await sides.emptySource();
    return load();
  });
  if (loaded.tables >= MANY_TABLES) await source.restart(ROOM);
  const notes = [...loaded.notes, ...(await actAsOperator(servers, sides.source.database))];
  for (const note of notes.slice(0, MOST_SAID)) progress.say(`Not as the dump says: ${note}`);
  if (notes.length > MOST_SAID) progress.say(`Not as the dump says, either: ${notes.length - MOST_SAID} more, which the report lists`);
  return notes;
}

async function fill(options: RehearsalOptions, progress: Progress, sides: Sides): Promise<readonly Subject[]> {
  const writes = options.writers > 0 && options.until !== 'Preflight';
  if (sides.servers.source && options.sourceDump === undefined) {
    progress.say(`Loading the sample shop, ${options.rows.toLocaleString('en')} rows in its largest table`);
    await loadShop(sides.source, options.rows);
    const { source, target } = sides.servers;
    if (!sides.carried) await makeRolesAtTarget({ source, target }, sides.source.database);
    return writes ? SHOP_SUBJECTS : [];
  }
  if (!writes) return [];
  const client = new pg.Client(clientConfig(sides.source, 'rehearsal preparation'));
  await client.connect();
  try {
    for (const { text } of createOwnTables()) await client.query(text);
  } finally {
    await client.end();
  }
  return OWN_SUBJECTS;
}
