/**
 * Reads of tables whose indexes, or extended statistics, lean on a search_path. A query on a table is planned over its indexes, and planning
 * puts the body of an SQL function into the expression that calls it: under our own path, which is pg_catalog alone, a body that names
 * something without its schema makes the read of the whole table fail. On the target these functions have a path of their own
 * (`search-paths.ts`), on the source they have none, and are not ours to alter. So such a read, and no other, is tried once more with their
 * schemas behind pg_catalog; its own text names everything in full.
 */
import { StatementFailed } from '../config/errors.ts';
import type { Reader } from '../ports/database.ts';
import {
  AMBIGUOUS_FUNCTION,
  INVALID_SCHEMA_NAME,
  UNDEFINED_COLUMN,
  UNDEFINED_FUNCTION,
  UNDEFINED_OBJECT,
  UNDEFINED_TABLE,
} from '../postgres/sqlstates.ts';
import { pathsToGive } from './search-paths.ts';

/** SQLSTATEs of a name that is not found: undefined table, column, object, function, schema; and one that leads to several. */
const LEADS_NOWHERE = new Set([
  UNDEFINED_TABLE,
  UNDEFINED_COLUMN,
  UNDEFINED_OBJECT,
  UNDEFINED_FUNCTION,
  INVALID_SCHEMA_NAME,
  AMBIGUOUS_FUNCTION,
]);

const EVERYTHING = { excludeSchemas: [], excludeTables: [] };

const pathFor = async (reader: Reader): Promise<readonly string[]> => [
  ...new Set((await pathsToGive(reader, EVERYTHING)).flatMap(({ path }) => path).filter((schema) => schema !== 'pg_temp')),
];

/** Runs a read with the schemas that its path is to have behind pg_catalog. */
export type LeaningRead = <Result>(read: (path: readonly string[]) => Promise<Result>) => Promise<Result>;

/** For all reads of one side; looks for the path once, and only if it is needed. */
export function leaningReads(reader: Reader): LeaningRead {
  let path: Promise<readonly string[]> | undefined;
  return async (read) => {
    try {
      return await read([]);
    } catch (error) {
      if (!(error instanceof StatementFailed) || !LEADS_NOWHERE.has(error.complaint.code ?? '')) throw error;
      path ??= pathFor(reader);
      const found = await path;
      if (found.length === 0) throw error;
      return read(found);
    }
  };
}
