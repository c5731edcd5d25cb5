/** Tables that the rehearsal compares, and those of them that it counts: its own tables have to arrive, but are not the user's. */
import type { Exclusions } from '../../lambdas/config/input.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import { statement } from '../../lambdas/postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../lambdas/postgres/tables.sql.ts';
import { WORKLOAD_SCHEMA } from '../workload/own-subjects.ts';
import type { Look } from './look.ts';

export interface Scope {
  /** Whether it is expected on the target at all. */
  includes(schema: string, table: string): boolean;
  /** Whether it is the user's. */
  counts(schema: string): boolean;
}

const isTheirs = (schema: string): boolean => schema !== WORKLOAD_SCHEMA;

export const EVERYTHING: Scope = { includes: () => true, counts: isTheirs };

const included = (leftOut: Exclusions): Statement<{ readonly schema: string; readonly table: string }> =>
  statement(
    `
select n.nspname::text as schema, c.relname::text as "table" from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and ${INCLUDED_TABLE}
`,
    exclusions(leftOut),
  );

/** @param leftOut what the input of the migration left behind, with whatever hangs below it */
export async function scopeOf(look: Look, leftOut: Exclusions): Promise<Scope> {
  if (leftOut.excludeSchemas.length + leftOut.excludeTables.length === 0) return EVERYTHING;
  const kept = new Set((await look(included(leftOut))).map(({ schema, table }) => JSON.stringify([schema, table])));
  return { includes: (schema, table) => kept.has(JSON.stringify([schema, table])), counts: isTheirs };
}
