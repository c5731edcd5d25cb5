/** The subscription on the target. https://www.postgresql.org/docs/current/sql-createsubscription.html */
import type { TableName } from '../config/input.ts';
import { PUBLICATION } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../postgres/quote.ts';
import { plain, withSecret } from '../postgres/secret-connection.sql.ts';
import { subscriptionIds } from '../postgres/subscription-ids.sql.ts';

/** Options of a subscription for the format of changes. */
export interface StreamOptions {
  readonly binary: boolean;
  readonly streaming: 'off' | 'on' | 'parallel';
}

export interface SubscriptionState extends StreamOptions {
  readonly enabled: boolean;
  readonly slot: string | null;
  /** Our own note, kept as the subscription's comment; see `replication/connection.ts`. */
  readonly note: string | null;
}

/**
 * Only columns that PostgreSQL shows to every role: the connection string is not among them, which is why the row as a whole cannot be
 * asked for. A column that a version lacks is found in `absent` by name, further out than the table.
 */
export const subscriptionState = (name: string): Statement<SubscriptionState> =>
  bound([name])(`
select s.subenabled as enabled, s.subslotname::text as slot,
  (select subbinary from pg_subscription as x where x.subdbid = s.subdbid and x.subname = s.subname) as binary,
  case (select substream::text from pg_subscription as x where x.subdbid = s.subdbid and x.subname = s.subname)
    when 'p' then 'parallel' when 't' then 'on' when 'true' then 'on' else 'off' end as streaming,
  (select description from pg_description
    where classoid = 'pg_subscription'::regclass and objoid in ${subscriptionIds('s.subname')}) as note
from (values (false, 'f')) as absent (subbinary, substream), pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = $1::name
`);

/** i initialize, d data is being copied, f finished copying, s synchronized, r ready (pg_subscription_rel.srsubstate). */
export type TableState = 'i' | 'd' | 'f' | 's' | 'r';

export interface SubscribedTable extends TableName {
  readonly state: TableState;
}

/** The number of tables that count as ready although no copy of them was made. A copy records the position in the WAL where it ended. */
export const readyWithoutCopy = (name: string): Statement<{ readonly tables: number }> =>
  bound([name])(`
select count(*)::float8 as tables from pg_subscription_rel
where srsubid in ${subscriptionIds('$1::name')} and srsubstate = 'r' and srsublsn is null
`);

export const subscribedTables = (name: string): Statement<SubscribedTable> =>
  bound([name])(`
select n.nspname::text as schema, c.relname::text as "table", r.srsubstate::text as state
from pg_subscription_rel as r
join pg_class as c on c.oid = r.srrelid
join pg_namespace as n on n.oid = c.relnamespace
where r.srsubid in ${subscriptionIds('$1::name')}
`);

/** A table whose copy has ended and which has not caught up yet. */
export interface FinishedCopy extends TableName {
  /** Name of the slot of its copy, up to the number of the target's cluster. */
  readonly slotPrefix: string;
  /** Whether a worker is running for it. */
  readonly working: boolean;
}

/** @see https://www.postgresql.org/docs/current/logical-replication-subscription.html#LOGICAL-REPLICATION-SUBSCRIPTION-SLOT for the slot's name */
export const finishedCopies = (name: string): Statement<FinishedCopy> =>
  bound([name])(`
select n.nspname::text as schema, c.relname::text as "table", format('pg_%s_sync_%s_', r.srsubid, c.oid) as "slotPrefix",
  exists (select from pg_stat_subscription as w where w.subid = r.srsubid and w.relid = c.oid and w.pid is not null) as working
from pg_subscription_rel as r
join pg_class as c on c.oid = r.srrelid
join pg_namespace as n on n.oid = c.relnamespace
where r.srsubid in ${subscriptionIds('$1::name')} and r.srsubstate = 'f'
`);

const options = ({ binary, streaming }: StreamOptions): string => `binary = ${binary}, streaming = ${streaming}`;

/**
 * Without connecting, so that it may run in a transaction and never waits. `synchronous_commit = on` from the beginning: what is confirmed
 * is not sent again, and a table that is ready is confirmed while others are still copied, so it has to be on the replicas by then. The
 * rest stands at its default for a reason: `origin = any`, because a source may itself be subscribed; `run_as_owner = false`, because
 * CopySchema makes the tables as the same role;
 * `password_required = true`, which a role without superuser rights must leave.
 *
 * In this order, in one transaction: it begins with a connection string that leads nowhere, because the server logs the warning that it is
 * not connected together with the string.
 */
export const createSubscription = (name: string, connection: string, stream: StreamOptions): Statement[] => [
  statement(`
create subscription ${identifier(name)} connection 'password=none' publication ${identifier(PUBLICATION)}
with (connect = false, slot_name = ${literal(name)}, disable_on_error = false, synchronous_commit = on, ${options(stream)})
`),
  ...setConnection(name, connection),
];

/**
 * The same, with some tables added as ready before anything is streamed (`replication/empty-tables.ts`). It connects, to ask what is in the
 * publication that lists them, and has nothing to do with that publication afterwards. Stays disabled. In this order, in one transaction.
 */
