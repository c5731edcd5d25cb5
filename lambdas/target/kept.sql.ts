/** What the target's server keeps for replication, whoever made it. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';

/** Counts of the whole server. */
export interface Kept {
  readonly slots: number;
  readonly logicalSlots: number;
  readonly origins: number;
}

/**
 * A server does not start with less room than it keeps, nor with a logical slot under another wal_level
 * (https://www.postgresql.org/docs/current/runtime-config-replication.html).
 */
export const keptOnServer = (): Statement<Kept> =>
  statement(`
select count(*)::float8 as slots, (count(*) filter (where slot_type = 'logical'))::float8 as "logicalSlots",
  (select count(*) from pg_replication_origin)::float8 as origins
from pg_replication_slots
`);
