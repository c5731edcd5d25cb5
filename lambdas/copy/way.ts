/** By which way rows are copied: by the subscription, as in the guides, or in parts by workers of ours. Decided when the schema is copied. */
import type { MigrationInput } from '../config/input.ts';
import type { PublishedTable } from '../postgres/tables.sql.ts';

/** Bytes from which `auto` takes parts: of one table, which the subscription copies in one piece and from its beginning after any break, and of all. */
export const PARTS_FROM_ONE_TABLE = 20 * 1024 ** 3;
/** PlanetScale's own limit for a copy by logical replication. */
export const PARTS_FROM_ALL = 150 * 1024 ** 3;

export interface Way {
  readonly way: 'stream' | 'parts';
  /** The reason, as the rest of a sentence that begins with "because". */
  readonly why: string;
}

const GIBIBYTE = 1024 ** 3;
const gibibytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(bytes < GIBIBYTE ? 3 : 0)} GiB`;

export function wayOfCopy({ copy }: Pick<MigrationInput, 'copy'>, tables: readonly PublishedTable[]): Way {
  if (copy !== 'auto') return { way: copy, why: `the input says so ("copy": "${copy}")` };
  const [largest] = tables.toSorted((a, b) => b.bytes - a.bytes);
  const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  if (largest && largest.bytes >= PARTS_FROM_ONE_TABLE) {
    return {
      way: 'parts',
      why: `${largest.schema}.${largest.table} has ${gibibytes(largest.bytes)}, and ${gibibytes(PARTS_FROM_ONE_TABLE)} are enough`,
    };
  }
  if (all >= PARTS_FROM_ALL) return { way: 'parts', why: `all tables have ${gibibytes(all)}, and ${gibibytes(PARTS_FROM_ALL)} are enough` };
  return {
    way: 'stream',
    why: `the largest table has ${gibibytes(largest?.bytes ?? 0)} of ${gibibytes(PARTS_FROM_ONE_TABLE)}, and all have ${gibibytes(all)} of ${gibibytes(PARTS_FROM_ALL)}, from which parts pay`,
  };
}
