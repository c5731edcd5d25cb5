/** A forecast for people who read a log or the console. */
import { bytesInWords, countInWords, dollarsInWords, millisecondsInWords, secondsInWords } from '../config/in-words.ts';
import { FIGURES, type FigureName, type Forecast, type Unit } from './forecast.ts';

/** What each figure is. */
export const LABELS: Readonly<Record<FigureName, string>> = {
  databaseBytes: 'Size of the database, with indexes',
  tableBytes: 'Size of the tables, without indexes',
  toastBytes: 'of which long values (TOAST)',
  tables: 'Tables',
  rows: 'Rows',
  walPerHour: 'WAL an hour, as measured',
  walPerHourByStatistics: 'WAL an hour, by the statistics',
  transactionsPerSecond: 'Transactions a second',
  longestTransaction: 'Longest transaction',
  bandwidth: 'Speed of one stream of rows',
  copyByStream: 'Copy by the subscription',
  copyInParts: 'Copy in parts',
  walKept: 'WAL kept at the end of the copy',
  targetRoom: 'Room on the target',
  indexes: 'Indexes',
  buildIndexes: 'Building keys and indexes',
  sessions: 'Sessions',
  sequences: 'Sequences',
  roundTripSource: 'Round trip to the source',
  roundTripTarget: 'Round trip to the target',
  fence: 'Writes wait at the switch',
  dollars: 'Cost',
};

const CENT = 0.01;

/** `12.3 GB`, `1 h 20 min`, `85 ms`, `$0.17`. */
export function inWords(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return bytesInWords(value);
    case 'bytes/s':
      return `${bytesInWords(value)}/s`;
    case 'bytes/h':
      return `${bytesInWords(value)}/h`;
    case 'seconds':
      return secondsInWords(value);
    case 'milliseconds':
      return value > 0 && value < 10 ? `${Number(value.toFixed(1))} ms` : millisecondsInWords(value);
    case 'count':
      return countInWords(value);
    case '1/s':
      return `${value < 100 ? Number(value.toFixed(1)) : countInWords(value)}/s`;
    case 'dollars':
      return value > 0 && value < CENT ? `under ${dollarsInWords(CENT)}` : dollarsInWords(value);
  }
}

/** One line for each figure. */
export const tell = ({ figures }: Pick<Forecast, 'figures'>): string[] =>
  figures.map(({ name, value, source }) => `${LABELS[name]}: ${value === null ? 'not known' : inWords(value, FIGURES[name])}. ${source}`);
