/** A slot that is made only to see whether one may be made. */
import type { Statement } from '../contract.ts';
import { PREFIX } from '../names.ts';
import { AS_REPLICATOR, afterRole } from './acting-role.ts';
import { statement } from './quote.ts';

/** Goes when its session ends. */
export const tryTemporarySlot = (): Statement =>
  statement(`
select from ${AS_REPLICATOR}
cross join lateral pg_create_logical_replication_slot(${afterRole(`'${PREFIX}_trial_' || pg_backend_pid()`)}, 'pgoutput', true)
`);
