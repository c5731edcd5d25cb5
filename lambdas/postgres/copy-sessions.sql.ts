/** Sessions at both ends of a copy in parts, and the slot with whose snapshot it begins. */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, statement } from './quote.ts';

/**
 * How a server finds out that the client of a copy is gone: an idle connection is asked after 30 s, and given up after three questions
 * without an answer. One that takes no bytes is given up later than we give up one that is silent.
 * Only where a server knows the setting; on sockets of the machine itself it has no meaning.
 */
const NOTICE = [
  ['tcp_keepalives_idle', '30'],
  ['tcp_keepalives_interval', '10'],
  ['tcp_keepalives_count', '3'],
  ['tcp_user_timeout', '600000'], // 12 and newer
] as const;

/** For the session, whose process at the server it names. */
export const noticeLostClient = (): Statement<{ readonly pid: number }> =>
  bound([JSON.stringify(Object.fromEntries(NOTICE))])(`
select pg_catalog.pg_backend_pid() as pid, pg_catalog.count(pg_catalog.set_config(s.name, w.value, false)) as known
from pg_catalog.pg_settings as s join pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) as w (name, value) on w.name = s.name
`);

/** Process of a connection of the replication protocol, which takes no values. */
export const OWN_PROCESS = 'select pg_catalog.pg_backend_pid() as pid';

/** In the replication protocol, in the form that all versions know. */
export const createExportedSlot = (name: string): string => `CREATE_REPLICATION_SLOT ${identifier(name)} LOGICAL pgoutput EXPORT_SNAPSHOT`;

/** Ends a connection of the replication protocol of our own role; a slot that it has not finished goes with it. */
export const endReplicationConnection = (pid: number): Statement =>
  bound([pid])(`
select pg_terminate_backend(a.pid) from pg_stat_activity as a
where a.pid = $1::int and a.usename = current_user and a.backend_type = 'walsender'
`);

/** Whether it is still there. */
export const replicationConnection = (pid: number): Statement<{ readonly there: boolean }> =>
  statement(`select exists (select from pg_stat_activity where pid = $1::int and backend_type = 'walsender') as there`, [pid]);

/** A slot that was finished in the moment in which it was given up. */
export const dropIdleSlot = (name: string): Statement =>
  bound([name])(`
select pg_drop_replication_slot(s.slot_name) from pg_replication_slots as s
where s.slot_name = $1::name and s.database = current_database() and not s.active
`);
