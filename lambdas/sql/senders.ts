/** Who sends a slot's changes. */
import type { Statement } from '../contract.ts';
import { statement } from './quote.ts';

/** The process that reads a slot. */
export interface Sender {
  /** How long it has been connected, by the server's clock; null where we may not know. */
  readonly seconds: number | null;
}

export const senderOf = (slot: string): Statement<Sender> =>
  statement(
    `
select extract(epoch from clock_timestamp() - r.backend_start)::float8 as seconds
from pg_replication_slots as s
join pg_stat_replication as r on r.pid = s.active_pid
where s.slot_name = $1::name
`,
    [slot],
  );
