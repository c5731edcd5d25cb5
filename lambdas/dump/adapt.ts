/** Statements of the pre-data section → what a target runs that is not ours alone and whose role is no superuser. */
import { literal } from '../sql/quote.ts';
import type { DumpStatement } from './statements.ts';

/**
 * The settings under which a dump is meant to run. Those that pg_dump writes at its top are for psql: they would outlive a transaction,
 * and not every server knows all of them.
 */
export const dumpSettings = (scope: 'local' | 'session'): string =>
  [
    "search_path = ''",
    'check_function_bodies = off',
    'xmloption = content',
    'standard_conforming_strings = on',
    'row_security = off',
    'client_min_messages = error',
  ]
    .map((setting) => `set ${scope} ${setting}`)
    .join(';\n');

const RULES: readonly (readonly [pattern: RegExp, replacement: (text: string) => string | undefined])[] = [
  // The access method of the tables that follow is the only setting that changes in the middle of a dump.
  [/^SET (?=default_table_access_method\b)/, (text) => text.replace(/^SET /, 'SET LOCAL ')],
  [/^(SET|SELECT pg_catalog\.set_config)\b/, () => undefined],
  // A target may have prepared a schema, for an extension for example.
  [/^CREATE SCHEMA (?!IF )/, (text) => text.replace(/^CREATE SCHEMA /, 'CREATE SCHEMA IF NOT EXISTS ')],
  [/^COMMENT ON (EXTENSION|SCHEMA public)\b/, asFarAsAllowed],
];

/** A comment on what the target's provider may own is not worth a failed copy. */
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
