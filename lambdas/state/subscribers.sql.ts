/**
 * The subscriptions of ours that have read from the source, recorded on the source. The copy of each table has a slot of its own, named
 * `pg_<subscription>_sync_<table>_<cluster>` by the target's numbers
 * (https://www.postgresql.org/docs/current/logical-replication-subscription.html#LOGICAL-REPLICATION-SUBSCRIPTION-SLOT), so that they can
 * be told from the slots of other subscriptions when the target is gone.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.subscribers;

/** A subscription by the numbers that the names of its slots carry. */
export interface Subscriber {
  readonly subscription: number;
  /** System identifier of the target's cluster; null where the target does not show it. */
  readonly cluster: string | null;
}

export const createSubscribers = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (subscription oid primary key, cluster text, made_at timestamptz not null default now())`,
  );

export const recordSubscriber = ({ subscription, cluster }: Subscriber): Statement =>
  bound([subscription, cluster])(`
insert into ${TABLE} (subscription, cluster) values ($1::int8::oid, $2::text)
on conflict (subscription) do update set cluster = excluded.cluster
`);

export const subscribersExist = () => tableExists(OWN_TABLES.subscribers);

export const subscribers = (): Statement<Subscriber> =>
  statement(`select subscription::int8::float8 as subscription, cluster from ${TABLE}`);
