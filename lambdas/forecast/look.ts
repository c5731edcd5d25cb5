/** What a forecast looks at. Every look stands alone: one that fails says why, and the others are made all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrationInput } from '../config/input.ts';
import { copyRole, REPLICATION_ROLE } from '../config/names.ts';
import { type SessionRoom, sessionRoom } from '../copy/session-room.sql.ts';
import { databaseSize } from '../monitoring/stream-health.sql.ts';
import type { Concurrency } from '../ports/concurrency.ts';
import type { Reader } from '../ports/database.ts';
import { roleRights } from '../postgres/rights.sql.ts';
import { otherDatabases, settings } from '../target/work.sql.ts';
import { type Bandwidth, bandwidth, type RoundTrip, roundTrip } from './clock.ts';
import { type Known, NotKnown, need, only, Patience } from './known.ts';
import * as ask from './look.sql.ts';

/** Where a forecast looks. */
export interface Sides {
  readonly source: Reader;
  readonly target: Reader;
  readonly concurrency: Concurrency;
  readonly input: MigrationInput;
  /** Milliseconds left before the function must return. */
  remainingMs(): number;
}

/** The same counter twice, some seconds apart. */
export interface Twice<Value> {
  readonly before: Value;
  readonly after: Value;
}

export interface Seen {
  readonly input: MigrationInput;
  /** Major version of the source. */
  readonly version: number;
  readonly databaseBytes: Known<number>;
  readonly tables: Known<readonly ask.TableSize[]>;
  readonly objects: Known<{ readonly parents: number; readonly sequences: number }>;
  readonly wal: Known<Twice<ask.WalPosition>>;
  readonly walStatistics: Known<ask.Counter>;
  readonly transactions: Known<Twice<ask.Counter>>;
  /** Undefined where none is open. */
  readonly longest: Known<ask.OpenTransaction | undefined>;
  readonly room: { readonly source: Known<SessionRoom>; readonly target: Known<SessionRoom> };
  readonly roundTrip: { readonly source: Known<RoundTrip>; readonly target: Known<RoundTrip> };
  readonly bandwidth: { readonly source: Known<Bandwidth>; readonly target: Known<Bandwidth> };
  readonly otherBytes: Known<number>;
  /** Tables that the target's subscription copies at a time. */
  readonly syncWorkers: Known<number>;
  readonly concurrency: Known<number | undefined>;
}

/** All looks but the wait between two of them take at most so long, in milliseconds. */
const LOOKING_MS = 30_000;
const STATEMENT_MS = 15_000;
/** The second look is worth waiting for. */
const SECOND_LOOK_MS = 5_000;
/** Left of the visit for whatever follows the wait. */
const RESERVE_MS = 20_000;
const MINUTE_MS = 60_000;
/** The first version with pg_stat_wal. */
const WAL_STATISTICS_SINCE = 14;
const SYNC_WORKERS = 'max_sync_workers_per_subscription';

/** @throws TransientError, CannotConnect where the source cannot be reached at all: then nothing is known */
export async function look({ source, target, concurrency, input, remainingMs }: Sides): Promise<Seen> {
  const version = await source.version();
  const since = performance.now();
  const patience = new Patience(LOOKING_MS);
  const find = <Value>(of: () => Promise<Value>) => patience.find(of);
  const at = { source: await lookFrom(source, REPLICATION_ROLE, find), target: await lookFrom(target, undefined, find) };
  const reached = at.target.roundTrip;
  /** What cannot be reached is not asked again and again. */
  const findOnTarget = async <Value>(of: () => Promise<Value>): Promise<Known<Value>> => (reached.known ? find(of) : reached);
  const seen = {
    input,
    version,
    databaseBytes: await find(async () => only(await source.query(databaseSize())).bytes),
    tables: await find(() => source.query(ask.tableSizes(input))),
    objects: await find(async () => only(await source.query(ask.countObjects(input)))),
    longest: await find(() => longestOn(source)),
    otherBytes: await findOnTarget(async () => only(await target.query(otherDatabases())).bytes),
    syncWorkers: await findOnTarget(async () => Number(only(await target.query(settings([SYNC_WORKERS]))).value)),
    concurrency: await find(() => concurrency.limit()),
    room: { source: at.source.room, target: at.target.room },
    roundTrip: { source: at.source.roundTrip, target: at.target.roundTrip },
    bandwidth: { source: at.source.bandwidth, target: at.target.bandwidth },
    walStatistics: await find(() => statisticsOn(source, version)),
  };
  return { ...seen, ...(await watch(source, () => seconds(input, remainingMs(), performance.now() - since))) };
}

/** Whatever the looks took, all together stays within a minute. */
const seconds = ({ forecastSeconds }: MigrationInput, remainingMs: number, tookMs: number): number =>
  Math.max(0, Math.min(forecastSeconds, (remainingMs - RESERVE_MS) / 1000, (MINUTE_MS - tookMs - 2 * SECOND_LOOK_MS) / 1000));

/** @param role that copies there; on the target it is named after the database */
async function lookFrom(reader: Reader, role: string | undefined, find: Patience['find']) {
  const trip = await find(async () => {
    await reader.query(ask.limitStatements(STATEMENT_MS));
    return roundTrip(reader);
  });
  const ifReached = async <Value>(of: () => Promise<Value>): Promise<Known<Value>> => (trip.known ? find(of) : trip);
  return {
    roundTrip: trip,
    bandwidth: await ifReached(() => bandwidth(reader, need(trip))),
    room: await ifReached(async () => only(await reader.query(sessionRoom(role ?? copyRole(reader.endpoint.database))))),
  };
}

async function longestOn(source: Reader): Promise<ask.OpenTransaction | undefined> {
  const [rights] = await source.query(roleRights());
  if (rights?.seesActivity !== true) {
    throw new NotKnown('The login of the source does not see the transactions of others: grant it pg_read_all_stats or pg_monitor.');
  }
  const [longest] = await source.query(ask.longestTransaction());
  return longest;
}

async function statisticsOn(source: Reader, version: number): Promise<ask.Counter> {
  if (version < WAL_STATISTICS_SINCE) throw new NotKnown(`Servers before version ${WAL_STATISTICS_SINCE} do not count their WAL.`);
  return only(await source.query(ask.walStatistics()));
}

/** Both counters, once more after the wait, in which nothing of ours happens on the source. */
async function watch(source: Reader, waitFor: () => number): Promise<Pick<Seen, 'wal' | 'transactions'>> {
  const patience = new Patience(2 * SECOND_LOOK_MS);
  const positions = () => patience.find(async () => only(await source.query(ask.walPosition())), SECOND_LOOK_MS);
  const counters = () => patience.find(async () => only(await source.query(ask.transactions())), SECOND_LOOK_MS);
  const before = { wal: await positions(), transactions: await counters() };
  const wait = before.wal.known || before.transactions.known ? waitFor() : 0;
  if (wait > 0) await sleep(wait * 1000);
  const after = wait > 0 ? { wal: await positions(), transactions: await counters() } : before;
  return { wal: twice(before.wal, after.wal), transactions: twice(before.transactions, after.transactions) };
}

function twice<Value>(before: Known<Value>, after: Known<Value>): Known<Twice<Value>> {
  if (!before.known) return before;
  return after.known ? { known: true, value: { before: before.value, after: after.value } } : after;
}
