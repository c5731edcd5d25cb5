/** FORCE ROW LEVEL SECURITY in a dump: the target must not have it while it subscribes (`state/held-force.sql.ts`). */
import type { TableName } from '../../config/input.ts';
import { Reader } from './kinds.ts';
import type { DumpStatement } from './statements.ts';

/** More tokens than such a statement has. */
const TOKENS = 16;

/** The table that a statement forces row-level security on; undefined where it does something else. */
export function tableForced(text: string): TableName | undefined {
  const sql = new Reader(text, TOKENS);
  if (!sql.has(0, 'ALTER TABLE')) return undefined;
  const { object, next } = sql.qualified(sql.has(2, 'ONLY') ? 3 : 2);
  return sql.has(next, 'FORCE ROW LEVEL SECURITY') ? { schema: object.schema, table: object.name } : undefined;
}

/** Statements of the pre-data section, without these, and the tables that they are about. */
export function withoutForce(statements: readonly DumpStatement[]): { readonly now: DumpStatement[]; readonly heldForce: TableName[] } {
  const forced = statements.map(({ text }) => tableForced(text));
  return { now: statements.filter((_, at) => !forced[at]), heldForce: forced.filter((table) => table !== undefined) };
}
