/**
 * Tables of the source that the target lacks. A table that is published and not there stops the stream for every table, at the first change
 * of it; so every step that publishes checks the target first.
 */
import type { TableName } from '../config/input.ts';
import { atMost } from '../config/listing.ts';
import { keyOf, missingFrom, named } from '../config/tables.ts';
import type { Reader } from '../ports/database.ts';
import { literal, qualified } from '../postgres/quote.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import { ancestryOf, tablesThere } from './table-columns.sql.ts';

/** The tables of `wanted` that this side does not have. */
export async function absentFrom(side: Reader, wanted: readonly TableName[]): Promise<TableName[]> {
  return wanted.length === 0 ? [] : missingFrom(await side.query(tablesThere(wanted)), wanted);
}

/** Statements and commands are many characters each, and have to fit into one message. */
const MOST_SHOWN = 20;

/**
 * The statements that make them on the target, for the operator to run there: one statement for a partition of a table that the target has,
 * which gets its keys and indexes from its parent; pg_dump for everything else, which brings keys, indexes, defaults and what else belongs
 * to it.
 */
export async function howToMake(source: Reader, target: Reader, absent: readonly TableName[]): Promise<string> {
  const found = await quotingAllNames(source, (quoting) => quoting.query(ancestryOf(absent)));
  const above = new Map(found.flatMap((one) => one.above).map((table) => [keyOf(table), table]));
  const there = new Set((above.size === 0 ? [] : await target.query(tablesThere([...above.values()]))).map(keyOf));
  const partitions = found.flatMap((one) => {
    const [parent] = one.above;
    return one.bound !== null && parent && there.has(keyOf(parent)) ? [{ ...one, parent }] : [];
  });
  const others = missingFrom(partitions, found).map((one) => one.above.at(-1) ?? one);
  const roots = new Map(others.map((root) => [keyOf(root), root]));
  const statements = partitions.map(
    ({ schema, table, bound, parent }) =>
      `create table ${qualified(schema, table)} partition of ${qualified(parent.schema, parent.table)} ${bound};`,
  );
  const patterns = [...roots.values()].map(({ schema, table }) => `--table-and-children=${literal(qualified(schema, table))}`);
  const parts = [
    ...(statements.length > 0 ? [`run ${shortened(statements, ' ')}`] : []),
    ...(patterns.length > 0
      ? [
          `run pg_dump (16 or newer) on the source with --schema-only --quote-all-identifiers --no-owner --no-privileges ${shortened(patterns, ' ')} and pass what it ` +
            'prints to psql on the target',
        ]
      : []),
  ];
  return `Make them on the target as the role that the migration uses there, and leave them empty: ${parts.join('; ')}.`;
}

const shortened = (texts: readonly string[], between: string): string => atMost(MOST_SHOWN, texts).join(between);

/** For messages, with their number. */
export const inNumbers = (tables: readonly TableName[]): string =>
  `${tables.length === 1 ? 'One table' : `${tables.length} tables`} (${named(tables, MOST_SHOWN)})`;
