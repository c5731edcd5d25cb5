/** A slot that is made only to see whether one may be made. */
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { AS_REPLICATOR, afterRole } from '../postgres/acting-role.sql.ts';
import { statement } from '../postgres/quote.ts';

/** Goes when its session ends. */
export const tryTemporarySlot = (): Statement =>
  statement(`
select from ${AS_REPLICATOR}
cross join lateral pg_create_logical_replication_slot(${afterRole(`'${PREFIX}_trial_' || pg_backend_pid()`)}, 'pgoutput', true)
`);
