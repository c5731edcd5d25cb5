/** Objects that have to be on the target before the rows that name them. */
import { StatementFailed } from '../config/errors.ts';
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import { qualified } from '../postgres/quote.ts';
import { QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { type NamedObject, namingColumns, objectsNamedIn } from './named-objects.sql.ts';

/** A table that is too large to be read through in the time of a look is passed over: then its rows may name nothing that is made late. */
export async function objectsNamedByRows(source: Reader, input: Exclusions, log: Log): Promise<NamedObject[]> {
  const found: NamedObject[] = [];
  for (const column of await source.query(namingColumns(input))) {
    try {
      found.push(...(await source.query(objectsNamedIn(column))));
    } catch (error) {
      if (!(error instanceof StatementFailed) || error.complaint.code !== QUERY_CANCELED) throw error;
      log.warn('What a column names could not be read in time', { column: `${qualified(column.schema, column.table)}: ${column.column}` });
    }
  }
  return found;
}
