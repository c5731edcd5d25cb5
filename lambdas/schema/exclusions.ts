/** Exclusions of pg_dump, as its own options. */
import type { Exclusions } from '../config/input.ts';
import { SCHEMA } from '../config/names.ts';
import { identifier, qualified } from '../postgres/quote.ts';

/**
 * Options of pg_dump that take the schema alone. Owners and privileges stay behind as in the guide ("Migrate from Aurora to
 * PlanetScale", step 3); tablespaces and security labels name what a managed target does not have.
 */
const SCHEMA_ALONE = [
  '--schema-only',
  '--no-owner',
  '--no-privileges',
  '--no-publications',
  '--no-subscriptions',
  '--no-tablespaces',
  '--no-security-labels',
  // A server quotes the keywords of its own version; on a newer one `system_user` without quotes is a function, and `json` a syntax error.
  '--quote-all-identifiers',
];

/**
 * These options take patterns. Inside of double quotes no character is special to them
 * (https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS), so a quoted name matches itself and nothing else. A table
 * takes its partitions and children with it, as it does in {@link INCLUDED_TABLE} of `postgres/tables.sql.ts`.
 * @param extensions those that stay behind, with their members
 */
export function dumpOptions(input: Exclusions, extensions: readonly string[]): string[] {
  return [
    ...SCHEMA_ALONE,
    ...[SCHEMA, ...input.excludeSchemas].map((schema) => `--exclude-schema=${identifier(schema)}`),
    ...input.excludeTables.map(({ schema, table }) => `--exclude-table-and-children=${qualified(schema, table)}`),
    ...extensions.map((extension) => `--exclude-extension=${identifier(extension)}`),
  ];
}

/** Objects that were left out of a copy and are wanted now, each as the operator would write it. Leaving out more than then is no problem. */
export function wantedSince(copied: Exclusions, now: Exclusions): string[] {
  const schemas = copied.excludeSchemas.filter((schema) => !now.excludeSchemas.includes(schema));
  const tables = copied.excludeTables.filter(
    ({ schema, table }) =>
      !now.excludeSchemas.includes(schema) && !now.excludeTables.some((other) => other.schema === schema && other.table === table),
  );
  return [...schemas.map(identifier), ...tables.map(({ schema, table }) => qualified(schema, table))];
}
