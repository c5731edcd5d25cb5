/** The plan of a table's comparison, from both catalogs. */
import type { ShapeColumn } from '../postgres/table-shape.sql.ts';
import type { ComparedTable } from './comparison.sql.ts';
import { isBinaryType } from './send-functions.ts';

/**
 * How a table is traversed.
 * `ranges`: between two keys. The order of the key is the same on both sides and an index serves it, so only sums travel.
 * `keys`: by lists of keys. Text under a collation is ordered by a library that differs between servers, so the same two bounds would
 * select different rows. Each side's keys are read in that side's own order and looked up on the other, one index search a row.
 * `whole`: in one scan, for tables in which nothing tells two rows apart, or only a type whose order and equality are not the server's own.
 */
export type Walk = 'ranges' | 'keys' | 'whole';

/** Types of keys that have the same order on both sides. Floats are not among them: their text is not exact before version 12. */
const ORDERED_ALIKE = new Set(['int2', 'int4', 'int8', 'numeric', 'bool', 'date', 'time', 'timestamp', 'timestamptz', 'uuid', 'bytea']);
const ORDERED_BY_COLLATION = new Set(['text', 'varchar', 'bpchar', 'name']);
const canBeKey = ({ base }: ShapeColumn): boolean =>
  base !== null && (ORDERED_ALIKE.has(base) || ORDERED_BY_COLLATION.has(base) || base === 'enum');
const sortsAlike = ({ base, sortsAlike }: ShapeColumn): boolean =>
  base !== null && (ORDERED_ALIKE.has(base) || (ORDERED_BY_COLLATION.has(base) && sortsAlike));

export interface Plan {
  readonly table: ComparedTable;
  readonly walk: Walk;
}

/** First version with hash_record_extended. */
const HASHES_RECORDS = 14;

/**
 * @param versions major versions of both servers
 * @returns how to compare the table, or in words why there is nothing to compare
 */
export function planOf(
  name: { readonly schema: string; readonly table: string },
  source: readonly ShapeColumn[],
  target: readonly ShapeColumn[] | undefined,
  versions: readonly number[],
): Plan | string {
  if (target === undefined) return 'the table does not exist on the target';
  const onTarget = new Map(target.map((column) => [column.name, column]));
  const onSource = new Set(source.map((column) => column.name));
  const unmatched = [
    ...source.filter(({ name }) => !onTarget.has(name)).map(({ name }) => `column "${name}" is only on the source`),
    ...target.filter(({ name }) => !onSource.has(name)).map(({ name }) => `column "${name}" is only on the target`),
  ];
  if (unmatched.length > 0) return unmatched.join(', ');

  const key = source
    .flatMap((column) => (column.keyPosition === null ? [] : [{ ...column, keyPosition: column.keyPosition }]))
    .sort((one, other) => one.keyPosition - other.keyPosition);
  const twins = key.flatMap(({ name }) => onTarget.get(name) ?? []);
  const isKey = key.length > 0 && [...key, ...twins].every(canBeKey);
  const columns = source.map(({ name, base }) => ({
    name,
    binary: isBinaryType(base) && onTarget.get(name)?.base === base ? base : undefined,
  }));
  return {
    table: {
      ...name,
      columns,
      key: isKey ? key.map(({ name, type }) => ({ name, type })) : [],
      hashesRecords: versions.every((version) => version >= HASHES_RECORDS),
    },
    walk: !isKey ? 'whole' : [...key, ...twins].every(sortsAlike) ? 'ranges' : 'keys',
  };
}
