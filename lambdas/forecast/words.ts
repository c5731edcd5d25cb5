/** A forecast for people who read a log or the console. */
import { bytesInWords, countInWords, dollarsInWords, millisecondsInWords, secondsInWords } from '../config/in-words.ts';
import { FIGURES, type FigureName, type Forecast, type Unit } from './forecast.ts';

/** What each figure is. */
export const LABELS: Readonly<Record<FigureName, string>> = {
  databaseBytes: 'Database',
  tableBytes: 'Tables that are moved',
  toastBytes: 'Of these in TOAST',
  tables: 'Number of tables',
  rows: 'Rows',
  walPerHour: 'WAL',
  walPerHourByStatistics: 'WAL by the statistics',
  transactionsPerSecond: 'Transactions',
  longestTransaction: 'Longest open transaction',
  bandwidth: 'One stream of rows',
  copyByStream: 'Copy by the subscription',
  copyInParts: 'Copy in parts',
  walKept: 'WAL kept at the end of the copy',
  targetRoom: 'Disk that the target needs',
  indexes: 'Indexes',
  buildIndexes: 'Building them',
  sessions: 'Sessions in the database',
  sequences: 'Sequences',
  roundTripSource: 'Round trip to the source',
  roundTripTarget: 'Round trip to the target',
  fence: 'Fence',
  dollars: 'Cost',
};

const CENT = 0.01;

/** `12.3 GB`, `1 h 20 min`, `85 ms`, `$0.17`. */
export function valueInWords(value: number, unit: Unit): string {
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

export const inWords = (value: number | null, unit: Unit): string => (value === null ? 'not known' : valueInWords(value, unit));

/** One line for each figure. */
export const tell = ({ figures }: Pick<Forecast, 'figures'>): string[] =>
  figures.map(({ name, value, source }) => `${LABELS[name]}: ${inWords(value, FIGURES[name])}. ${source}`);
