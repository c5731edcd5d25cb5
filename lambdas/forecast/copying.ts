/** How long rows and indexes take, by each way, and what that asks of both disks. */
import { bytesInWords, countInWords, secondsInWords } from '../config/in-words.ts';
import { DEFAULT_COPY_WORKERS } from '../config/input-keys.ts';
import { PAGE_RANGES_SINCE } from '../copy/plan-parts.ts';
import { wayOfCopy } from '../copy/way.ts';
import { workersFor } from '../copy/workers.ts';
import { diskFor } from '../target/needs.ts';
import type { Bandwidth } from './clock.ts';
import type { Figure, Forecast } from './forecast.ts';
import { attempt, figure, type Known, NotKnown, need } from './known.ts';
import type { TableSize } from './look.sql.ts';
import type { Seen } from './look.ts';
import { sum } from './sizes.ts';
import { walRate } from './writes.ts';

/** As the input has them. */
const MEGABYTE = 1_000_000;
/** Bytes a second that one stream of rows is taken to bring at most, whatever the network lets through: see docs/costs.md. */
export const MOST_BY_STREAM = 40 * MEGABYTE;
/** What a subscription copies at a time where nobody says otherwise. */
const DEFAULT_SYNC = 2;
/** What each table with rows takes beside its bytes, by docs/performance.md: 1,000 tables of one row. */
const TABLE_SECONDS = { stream: 0.046, parts: 0.012 } as const;
const withRows = (tables: readonly TableSize[]): number => tables.filter(({ rows }) => rows !== 0).length;
const eachTable = (tables: readonly TableSize[], seconds: number): string =>
  withRows(tables) === 0
    ? ''
    : ` ${seconds * 1000} ms for each of ${countInWords(withRows(tables))} tables with rows (docs/performance.md).`;
const GENERATED = 'Text that the server made was fetched by the function';

interface Reckoned {
  readonly value: number;
  readonly source: string;
}

export interface Copying {
  readonly figures: readonly Figure[];
  readonly way: Forecast['way'];
  /** Bytes that pass, and seconds of all streams together. */
  readonly bytes: Known<number>;
  readonly streamSeconds: Known<number>;
  /** Of the way that would be taken. */
  readonly seconds: Known<number>;
  readonly walKept: Known<number>;
}

/** @throws NotKnown */
function bandwidth({ bandwidth: at, input }: Seen): Reckoned {
  const { forecastMegabytesPerSecond } = input;
  if (forecastMegabytesPerSecond !== undefined) {
    return { value: forecastMegabytesPerSecond * MEGABYTE, source: 'Assumed by the input ("forecastMegabytesPerSecond").' };
  }
  const measured = [{ side: 'source', ...need(at.source) }, ...(at.target.known ? [{ side: 'target', ...at.target.value }] : [])];
  const tell = ({ side, bytes, seconds, bytesPerSecond }: Bandwidth & { readonly side: string }): string =>
    `from the ${side} ${bytesInWords(bytes)} in ${secondsInWords(seconds)}, ${bytesInWords(bytesPerSecond)}/s`;
  const slowest = Math.min(...measured.map(({ bytesPerSecond }) => bytesPerSecond));
  return {
    value: Math.min(slowest, MOST_BY_STREAM),
    source:
      `${GENERATED}, through one connection and without reading a table: ${measured.map(tell).join('; ')}. ` +
      `${slowest > MOST_BY_STREAM ? `Reading and writing rows is assumed to bring ${MOST_BY_STREAM / MEGABYTE} MB/s at most` : 'The slower one counts'}. ` +
      'The way from server to server was not measured. "forecastMegabytesPerSecond" assumes another number.',
  };
}

/** Tables are copied whole, several at a time: the largest one may last longer than all others. */
function byStream(seen: Seen, tables: readonly TableSize[], rate: number): Reckoned {
  const { syncWorkers } = seen;
  const streams = Math.max(1, syncWorkers.known && syncWorkers.value > 0 ? syncWorkers.value : DEFAULT_SYNC);
  const largest = Math.max(0, ...tables.map(({ bytes }) => bytes));
  const all = sum(tables, ({ bytes }) => bytes) / (rate * Math.min(streams, Math.max(1, tables.length)));
  const alone = largest / rate;
  return {
    value: Math.max(all, alone) + withRows(tables) * TABLE_SECONDS.stream,
    source:
      `${bytesInWords(sum(tables, ({ bytes }) => bytes))} of tables by ${streams} streams at a time (max_sync_workers_per_subscription ${syncWorkers.known ? 'of the target now' : 'by default'}), each ` +
      `as fast as one alone.${alone > all ? ' The largest table alone takes that long.' : ''}${eachTable(tables, TABLE_SECONDS.stream)} Keys are built meanwhile, which takes longer than this says.`,
  };
}

