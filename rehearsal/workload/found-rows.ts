/** The writers' rows, looked up on either side. */
import type { Statement } from '../../lambdas/ports/database.ts';
import { statement } from '../../lambdas/postgres/quote.ts';
import { TOKEN_PREFIX } from './subject.ts';

/** All of them in one table. @param table quoted and qualified, as a subject names it */
export const foundRows = (table: string): Statement<{ token: string; version: number }> =>
  statement(`select request_id as token, version from ${table} where starts_with(request_id, $1::text)`, [TOKEN_PREFIX]);

export const foundRow = (table: string, token: string): Statement<{ version: number }> =>
  statement(`select version from ${table} where request_id = $1::text`, [token]);
