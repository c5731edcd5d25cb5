/** Loops over what a side must not have as long as it subscribes: taken away, and put back when it no longer does. */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { literal, statement } from '../postgres/quote.ts';
import type { OwnTable } from './tables.ts';

/** A statement that waits for a table makes every later session wait, too. */
const LOCK_WAIT = '1s';
/** Times that a lock is waited for. */
export const TRIES = 5;

/**
 * Nothing where the record is not there. Each lock is waited for no longer than that, in a transaction that may go on afterwards. The block is quoted as
 * a whole, since a name in it may hold any text.
 * @param record our table in which it is written down what is held
 * @param loop over records `one`
 */
export const eachHeld = ({ name }: OwnTable, loop: string): Statement =>
  statement(`
do ${literal(`
declare
  one record;
  lock_wait text := current_setting('lock_timeout');
begin
  if to_regclass('${SCHEMA}.${name}') is null then return; end if;
  perform set_config('lock_timeout', '${LOCK_WAIT}', true);
${loop.trim()}
  perform set_config('lock_timeout', lock_wait, true);
end
`)}
`);
