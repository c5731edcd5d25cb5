/** Settings and locks of one connection. */
import type { Statement } from '../contract.ts';
import { SCHEMA } from '../names.ts';
import { statement } from './quote.ts';

/** Takes a lock of our own for as long as the connection lives, if nobody has it. */
export const lock = (name: string): Statement<{ taken: boolean }> =>
  statement(`select pg_try_advisory_lock(hashtextextended('${SCHEMA}.' || $1::text, 0)) as taken`, [name]);

export const setStatementTimeout = (milliseconds: number): Statement =>
  statement(`select set_config('statement_timeout', $1::text, false)`, [`${Math.round(milliseconds)}ms`]);
