/**
 * Rows as numbers that are equal on two servers exactly where the rows are.
 *
 * The image of a value is what its type's send function makes of it, where that is the same on every version from 11 to 18, and else the
 * text that its output function prints. Both distinguish values that `=` and the types' own hash functions do not: 0 and -0, 1.0 and 1.00, one
 * day and 24 hours, {{1}} and {1}. Neither holds the OID of an enum or of a row type, which differ between servers, and none depends on
 * a collation. Images by send functions hash at 1.3 million rows a second, as text at 0.6 (ten ordinary columns, PostgreSQL 15).
 *
 * No code of a user's runs. Text is made by output functions, which only superusers can write, and never by a cast, which the owner of a type
 * can; keys come back through input functions of types below all domains, whose constraints so are not asked; functions and operators are
 * those of pg_catalog by their full names, whatever the path ({@link pinPrinting}); and the statement does not even parse where a view has taken the table's place.
 *
 * The hash of a row is taken twice, because the hash of a record is linear in the hashes of its columns: without the second one, two
 * rows that have swapped the values of one column would have the same sum as before. Sums, not XORs, tell duplicates from nothing.
 */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, qualified, statement } from '../postgres/quote.ts';
import { type BinaryType, SEND } from './send-functions.ts';

export interface ComparedColumn {
  readonly name: string;
  /** Undefined where the column is compared as text. */
  readonly binary: BinaryType | undefined;
}

export interface KeyColumn {
  readonly name: string;
  /** Below all domains, as SQL writes it with its schema. */
  readonly type: string;
}

/** A table and how to compare it; the same for both sides, because equal rows have equal hashes only by the same expression. */
export interface ComparedTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ComparedColumn[];
  /** Columns that identify a row, in order; empty where there are none. */
  readonly key: readonly KeyColumn[];
  /** Whether both servers have hash_record_extended, which came with version 14. */
  readonly hashesRecords: boolean;
}

/** A key's values as text, in the order of the key's columns. */
export type Key = readonly string[];

/** Rows of a table: those between two keys, the first excluded, the second included, open where there is none; or those with these keys. */
export type Selection = { readonly after?: Key | undefined; readonly upTo?: Key | undefined } | { readonly keys: readonly Key[] };

const column = (name: string): string => `r.${identifier(name)}`;
const asText = (columns: readonly ComparedColumn[]): string =>
  `pg_catalog.textsend(row(${columns.map(({ name }) => column(name)).join(', ')})::text)`;

/** The bytes that stand for a value. A NaN has many binary forms and only one meaning. */
function image(one: ComparedColumn): string {
  if (one.binary === undefined) return asText([one]);
  const value = column(one.name);
  if (one.binary !== 'float4' && one.binary !== 'float8') return `pg_catalog.${SEND[one.binary]}(${value})`;
  const float = `${value}::${one.binary}`; // a domain's constraint need not allow NaN
  return `pg_catalog.${SEND[one.binary]}(case when ${float} operator(pg_catalog.=) 'NaN'::${one.binary} then 'NaN' else ${float} end)`;
}

/** Columns compared as text share one image: printing a row costs little more than printing a value. */
function rowImage({ columns }: ComparedTable): string {
  const printed = columns.filter(({ binary }) => binary === undefined);
  const images = columns.filter(({ binary }) => binary !== undefined).map(image);
  return `row(${[...images, ...(printed.length > 0 || images.length === 0 ? [asText(printed)] : [])].join(', ')})`;
}

const rowHash = (table: ComparedTable): string =>
  table.hashesRecords
    ? `pg_catalog.hash_record_extended(row(pg_catalog.int8send(pg_catalog.hash_record_extended(${rowImage(table)}, 0))), 1)`
    : `pg_catalog.hashtextextended(${rowImage(table)}::text collate "C", 0)`;

const keyColumns = ({ key }: ComparedTable): string => key.map(({ name }) => column(name)).join(', ');
const keyAsText = ({ key }: ComparedTable): string =>
  `array[${key.map(({ name }) => `pg_catalog.format('%s', ${column(name)})`).join(', ')}]`;
