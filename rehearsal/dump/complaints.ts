/** Errors of a server while a dump is loaded, and their remedies. */
import pg from 'pg';
import * as sqlstate from '../../lambdas/postgres/sqlstates.ts';

const DUPLICATES = new Set([sqlstate.DUPLICATE_OBJECT, sqlstate.DUPLICATE_SCHEMA, sqlstate.DUPLICATE_DATABASE]);
const UNDEFINED = new Set([
  sqlstate.UNDEFINED_OBJECT,
  sqlstate.UNDEFINED_TABLE,
  sqlstate.UNDEFINED_FUNCTION,
  sqlstate.INVALID_SCHEMA_NAME,
  sqlstate.UNDEFINED_COLUMN,
]);

export type Complaint =
  | {
      readonly kind:
        | 'missing role'
        | 'missing tablespace'
        | 'missing extension'
        | 'missing version'
        | 'missing locale'
        | 'missing privilege';
      readonly name: string;
    }
  | { readonly kind: 'not allowed' | 'there already' | 'not there' | 'other' };

/** Messages are in English, since the embedded servers are set so (`lc_messages`). */
const MISSING: readonly (readonly [RegExp, Extract<Complaint, { name: string }>['kind']])[] = [
  [/^role "(.*)" does not exist$/s, 'missing role'],
  [/^tablespace "(.*)" does not exist$/s, 'missing tablespace'],
  [/^required extension "(.*)" is not installed$/s, 'missing extension'],
  [/^extension "(.*)" has no installation script nor update path/s, 'missing version'],
  [/^unrecognized privilege type "(.*)"$/s, 'missing privilege'],
  [/^invalid value for parameter "lc_(?:monetary|numeric|time)": "(.*)"$/s, 'missing locale'],
  [/^could not (?:create|open|load) locale "(.*)"/s, 'missing locale'],
];

export function complaintIn(error: unknown): Complaint {
  if (!(error instanceof pg.DatabaseError)) return { kind: 'other' };
  for (const [pattern, kind] of MISSING) {
    const name = pattern.exec(error.message)?.[1];
    if (name !== undefined) return { kind, name };
  }
  if (error.code === sqlstate.INSUFFICIENT_PRIVILEGE) return { kind: 'not allowed' };
  if (DUPLICATES.has(error.code ?? '')) return { kind: 'there already' };
  return { kind: UNDEFINED.has(error.code ?? '') ? 'not there' : 'other' };
}

/** The locks of one transaction did not find room, as the server's hint says of `max_locks_per_transaction`. */
export const isOutOfLocks = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === sqlstate.OUT_OF_MEMORY && `${error.hint}`.includes('max_locks_per_transaction');

/** COPY into a table whose policies apply to its owner, or to any other role. */
export const isAboutRowSecurity = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === sqlstate.FEATURE_NOT_SUPPORTED && error.message.includes('row-level security');

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
