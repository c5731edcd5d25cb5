/**
 * The only place where text becomes SQL. Values are bound wherever PostgreSQL allows parameters; utility statements allow none, and
 * names never are parameters, so both are quoted here, as the manual's lexical rules say
 * (https://www.postgresql.org/docs/current/sql-syntax-lexical.html).
 */
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';

/** A name in double quotes: any name, whatever it holds. */
export function identifier(name: string): string {
  refuseNul(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"` */
export function qualified(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** A string constant that means the same whatever `standard_conforming_strings` is set to. */
export function literal(value: string): string {
  refuseNul(value);
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? ` E${quoted}` : quoted;
}

/** `keyword='value'` pairs of a libpq connection string (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING). */
export function conninfo(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}='${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`)
    .join(' ');
}

/** A statement and its bound values, `$1` first. */
export function statement<Row = Record<string, never>>(text: string, values: readonly unknown[] = []): Statement<Row> {
  return { text: text.trim(), values };
}

/** The same for a text of several lines, which comes last. @param values bound, `$1` first */
export const bound =
  (values: readonly unknown[]) =>
  <Row = Record<string, never>>(text: string): Statement<Row> =>
    statement(text, values);

/** Condition under which a namespace `n` holds objects of the user: not the system's, not temporary, not ours. */
export const USER_SCHEMA = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '${PREFIX}')`;

function refuseNul(text: string): void {
  if (text.includes('\0')) throw new RangeError('A name or value holds a NUL character, which PostgreSQL cannot store.');
}
