/** The walsender that sends a slot's changes. */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/** The process that reads a slot `s`, and since when: another text for every connection, null while no process reads it. */
const IDENTITY = `(select format('%s since %s', r.pid, r.backend_start) from pg_stat_replication as r where r.pid = s.active_pid)`;

/** The same as an expression on the slot of a name, for what is run at the server. @param slot an expression */
export const senderIdentity = (slot: string): string => `(select ${IDENTITY} from pg_replication_slots as s where s.slot_name = ${slot})`;

/** The process that reads a slot. */
export interface Walsender {
  readonly identity: string;
  /** Time since it connected, by the server's clock; null where we may not know. */
  readonly seconds: number | null;
}

export const senderOf = (slot: string): Statement<Walsender> =>
  bound([slot])(`
select ${IDENTITY} as identity, extract(epoch from clock_timestamp() - r.backend_start)::float8 as seconds
from pg_replication_slots as s
join pg_stat_replication as r on r.pid = s.active_pid
where s.slot_name = $1::name
`);
