/** Processes of this database that belong to the migration itself, which a fence leaves at work. */
import { applicationName } from '../config/names.ts';

/**
 * Whether a backend `a` of pg_stat_activity is a session of ours. The name alone is not enough: any client may choose it.
 * @param a alias of the row
 */
export const isOurSession = (a: string): string =>
  `(${a}.usename = current_user and starts_with(${a}.application_name, '${applicationName('')}'))`;

/**
 * Process ids of the streams of these names: the walsenders that read their slots, and the workers of their subscriptions, whatever kind
 * of worker it is. @param names an expression of type text[]
 */
export const streamProcesses = (names: string): string => `
  select s.active_pid as pid from pg_replication_slots as s where s.slot_name::text = any (${names}) and s.active_pid is not null
  union all
  select w.pid from pg_stat_subscription as w where w.subname::text = any (${names}) and w.pid is not null`;

/**
 * Whether a backend `a` is of others: neither a session of ours nor one of the streams, nor at work for one of them. Autovacuum does
 * not count. `leader_pid` is known from version 13 on; before, a parallel worker shows the application name of its leader.
 * @param streams an expression of type int[]
 */
export const isOfOthers = (streams: string): string => `coalesce(a.backend_type, '') <> 'autovacuum worker'
  and not ${isOurSession('a')} and a.pid <> all (${streams})
  and not (a.backend_type = 'parallel worker' and exists (
    select from pg_stat_activity as leader
    where leader.pid = (to_jsonb(a) ->> 'leader_pid')::int and (${isOurSession('leader')} or leader.pid = any (${streams}))))`;
