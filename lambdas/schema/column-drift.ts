/** Tables and columns that one side has and the other lacks: what keeps a comparison from comparing, and a stream from being applied. */
import { SchemaDrift } from '../config/errors.ts';
import type { Exclusions, TableName } from '../config/input.ts';
import { atMost } from '../config/listing.ts';
import { keyOf, missingFrom } from '../config/tables.ts';
import type { Reader } from '../ports/database.ts';
import { identifier, qualified } from '../postgres/quote.ts';
import { howToMake, inNumbers } from './new-tables.ts';
import { type Column, columnsOf, type TableDigest, tableDigests } from './table-columns.sql.ts';

export interface ColumnDrift {
  /** Tables of the source that the target lacks. */
  readonly absent: readonly TableName[];
  /** Columns that the target lacks. */
  readonly added: readonly Column[];
  /** Columns that only the target has. */
  readonly gone: readonly Column[];
}

const NONE: ColumnDrift = { absent: [], added: [], gone: [] };
/** So many tables differ only where nearly all do; then a few of them say enough. */
const MOST_TABLES = 1_000;

/** Readers may be of any role: it is catalogs that are read. Tables that only the target has are none of a comparison's business. */
export async function columnDrift(source: Reader, target: Reader, excluding: Exclusions): Promise<ColumnDrift> {
  const nothing = { excludeSchemas: [], excludeTables: [] };
  const [here, there] = [await source.query(tableDigests(excluding)), await target.query(tableDigests(nothing))];
  const known = new Map(there.map((table) => [keyOf(table), table.columns]));
  const absent = missingFrom(there, here).map(nameOf);
  const suspects = here.filter((table) => known.has(keyOf(table)) && known.get(keyOf(table)) !== table.columns).map(nameOf);
  return { ...(await differing(source, target, suspects.slice(0, MOST_TABLES))), absent };
}

const nameOf = ({ schema, table }: TableDigest): TableName => ({ schema, table });

/** In the columns of tables that both sides have. What a partition has of its parent is named at the parent. */
export async function differing(source: Reader, target: Reader, tables: readonly TableName[]): Promise<ColumnDrift> {
  if (tables.length === 0) return NONE;
  const [here, there] = [await source.query(columnsOf(tables)), await target.query(columnsOf(tables))];
  return { absent: [], added: without(there, here), gone: without(here, there) };
}

const columnKey = (column: Column): string => `${keyOf(column)}.${identifier(column.column)}`;
function without(others: readonly Column[], all: readonly Column[]): Column[] {
  const keys = new Set(others.map(columnKey));
  const found = all.filter((column) => !keys.has(columnKey(column)));
  const own = found.filter(({ inherited }) => !inherited);
  return own.length > 0 ? own : found;
}

const nameOfColumn = ({ schema, table, column }: Column): string => `${schema}.${table}.${column}`;

/** ADD COLUMN as the source has it. One that must not be empty and has no default is added without that: rows are there already. */
function addition({ schema, table, column, definition, notNull, required }: Column): string {
  const text = `alter table ${qualified(schema, table)} add column ${identifier(column)} ${definition}`;
  return required ? `${text}; (and NOT NULL once its rows have values)` : `${text}${notNull ? ' not null' : ''};`;
}

const MOST_SHOWN = 50;
const list = (texts: readonly string[], between = ' '): string => atMost(MOST_SHOWN, texts).join(between);

/** The differences and their remedies, as sentences; undefined where there are none. */
export async function driftInWords(source: Reader, target: Reader, { absent, added, gone }: ColumnDrift): Promise<string | undefined> {
  const sentences = [
    ...(absent.length > 0
      ? [
          `${inNumbers(absent)} came into being on the source, and the target lacks ${absent.length === 1 ? 'it' : 'them'}.`,
          await howToMake(source, target, absent),
        ]
      : []),
    ...(added.length > 0
      ? [
          `The target lacks what was added on the source: ${list(
            added.map((one) => `column ${nameOfColumn(one)} (${one.type})`),
            ', ',
          )}.`,
          `Run on the target: ${list(added.map(addition))}`,
        ]
      : []),
    ...(gone.length > 0
      ? [
          `Only the target has, as if dropped or renamed on the source: ${list(
            gone.map((one) => `column ${nameOfColumn(one)} (${one.type})`),
            ', ',
          )}.`,
          `Where it was dropped on the source, run on the target: ${list(gone.map(({ schema, table, column }) => `alter table ${qualified(schema, table)} drop column ${identifier(column)};`))}`,
        ]
      : []),
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

/** @throws SchemaDrift naming each table and column, and what mends it */
export async function demandSameColumns(source: Reader, target: Reader, excluding: Exclusions): Promise<void> {
  const words = await driftInWords(source, target, await columnDrift(source, target, excluding));
  if (words !== undefined) throw drifted(words);
}

export const drifted = (words: string): SchemaDrift =>
  new SchemaDrift(
    `The schema is no longer the one that was copied, and changes of a schema are not replicated. ${words} Nothing was changed on either side, ` +
      'and the application is not affected. A stream that has stopped for this goes on by itself once the target has what it lacks; nothing is ' +
      'lost meanwhile, since its slot keeps every change. Then start the machine again.',
  );
