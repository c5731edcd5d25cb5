/** The work that a migration brings to the target, as the source and the input say. */
import type { MigrationInput } from '../config/input.ts';
import { DEFAULT_COPY_WORKERS } from '../config/input-keys.ts';
import { PREFIX, subscriptionName } from '../config/names.ts';
import { wayOfCopy } from '../copy/way.ts';
import type { Reader } from '../ports/database.ts';
import { walSettings } from '../postgres/settings.sql.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { streamOptions } from '../replication/stream-options.ts';
import { indexBytes } from './work.sql.ts';

export interface Work {
  readonly tables: number;
  /** Of all published tables, with their TOAST and indexes. */
  readonly bytes: number;
  readonly way: 'stream' | 'parts';
  /** Workers that copy parts at a time, 0 where the subscription copies. */
  readonly copyWorkers: number;
  /** Index builds at a time. */
  readonly indexWorkers: number;
  /** Whether large transactions are applied before they commit, by workers of their own. */
  readonly appliesInParallel: boolean;
  /** Tables that the source can send at a time beside its changes. */
  readonly sentAtOnce: number;
  /** Whether a switch is to make the stream back. */
  readonly hasWayBack: boolean;
  /** Names of the slots of both streams, which their subscriptions have, too. */
  readonly forward: string;
  readonly reverse: string;
}

/** Slots and senders that a source which does not stream yet has at least once it does; see `cluster/parameters.ts`. */
const LEAST_AT_SOURCE = 10;
/** The stream of changes, and one to spare. */
const BESIDE_TABLES = 2;

export async function workOf(source: Reader, input: MigrationInput): Promise<Work> {
  const tables = await source.query(publishedTables(input));
  const [indexes] = await source.query(indexBytes(input));
  const [wal] = await source.query(walSettings(PREFIX));
  const { way } = wayOfCopy(input, tables);
  const most = (now = 0): number => (wal?.walLevel === 'logical' ? now : Math.max(LEAST_AT_SOURCE, now));
  const slots = most(wal?.slots) - (wal?.slotsOfOthers ?? 0);
  const senders = most(wal?.senders) - (wal?.sendersOfOthers ?? 0);
  const { database } = source.endpoint;
  return {
    tables: tables.length,
    bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0) + (indexes?.bytes ?? 0),
    way,
    copyWorkers: way === 'parts' ? (input.copyWorkers ?? DEFAULT_COPY_WORKERS) : 0,
    indexWorkers: input.indexWorkers,
    appliesInParallel: streamOptions(await source.version(), false).streaming === 'parallel',
    sentAtOnce: Math.max(1, Math.min(slots, senders) - BESIDE_TABLES),
    hasWayBack: input.reverse !== false,
    forward: subscriptionName(database),
    reverse: subscriptionName(database, 'reverse'),
  };
}