const only = ({ schema, table }: ComparedTable): string => `only ${qualified(schema, table)}`;

/**
 * Always true, and gone before the statement is planned; but a sample can be taken of a table only, so the statement is refused while it is
 * parsed if anything else has the name by now.
 */
const isTable = (table: ComparedTable): string => `(true or exists (select from ${only(table)} tablesample pg_catalog.system (0)))`;

/** The `from` and `where` of a selection, with its values. Keys are numbered from 1 as `w.n`. */
function rowsOf(table: ComparedTable, selection: Selection): { from: string; values: unknown[] } {
  if ('keys' in selection) {
    const lists = table.key.map((_, place) => selection.keys.map((key) => key[place]));
    const names = table.key.map((_, place) => `k${place}`);
    const matches = table.key.map(({ name }, place) => `${column(name)} operator(pg_catalog.=) w.k${place}`);
    const columns = table.columns.map(({ name }) => column(name));
    // `limit 1` keeps the planner to one index search a key: it believes a hash join of the whole table to be as cheap.
    return {
      from: `from rows from (${table.key.map(({ type }, place) => `pg_catalog.unnest($${place + 1}::${type}[])`).join(', ')}) with ordinality as w (${[...names, 'n'].join(', ')})
cross join lateral (
  select ${columns.join(', ')} from ${only(table)} as r where ${[...matches, isTable(table)].join(' and ')} limit 1
) as r`,
      values: lists,
    };
  }
  const values: unknown[] = [];
  // The type stands at the parameter itself, so the server takes it by the type's input function. A cast from text could be a user's.
  const bound = (comparison: string, key: Key | undefined): string[] => {
    if (key === undefined) return [];
    const parts = table.key.map(({ type }, place) => `$${values.push(key[place])}::${type}`);
    return [`(${keyColumns(table)}) operator(pg_catalog.${comparison}) (${parts.join(', ')})`];
  };
  const conditions = [...bound('>', selection.after), ...bound('<=', selection.upTo), isTable(table)];
  return { from: `from ${only(table)} as r where ${conditions.join(' and ')}`, values };
}

const everyRow = (table: ComparedTable): string => rowsOf(table, {}).from;

/** How many rows, and the sum of their hashes: equal sums of 64-bit hashes mean equal rows, whatever their order. */
export interface RowSum {
  readonly rows: number;
  readonly sum: string;
}

export function rowSum(table: ComparedTable, selection: Selection): Statement<RowSum> {
  const { from, values } = rowsOf(table, selection);
  return statement(
    `select pg_catalog.count(*)::float8 as rows, coalesce(pg_catalog.sum(h), 0)::text as sum from (select ${rowHash(table)} as h ${from}) as hashed`,
    values,
  );
}

/** Whole tables by one statement. `n` counts them as they were passed, from 0. */
export const rowSums = (tables: readonly ComparedTable[]): Statement<RowSum & { readonly n: number }> =>
  statement(
    tables
      .map(
        (table, n) =>
          `select ${n} as n, pg_catalog.count(*)::float8 as rows, coalesce(pg_catalog.sum(h), 0)::text as sum from (select ${rowHash(table)} as h ${everyRow(table)}) as hashed`,
      )
      .join('\nunion all\n'),
  );

/** The key of the row that is `size` rows further, by the key's own order; no row where fewer are left. */
export function rangeEnd(table: ComparedTable, after: Key | undefined, size: number): Statement<{ key: Key }> {
  const { from, values } = rowsOf(table, { after });
  // The key becomes text outside, or it would for each of the rows that are passed over.
  const last = `select ${keyColumns(table)} ${from} order by ${keyColumns(table)} offset ${size - 1} limit 1`;
  return statement(`select ${keyAsText(table)} as key from (${last}) as r`, values);
}

/** The next keys in this server's own order. */
export function keysAfter(table: ComparedTable, after: Key | undefined, size: number): Statement<{ key: Key }> {
  const { from, values } = rowsOf(table, { after });
  return statement(`select ${keyAsText(table)} as key ${from} order by ${keyColumns(table)} limit ${size}`, values);
}

