/** What is to be moved: sizes, rows, the largest tables. */
import { jsonBytes } from '../config/json.ts';
import type { Figure, Forecast, TableForecast } from './forecast.ts';
import { figure, NotKnown, need } from './known.ts';
import type { TableSize } from './look.sql.ts';
import type { Seen } from './look.ts';

/** Tables that are told one by one. */
const MOST_TABLES = 50;

export const sum = (tables: readonly TableSize[], of: (table: TableSize) => number): number =>
  tables.reduce((all, table) => all + of(table), 0);

const counted = (count: number, one: string, many: string): string => `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

function measured(tables: readonly TableSize[], how: string): string {
  const locked = tables.filter((table) => table.locked).length;
  const instead = `${counted(locked, 'table was', 'tables were')} locked by another session, and ${locked === 1 ? 'is' : 'are'} counted by the planner's pages.`;
  const unseen = tables.filter((table) => table.locked && table.bytes === 0).length;
  const missing =
    unseen > 0
      ? ` Of these ${counted(unseen, 'has', 'have')} no pages there, because vacuum and analyze never came to ${unseen === 1 ? 'it' : 'them'}, and ${unseen === 1 ? 'is' : 'are'} missing from the sum: start Preflight once more when nobody locks ${unseen === 1 ? 'it' : 'them'}.`
      : '';
  return `${how} on the source, of ${counted(tables.length, 'table', 'tables')} without what the input leaves out.${locked > 0 ? ` ${instead}${missing}` : ''}`;
}

export const sizes = ({ databaseBytes, tables, objects }: Seen): Figure[] => [
  figure('databaseBytes', () => ({
    value: need(databaseBytes),
    source: 'pg_database_size on the source: with indexes, catalogs and what the input leaves out.',
  })),
  figure('tableBytes', () => ({ value: sum(need(tables), ({ bytes }) => bytes), source: measured(need(tables), 'pg_table_size') })),
  figure('toastBytes', () => ({
    value: sum(need(tables), ({ toastBytes }) => toastBytes),
    source: measured(need(tables), 'pg_total_relation_size of their TOAST tables'),
  })),
  figure('tables', () => ({
    value: need(tables).length,
    source: `The source's catalog: each partition counts by itself.${objects.known && objects.value.parents > 0 ? ` ${counted(objects.value.parents, 'partitioned table holds', 'partitioned tables hold')} no rows and ${objects.value.parents === 1 ? 'is' : 'are'} not counted.` : ''}`,
  })),
  figure('rows', () => rows(need(tables))),
];

function rows(tables: readonly TableSize[]): { readonly value: number; readonly source: string } {
  const estimated = tables.filter((table) => table.rows !== null);
  const never = tables.length - estimated.length;
  if (estimated.length === 0 && never > 0) throw new NotKnown('No table was ever analyzed: run "analyze" on the source to know.');
  return {
    value: sum(estimated, (table) => table.rows ?? 0),
    source:
      "The planner's estimates (reltuples), as vacuum and analyze left them." +
      (never > 0
        ? ` ${counted(never, 'table was', 'tables were')} never analyzed and ${never === 1 ? 'is' : 'are'} not counted: run "analyze" to know.`
        : ''),
  };
}

export const indexes = ({ tables }: Seen): Figure =>
  figure('indexes', () => ({
    value: sum(need(tables), (table) => table.indexes),
    source: "The source's catalog: of the tables that are moved, with the indexes of keys and constraints.",
  }));

/** The largest, so far as they stay within `mostBytes` of JSON, whatever their names hold. */
export function largest({ tables }: Seen, mostBytes: number): Pick<Forecast, 'largest' | 'moreTables'> {
  if (!tables.known) return { largest: [], moreTables: 0 };
  const told: TableForecast[] = tables.value
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_TABLES)
    .map(({ schema, table, bytes, toastBytes, indexBytes, rows: estimate }) => ({
      schema,
      table,
      bytes,
      toastBytes,
      indexBytes,
      rows: estimate === null ? null : Math.round(estimate),
    }));
  while (jsonBytes(told) > mostBytes) told.pop();
  return { largest: told, moreTables: tables.value.length - told.length };
}
