/** The position up to which the target has confirmed the source's WAL. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';

/** The end of the source's WAL: everything that can be seen there was written before. */
export const writtenPosition = (): Statement<{ position: string }> => statement('select pg_current_wal_lsn()::text as position');

/** Whether the subscriber has applied and stored all up to this position; no row where there is no such slot. */
export const positionConfirmed = (slot: string, position: string): Statement<{ confirmed: boolean }> =>
  statement(
    `
select coalesce(confirmed_flush_lsn >= $2::pg_lsn, false) as confirmed
from pg_replication_slots
where slot_name = $1::text
`,
    [slot, position],
  );
