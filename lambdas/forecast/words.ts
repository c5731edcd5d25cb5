/** A forecast for people who read a log or the console. */
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

const STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function bytesInWords(bytes: number): string {
  const step = Math.min(STEPS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** step).toFixed(step < 2 ? 0 : 2))} ${STEPS[step] ?? 'B'}`;
}

export function secondsInWords(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function inWords(value: number | null, unit: Unit): string {
  if (value === null) return 'not known';
  if (unit === 'bytes') return bytesInWords(value);
  if (unit === 'bytes/s') return `${bytesInWords(value)}/s`;
  if (unit === 'bytes/h') return `${bytesInWords(value)} an hour`;
  if (unit === 'seconds') return secondsInWords(value);
  if (unit === 'milliseconds') return `${value} ms`;
  if (unit === 'dollars') return `${value.toFixed(2)} US dollars`;
  if (unit === '1/s') return `${value} a second`;
  return value.toLocaleString('en-US');
}

/** One line for each figure. */
export const tell = ({ figures }: Pick<Forecast, 'figures'>): string[] =>
  figures.map(({ name, value, source }) => `${LABELS[name]}: ${inWords(value, FIGURES[name])}. ${source}`);
