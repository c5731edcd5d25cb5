/** Statements of the pre-data section → what a target runs that is not ours alone and whose role is no superuser. */
import { literal } from '../sql/quote.ts';
import type { DumpStatement } from './statements.ts';

/**
 * The settings under which a dump is meant to run, for one transaction. Those that pg_dump writes at its top are for psql: they would
 * outlive the transaction, and an older server does not know all of them.
 */
export const DUMP_SETTINGS = `
set local search_path = '';
set local check_function_bodies = off;
set local xmloption = content;
set local standard_conforming_strings = on;
set local row_security = off;
set local client_min_messages = error
`.trim();

const RULES: readonly (readonly [pattern: RegExp, replacement: (text: string) => string | undefined])[] = [
  // The access method of the tables that follow is the only setting that changes in the middle of a dump.
  [/^SET (?=default_table_access_method\b)/, (text) => text.replace(/^SET /, 'SET LOCAL ')],
  [/^(SET|SELECT pg_catalog\.set_config)\b/, () => undefined],
  // The extension's own installation sets its comment, and only its owner may.
  [/^COMMENT ON EXTENSION\b/, () => undefined],
  // A target may have prepared a schema, for an extension for example.
  [/^CREATE SCHEMA (?!IF )/, (text) => text.replace(/^CREATE SCHEMA /, 'CREATE SCHEMA IF NOT EXISTS ')],
  [/^COMMENT ON SCHEMA public\b/, asFarAsAllowed],
];

/** A comment on what a managed target may own itself is not worth a failed copy. */
function asFarAsAllowed(text: string): string {
  return `do ${literal(`begin
  execute ${literal(text)};
exception when insufficient_privilege then
end`)}`;
}

/** The statements to run, in the same order. */
export function adapt(statements: readonly DumpStatement[]): DumpStatement[] {
  return statements.flatMap((statement) => {
    const rule = RULES.find(([pattern]) => pattern.test(statement.text));
    if (!rule) return [statement];
    const text = rule[1](statement.text);
    return text === undefined ? [] : [{ ...statement, text }];
  });
}
