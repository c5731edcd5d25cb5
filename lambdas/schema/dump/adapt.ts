/** Statements of the pre-data section → what a target runs that is not ours alone and whose role is no superuser. */
import { asFarAsAllowed } from './dump-session.sql.ts';
import type { DumpStatement } from './statements.ts';

const RULES: readonly (readonly [pattern: RegExp, replacement: (text: string) => string | undefined])[] = [
  // The access method of the tables that follow is the only setting that changes in the middle of a dump.
  [/^SET (?=default_table_access_method\b)/, (text) => text.replace(/^SET /, 'SET LOCAL ')],
  [/^(SET|SELECT pg_catalog\.set_config)\b/, () => undefined],
  // A target may have prepared a schema, for an extension for example.
  [/^CREATE SCHEMA (?!IF )/, (text) => text.replace(/^CREATE SCHEMA /, 'CREATE SCHEMA IF NOT EXISTS ')],
  // Not worth a failed copy: the target's provider may own both.
  [/^COMMENT ON (EXTENSION\b|SCHEMA "?public\b)/, asFarAsAllowed],
];

/** The statements to run, in the same order. */
export function adapt(statements: readonly DumpStatement[]): DumpStatement[] {
  return statements.flatMap((statement) => {
    const rule = RULES.find(([pattern]) => pattern.test(statement.text));
    if (!rule) return [statement];
    const text = rule[1](statement.text);
    return text === undefined ? [] : [{ ...statement, text }];
  });
}
