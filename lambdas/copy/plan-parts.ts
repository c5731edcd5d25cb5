/** Tables → parts, in the order in which they are taken. Pure. */
import type { TableName } from '../config/input.ts';
import type { CopyPart, PartRange } from '../state/copy-parts.sql.ts';
import type { SourceTable } from './tables.sql.ts';

/** Reading a range of pages without reading the table came with version 14 (https://www.postgresql.org/docs/release/14.0/). */
export const PAGE_RANGES_SINCE = 14;

/** Smaller tables share a part: each costs some round trips, and a transaction of its own costs as much again. */
const SMALL_BYTES = 1_048_576;
/** Tables in one part. Each is locked with its TOAST, and the least that a server has is 64 locks a connection. */
const MOST_TABLES = 64;

/** Values of a key at which a table is split, in its order. */
export type KeyBounds = readonly (readonly string[])[];

const rangesByPage = (pages: number, count: number): PartRange[] => {
  const step = Math.ceil(pages / count);
  const starts = Array.from({ length: Math.ceil(pages / step) }, (_, at) => at * step);
  return starts.map((from, at) => ({ pages: [from, starts[at + 1] ?? null] }));
};

const rangesByKey = (key: SourceTable['key'], bounds: KeyBounds): PartRange[] =>
  [null, ...bounds].map((from, at) => ({ key, from, to: bounds[at] ?? null }));

const nameOf = ({ schema, table }: TableName): TableName => ({ schema, table });

/** Parts that a table of this size is worth. */
export const partsOf = ({ bytes }: Pick<SourceTable, 'bytes'>, partBytes: number): number => Math.max(1, Math.ceil(bytes / partBytes));

/**
 * Empty tables have no part: what the snapshot holds takes pages, and what was truncated since is truncated on the target by the stream. Tables
 * with the most work in their indexes come first, since these are built as soon as the last part is there: a large one without an index would leave the
 * builders idle meanwhile, and one with many at the end would leave a long build when nothing is left to copy. Small ones come last, so that no
 * worker has a long part when the others have nothing left.
 * @param boundsOf by the table's oid, where a table is split by its key
 */
export function planParts(
  tables: readonly SourceTable[],
  {
    partBytes,
    version,
    boundsOf,
  }: { readonly partBytes: number; readonly version: number; readonly boundsOf: ReadonlyMap<number, KeyBounds> },
): CopyPart[] {
  const filled = tables.filter(({ pages }) => pages > 0);
  const isSmall = ({ bytes }: SourceTable): boolean => bytes <= Math.min(SMALL_BYTES, partBytes);
  const parts: Omit<CopyPart, 'part'>[] = [];
  const large = filled.filter((table) => !isSmall(table)).toSorted((a, b) => b.indexBytes - a.indexBytes || b.bytes - a.bytes);
  for (const table of large) {
    const count = partsOf(table, partBytes);
    const ranges = version >= PAGE_RANGES_SINCE ? rangesByPage(table.pages, count) : rangesByKey(table.key, boundsOf.get(table.oid) ?? []);
    const alone = ranges.length === 1;
    for (const range of ranges) {
      parts.push({ tables: [nameOf(table)], range: alone ? null : range, bytes: Math.ceil(table.bytes / ranges.length), alone });
    }
  }
  let group: SourceTable[] = [];
  let bytes = 0;
  const close = (): void => {
    if (group.length > 0) parts.push({ tables: group.map(nameOf), range: null, bytes, alone: true });
    group = [];
    bytes = 0;
  };
  for (const table of filled.filter(isSmall)) {
    if (group.length === MOST_TABLES || (group.length > 0 && bytes + table.bytes > SMALL_BYTES)) close();
    group.push(table);
    bytes += table.bytes;
  }
  close();
  return parts.map((part, at) => ({ part: at + 1, ...part }));
}
