/** What Preflight foretells: numbers, each with where it is from. A number that cannot be known is null, and its source says why. */
import type { Json } from '../config/json.ts';

/** Units of a figure; `count` of whatever its name says. */
export type Unit = 'bytes' | 'bytes/s' | 'bytes/h' | 'seconds' | 'milliseconds' | 'count' | '1/s' | 'dollars';

/** Names of the figures, in the order in which they are told, with their units. */
export const FIGURES = {
  /** Of the whole database on the source, indexes included. */
  databaseBytes: 'bytes',
  /** Of the tables that are moved, with TOAST and without indexes. */
  tableBytes: 'bytes',
  toastBytes: 'bytes',
  tables: 'count',
  /** By the planner's estimates. */
  rows: 'count',
  /** Written while Preflight looked on. */
  walPerHour: 'bytes/h',
  /** The same by the server's own statistics, since they were reset. */
  walPerHourByStatistics: 'bytes/h',
  transactionsPerSecond: '1/s',
  longestTransaction: 'seconds',
  /** Of one stream of rows. */
  bandwidth: 'bytes/s',
  /** The copy by the subscription. */
  copyByStream: 'seconds',
  /** The copy by workers, in parts. */
  copyInParts: 'seconds',
  /** WAL that the source keeps when the copy ends, by the way that would be taken. */
  walKept: 'bytes',
  /** Disk that the target needs. */
  targetRoom: 'bytes',
  indexes: 'count',
  buildIndexes: 'seconds',
  sessions: 'count',
  sequences: 'count',
  /** One round trip to the source, and one to the target. */
  roundTripSource: 'milliseconds',
  roundTripTarget: 'milliseconds',
  /** For which writes wait at the switch. */
  fence: 'milliseconds',
  /** All items of the cost together. */
  dollars: 'dollars',
} as const satisfies Readonly<Record<string, Unit>>;

export type FigureName = keyof typeof FIGURES;

/** One number. */
export interface Figure {
  readonly name: FigureName;
  /** In the unit that {@link FIGURES} gives; null where it cannot be known. */
  readonly value: number | null;
  /** Where it is from, or why there is none, in a sentence: measured where and for how long, which statistics, which assumption. */
  readonly source: string;
  readonly [key: string]: string | number | null;
}

/** One of the largest tables. */
export interface TableForecast {
  readonly schema: string;
  readonly table: string;
  /** With TOAST, without indexes. */
  readonly bytes: number;
  readonly toastBytes: number;
  readonly indexBytes: number;
  /** By the planner's estimates; null where it never looked. */
  readonly rows: number | null;
  readonly [key: string]: string | number | null;
}

/** One item of the cost. */
export interface CostItem {
  readonly item: string;
  /** US dollars; null where it cannot be known. */
  readonly dollars: number | null;
  readonly source: string;
  readonly [key: string]: string | number | null;
}

/** Evidence of the step `Forecast`. */
export interface Forecast {
  readonly figures: readonly Figure[];
  /** The way that the copy would take. */
  readonly way: 'stream' | 'parts' | null;
  /** At most fifty, largest first. */
  readonly largest: readonly TableForecast[];
  readonly moreTables: number;
  readonly costs: readonly CostItem[];
  /** The figures in words, one line each. */
  readonly says: readonly string[];
  readonly [key: string]: Json;
}
