/** A subscription that connects and is then rolled back. */
import { EMPTY_PUBLICATION, PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, statement } from '../postgres/quote.ts';
import { withSecret } from '../postgres/secret-connection.sql.ts';

const TRIED = `${PREFIX}_tried`;

/** Older subscribers store no subscription without the name of a slot. They ask for none of that name; newer ones do. */
const SLOTLESS_SINCE = 13;

/**
 * To be rolled back; in this order, in one transaction. It makes no slot, has none and starts nothing, so connecting is all that it does. The
 * publication has to be there: where one is missing, the server logs a warning together with the statement and the password in it.
 * @param version major version of the subscriber
 */
export const trySubscribing = (connection: string, version: number): Statement[] =>
  withSecret(
    `
create subscription ${identifier(TRIED)} connection %L publication ${identifier(EMPTY_PUBLICATION)}
with (connect = true, create_slot = false, slot_name = ${version >= SLOTLESS_SINCE ? 'none' : identifier(TRIED)}, enabled = false, copy_data = false)
`,
    connection,
  );

export const ownProcess = (): Statement<{ readonly pid: number }> => statement('select pg_backend_pid() as pid');

/**
 * Cancels what a session of ours does, and no other that has its number by now; it ends when it finds its client gone. It is not terminated: no handler
 * catches that, and the server would log the statement, which holds a password, as the context of the end.
 */
export const cancelOwnProcess = (pid: number): Statement<unknown> =>
  bound([pid])(
    'select pg_cancel_backend(a.pid) from pg_stat_activity as a where a.pid = $1::int4 and a.usename = current_user and a.datname = current_database()',
  );