export const createSubscriptionKnowing = (listed: string, name: string, connection: string, stream: StreamOptions): Statement[] => [
  ...withSecret(
    `
create subscription ${plain(identifier(name))} connection %L publication ${plain(identifier(listed))}
with (enabled = false, create_slot = false, slot_name = ${plain(literal(name))}, copy_data = false, disable_on_error = false,
  synchronous_commit = on, ${options(stream)})
`,
    connection,
  ),
  statement(`alter subscription ${identifier(name)} set publication ${identifier(PUBLICATION)} with (refresh = false)`),
];

/** The options of a stream without a copy that a subscriber of this version knows. */
const copylessOptions = (version: number): string[] => [
  ...(version >= 14 ? ['binary = false', `streaming = ${version >= 16 ? 'parallel' : 'on'}`] : []),
  ...(version >= 15 ? ['disable_on_error = false'] : []),
  ...(version >= 16 ? ['origin = none'] : []),
];

/**
 * For tables that are equal already, before the slot is made. It connects to ask for the published tables, each of which counts as ready at
 * once: a change to a table that the subscription does not know is passed over without an error. Stays disabled. `origin = none`,
 * where it is known, sends nothing back that came from here. In this order, in one transaction.
 * @param version major version of the subscriber
 * @param survives whether its slot will be one that is carried over to a standby: the two have to say the same
 *   (https://www.postgresql.org/docs/17/sql-createsubscription.html#SQL-CREATESUBSCRIPTION-PARAMS-WITH-FAILOVER)
 */
export const createCopylessSubscription = (name: string, connection: string, version: number, survives = false): Statement[] => {
  const options = [
    ...['enabled = false', 'create_slot = false', `slot_name = ${plain(literal(name))}`, 'copy_data = false'],
    'synchronous_commit = on',
    ...(survives ? ['failover = true'] : []),
  ];
  return withSecret(
    `
create subscription ${plain(identifier(name))} connection %L publication ${identifier(PUBLICATION)}
with (${[...options, ...copylessOptions(version)].join(', ')})
`,
    connection,
  );
};

/**
 * Disables it, and notes that we did, in one statement: a subscription that is disabled without that note was disabled by others, and is
 * not ours to enable. @param note see `replication/connection.ts`
 */
export const holdSubscription = (name: string, note: string): Statement => alterAndNote(name, 'disable', note);

/** Enables it, and notes that we hold it no longer. */
export const releaseSubscription = (name: string, note: string): Statement => alterAndNote(name, 'enable', note);

function alterAndNote(name: string, what: 'enable' | 'disable', note: string): Statement {
  const body = `
begin
  alter subscription ${identifier(name)} ${what};
  comment on subscription ${identifier(name)} is ${literal(note)};
end
`;
  return statement(`do ${literal(body)}`);
}

/** Each applied transaction is stored before it is confirmed. Subscriptions of earlier versions of ours were made without. */
export const setSynchronousCommit = (name: string): Statement =>
  statement(`alter subscription ${identifier(name)} set (synchronous_commit = on)`);

/** Of a subscription, where every role may read it: from version 14 on. */
export const synchronousCommitOf = (name: string): Statement<{ readonly value: string }> =>
  bound([name])(`
select s.subsynccommit as value
from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = $1::name
`);

export const setNote = (name: string, note: string): Statement =>
  statement(`comment on subscription ${identifier(name)} is ${literal(note)}`);

/** In this order, in one transaction. */
export const setConnection = (name: string, connection: string): Statement[] =>
  withSecret(`alter subscription ${plain(identifier(name))} connection %L`, connection);

export const setStreamOptions = (name: string, stream: StreamOptions): Statement =>
  statement(`alter subscription ${identifier(name)} set (${options(stream)})`);

/** Adds tables that the publication has gained, and removes those that it has lost. Connects to the source; cannot run in a transaction. */
export const refreshSubscription = (name: string): Statement =>
  statement(`alter subscription ${identifier(name)} refresh publication with (copy_data = true)`);

/** Subscriptions of this database whose names begin with `prefix`. */
export const subscriptionsNamed = (prefix: string): Statement<{ readonly name: string }> =>
  bound([prefix])(`
select s.subname::text as name
from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where starts_with(s.subname::text, $1::text)
order by s.subname
`);

/** No row where this database has no such subscription; more than one where another database has one of this name, too. */
export const subscriptionNumbers = (name: string): Statement<{ readonly oid: number }> =>
  bound([name])(`
select distinct w.subid::int8::float8 as oid
from pg_stat_subscription as w
join pg_subscription as s on s.subname = w.subname
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where w.subname = $1::name
`);

/** In this order, in one transaction: a subscription without a slot name is dropped without asking the source. */
export const forgetSubscription = (name: string): Statement[] => [
  statement(`alter subscription ${identifier(name)} disable`),
  statement(`alter subscription ${identifier(name)} set (slot_name = none)`),
  statement(`drop subscription ${identifier(name)}`),
];

/** Those of these tables that hold a row that we can see. */
export const occupiedTables = (tables: readonly TableName[]): Statement<TableName> =>
  statement(
    tables
      .map(
        ({ schema, table }) =>
          `select ${literal(schema)} as schema, ${literal(table)} as "table" where exists (select from only ${qualified(schema, table)})`,
      )
      .join('\nunion all\n'),
  );