function inParts(seen: Seen, tables: readonly TableSize[], rate: number): Reckoned {
  const { input, room, concurrency, version } = seen;
  const wanted = input.copyWorkers ?? DEFAULT_COPY_WORKERS;
  if (wanted === 0) throw new NotKnown('The input pauses the workers ("copyWorkers": 0).');
  const known = room.source.known && room.target.known;
  const count = known
    ? workersFor({
        source: need(room.source),
        target: need(room.target),
        concurrency: concurrency.known ? concurrency.value : undefined,
        indexWorkers: input.indexWorkers,
        wanted,
      })
    : undefined;
  if (count?.workers === 0) throw new NotKnown('There is no room for a worker now, on one side or among the functions of the account.');
  const workers = count?.workers ?? wanted;
  const largest = Math.max(0, ...tables.map(({ bytes }) => bytes));
  const onePart = Math.min(largest, input.partBytes);
  return {
    value: Math.max(sum(tables, ({ bytes }) => bytes) / (rate * workers), onePart / rate) + withRows(tables) * TABLE_SECONDS.parts,
    source:
      `${bytesInWords(sum(tables, ({ bytes }) => bytes))} of tables by ${workers} ${workers === 1 ? 'worker' : 'workers'} at a time, each with the speed of one stream: ` +
      `${count ? 'as many of "copyWorkers" as there is room for now' : '"copyWorkers", whether or not there is room for them'}.${eachTable(tables, TABLE_SECONDS.parts)}` +
      `${version < PAGE_RANGES_SINCE ? ` Before version ${PAGE_RANGES_SINCE} a table without a suitable key is copied by one worker, and takes longer.` : ''}`,
  };
}

/** @throws NotKnown */
function buildIndexes({ tables, input }: Seen): Reckoned {
  const all = need(tables);
  const rate = input.forecastIndexMegabytesPerSecond * MEGABYTE;
  const largest = Math.max(0, ...all.map(({ largestIndexBytes }) => largestIndexBytes));
  return {
    value: Math.max(sum(all, ({ indexBytes }) => indexBytes) / (rate * input.indexWorkers), largest / rate),
    source:
      `${bytesInWords(sum(all, ({ indexBytes }) => indexBytes))} of indexes by ${input.indexWorkers} builds at a time ("indexWorkers"), each with ` +
      `${input.forecastIndexMegabytesPerSecond} MB/s ("forecastIndexMegabytesPerSecond", whose default docs/performance.md measured). Analyze and vacuum, which follow, are not in it.`,
  };
}

/** @throws NotKnown */
function targetRoom({ tables, otherBytes }: Seen): Reckoned {
  const bytes = sum(need(tables), (table) => table.bytes + table.indexBytes);
  return {
    value: diskFor({ work: { bytes }, use: otherBytes.known ? { otherBytes: otherBytes.value } : undefined }),
    source:
      `150 % of tables and indexes, as PlanetScale's guide asks, ${otherBytes.known ? `and ${bytesInWords(otherBytes.value)} of other databases there` : 'without other databases there, which are not known'}. ` +
      'CheckReadiness and ConfigureTarget reckon alike.',
  };
}

const numberIn = (known: Known<Reckoned>): Known<number> => (known.known ? { known: true, value: known.value.value } : known);

export function copying(seen: Seen): Copying {
  const { tables, input } = seen;
  const rate = attempt(() => bandwidth(seen));
  const reckon = (how: typeof byStream): Known<Reckoned> => attempt(() => how(seen, need(tables), need(rate).value));
  const ways = { stream: reckon(byStream), parts: reckon(inParts) };
  const chosen = attempt(() =>
    wayOfCopy(
      input,
      need(tables).map((table) => ({ ...table, estimatedRows: table.rows ?? -1 })),
    ),
  );
  const way = chosen.known ? chosen.value.way : null;
  const seconds: Known<number> = way === null ? { known: false, why: 'The way of the copy is not known.' } : numberIn(ways[way]);
  const kept = attempt((): Reckoned => {
    const hourly = need(walRate(seen));
    return {
      value: (hourly.bytes / 3_600) * need(seconds),
      source: `${hourly.by}, ${bytesInWords(hourly.bytes)} an hour, for as long as the copy takes ${way === 'parts' ? 'in parts' : 'by the subscription'}: what the slot keeps if nothing is read from it meanwhile.`,
    };
  });
  const bytes = attempt(() => sum(need(tables), (table) => table.bytes));
  return {
    figures: [
      figure('bandwidth', () => need(rate)),
      figure('copyByStream', () => need(ways.stream)),
      figure('copyInParts', () => need(ways.parts)),
      figure('walKept', () => need(kept)),
      figure('targetRoom', () => targetRoom(seen)),
    ],
    way,
    bytes,
    streamSeconds: attempt(() => need(bytes) / need(rate).value),
    seconds,
    walKept: numberIn(kept),
  };
}

export const buildingIndexes = (seen: Seen): Figure => figure('buildIndexes', () => buildIndexes(seen));
