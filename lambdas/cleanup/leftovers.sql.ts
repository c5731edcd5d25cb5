/** Slots, publications and subscriptions that exist before the migration begins: of an earlier attempt, or of others. */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { identifier, literal, statement } from '../postgres/quote.ts';

export interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  /** Slots for physical replication have no database. */
  readonly database: string | null;
  /** From version 13 on: reserved, extended, unreserved or lost. */
  readonly walStatus: string | null;
  /** Bytes of WAL that the slot keeps from being removed; null where it keeps none. */
  readonly heldBytes: number | null;
}

/** All slots but those of running table synchronizations. A standby has no current WAL position of its own, hence the case. */
export const slotsThere = (): Statement<SlotFacts> =>
  statement(`
select s.slot_name::text as name, s.active, s.database::text as database, to_jsonb(s) ->> 'wal_status' as "walStatus",
  pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.restart_lsn)::float8
    as "heldBytes"
from pg_replication_slots as s
where s.slot_name !~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$'
order by s.slot_name
`);

/** For the operator to run on the source. */
export const dropSlot = (name: string): string => `select pg_drop_replication_slot(${literal(name)});`;

/** For the operator to run on the target, one statement after the other. The slot is left to {@link dropSlot}. */
export const dropSubscription = (name: string): string[] => [
  `alter subscription ${identifier(name)} disable;`,
  `alter subscription ${identifier(name)} set (slot_name = none);`,
  `drop subscription ${identifier(name)};`,
];

/** For the operator to run, where the gate in the schema is open or does not matter. */
export const dropOwnSchemaByHand = (): string => `drop schema ${identifier(SCHEMA)} cascade;`;

export const publicationsThere = (): Statement<{ name: string }> =>
  statement('select pubname::text as name from pg_publication order by pubname');

/** Subscriptions of this database. */
export const subscriptionsThere = (): Statement<{ name: string }> =>
  statement(`
select s.subname::text as name
from pg_subscription as s
join pg_database as d on d.oid = s.subdbid
where d.datname = current_database()
order by s.subname
`);
