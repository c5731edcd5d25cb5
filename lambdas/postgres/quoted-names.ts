/**
 * Definitions that one server prints and another one runs. A server leaves out the quotes of every name that is no keyword to its own version:
 * `system_user` is a column to version 15 and a function to 18. With this setting every name is printed in quotes
 * (https://www.postgresql.org/docs/current/runtime-config-compatible.html#GUC-QUOTE-ALL-IDENTIFIERS).
 */
import type { Reader } from '../ports/database.ts';
import { quoteAllNames } from './session-pins.sql.ts';

/** All that is asked within is printed with quotes, and seen at one moment. */
export const quotingAllNames = <Result>(
  reader: Pick<Reader, 'snapshot'>,
  ask: (reader: Pick<Reader, 'query'>) => Promise<Result>,
): Promise<Result> =>
  reader.snapshot(async (snapshot) => {
    await snapshot.query(quoteAllNames());
    return ask(snapshot);
  });

const CONSTANT_OR_NAME = /'(?:[^']|'')*'|"((?:[^"]|"")*)"/g;
const PLAIN = /^[a-z_][a-z0-9_$]*$/;

/** For messages, and for names of two sides to be compared: without quotes around simple names. Not to be run. */
export const withoutNeedlessQuotes = (text: string): string =>
  text.replaceAll(CONSTANT_OR_NAME, (found, name: string | undefined) => (name !== undefined && PLAIN.test(name) ? name : found));
