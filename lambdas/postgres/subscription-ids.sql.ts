/**
 * The numbers that subscriptions of this name have. Before version 14 pg_subscription shows its `oid` to superusers only; pg_stat_subscription
 * shows it to every role, of every database (https://www.postgresql.org/docs/13/monitoring-stats.html#PG-STAT-SUBSCRIPTION). What they are
 * looked up in, pg_subscription_rel or the comments, is of this database alone, so that another one's subscription of the same name is not found.
 * @param name an expression of type name
 */
export const subscriptionIds = (name: string): string => `(select subid from pg_stat_subscription where subname = ${name})`;
