/** What subscriptions and other background workers take of a server. */
import type { Statement } from '../../ports/database.ts';
import { bound } from '../../postgres/quote.ts';
import { subscriptionIds } from '../../postgres/subscription-ids.sql.ts';

export interface SubscriberUse {
  /** Replication origins of the whole server; each may take one of the origin slots. */
  readonly origins: number;
  /** Enabled subscriptions of the whole server: each keeps a worker. */
  readonly subscriptions: number;
  /** Permanent background workers, and the workers of enabled subscriptions whether they run or not. */
  readonly workers: number;
}

/** Backend types that are no background workers, and the workers of parallel queries, which are temporary. */
const NO_WORKERS = [
  'client backend',
  'standalone backend',
  'walsender',
  'walreceiver',
  'walwriter',
  'walsummarizer',
  'startup',
  'checkpointer',
  'background writer',
  'archiver',
  'logger',
  'autovacuum launcher',
  'autovacuum worker',
  'io worker',
  'slotsync worker',
  'parallel worker',
];

/** @param own subscription that is not counted. The numbers in the names of origins are those of their subscriptions. */
export const subscriberUse = (own: string): Statement<SubscriberUse> =>
  bound([own, NO_WORKERS])(`
with others as (
  select subname from pg_subscription where subname <> $1::name and subenabled
)
select
  (select count(*) from pg_replication_origin as o
    where o.roname not in (select 'pg_' || id.subid from ${subscriptionIds('$1::name')} as id))::float8 as origins,
  (select count(*) from others)::float8 as subscriptions,
  ((select count(*) from others)
    + (select count(*) from pg_stat_activity where backend_type <> all ($2::text[]) and backend_type not like 'logical replication % worker'
      and backend_type <> 'logical replication worker'))::float8 as workers
`);
