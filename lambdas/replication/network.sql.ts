/** A subscription that connects and is then rolled back. */
import { EMPTY_PUBLICATION, PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, statement } from '../postgres/quote.ts';
import { withSecret } from '../postgres/secret-connection.sql.ts';

const TRIED = `${PREFIX}_tried`;

/**
 * To be rolled back; in this order, in one transaction. It makes no slot, has none and starts nothing, so connecting is all that it does. The
 * publication has to be there: where one is missing, the server logs a warning together with the statement and the password in it.
 */
export const trySubscribing = (connection: string): Statement[] =>
  withSecret(
    `
create subscription ${identifier(TRIED)} connection %L publication ${identifier(EMPTY_PUBLICATION)}
with (connect = true, create_slot = false, slot_name = none, enabled = false, copy_data = false)
`,
    connection,
  );

export const ownProcess = (): Statement<{ readonly pid: number }> => statement('select pg_backend_pid() as pid');

/** Ends a session of ours, and no other that has its number by now. */
export const endOwnProcess = (pid: number): Statement<unknown> =>
  bound([pid])(
    'select pg_terminate_backend(a.pid) from pg_stat_activity as a where a.pid = $1::int4 and a.usename = current_user and a.datname = current_database()',
  );