/** Number of rows, without reading their columns. */
export function rowCount(table: ComparedTable, selection: Selection): Statement<{ rows: number }> {
  const { from, values } = rowsOf(table, selection);
  return statement(`select pg_catalog.count(*)::float8 as rows ${from}`, values);
}

/** Each row by itself. */
export function rowHashes(table: ComparedTable, selection: Selection, limit: number): Statement<{ key: Key; hash: string }> {
  const { from, values } = rowsOf(table, selection);
  return statement(`select ${keyAsText(table)} as key, ${rowHash(table)}::text as hash ${from} limit ${limit}`, values);
}

/** The value of one side for the item that was passed at position `n`, from 0. */
export interface Found {
  readonly n: number;
  readonly value: string;
}

/** The hash of the row with each of these keys, where there is one. */
export function hashesByKey(table: ComparedTable, keys: readonly Key[]): Statement<Found> {
  const { from, values } = rowsOf(table, { keys });
  return statement(`select w.n::float8 operator(pg_catalog.-) 1 as n, ${rowHash(table)}::text as value ${from}`, values);
}

/** From this length in bytes on a value travels as its SHA-256. */
const LONG_VALUE = 1_000;

/** The row's hash, and the image of each of its values, in the order of the columns. */
export interface FoundValues extends Found {
  readonly images: readonly (string | null)[];
}

export function valuesByKey(table: ComparedTable, keys: readonly Key[]): Statement<FoundValues> {
  const { from, values } = rowsOf(table, { keys });
  const images = table.columns
    .map(image)
    .map(
      (i) =>
        `pg_catalog.encode(case when pg_catalog.length(${i}) operator(pg_catalog.<) ${LONG_VALUE} then ${i} else pg_catalog.sha256(${i}) end, 'hex')`,
    );
  return statement(
    `select w.n::float8 operator(pg_catalog.-) 1 as n, ${rowHash(table)}::text as value, array[${images.join(', ')}]::text[] as images ${from}`,
    values,
  );
}

/** Sums of the rows whose hashes end alike. */
export interface BucketSum extends RowSum {
  readonly bucket: string;
}

/** The whole table in one scan. `buckets` is a power of two. */
export const bucketSums = (table: ComparedTable, buckets: number): Statement<BucketSum> =>
  bound([buckets - 1])(`
select (h operator(pg_catalog.&) $1::bigint)::text as bucket, pg_catalog.count(*)::float8 as rows, pg_catalog.sum(h)::text as sum
from (select ${rowHash(table)} as h ${everyRow(table)}) as hashed
group by 1
`);

/** How many rows there are of each hash in these buckets. */
export const hashCounts = (table: ComparedTable, buckets: number, some: readonly string[]): Statement<{ hash: string; copies: string }> =>
  bound([buckets - 1, some])(`
select h::text as hash, pg_catalog.count(*)::text as copies
from (select ${rowHash(table)} as h ${everyRow(table)}) as hashed
where (h operator(pg_catalog.&) $1::bigint) operator(pg_catalog.=) any ($2::bigint[])
group by h
`);

/** How many rows there are of each of these hashes. */
export const copiesByHash = (table: ComparedTable, hashes: readonly string[]): Statement<Found> =>
  bound([hashes])(`
select w.n::float8 operator(pg_catalog.-) 1 as n, pg_catalog.count(*)::text as value
from (select ${rowHash(table)} as h ${everyRow(table)}) as hashed
join pg_catalog.unnest($1::bigint[]) with ordinality as w (h, n) on w.h operator(pg_catalog.=) hashed.h
group by w.n
`);

/** How many rows there are of each image, among the rows with these hashes; images as their SHA-256. */
export const copiesByImage = (table: ComparedTable, hashes: readonly string[]): Statement<{ image: string; copies: number }> =>
  bound([hashes])(`
select pg_catalog.encode(pg_catalog.sha256(pg_catalog.textsend(i::text)), 'hex') as image, pg_catalog.count(*)::float8 as copies
from (select ${rowHash(table)} as h, ${rowImage(table)} as i ${everyRow(table)}) as hashed
where h operator(pg_catalog.=) any ($1::bigint[])
group by 1
`);
