/** Sets of tables, compared by their exact names. */
import type { TableName } from './input.ts';
import { atMost } from './listing.ts';
import { HEARTBEAT, SCHEMA } from './names.ts';

/** Our own table, which is published with the user's. */
export const HEARTBEAT_TABLE: TableName = { schema: SCHEMA, table: HEARTBEAT };

/** A key that no other table has, whatever characters the names hold. */
export const keyOf = ({ schema, table }: TableName): string => JSON.stringify([schema, table]);

/** The tables of `all` that `known` does not hold. */
export function missingFrom<Table extends TableName>(known: readonly TableName[], all: readonly Table[]): Table[] {
  const keys = new Set(known.map(keyOf));
  return all.filter((table) => !keys.has(keyOf(table)));
}

/** For messages: `schema.table`, the first few, and how many more. */
export const named = (tables: readonly TableName[], most = 5): string =>
  atMost(
    most,
    tables.map(({ schema, table }) => `${schema}.${table}`),
  ).join(', ');
