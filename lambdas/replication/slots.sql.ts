/** Replication slots of the source. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
import { applicationName } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { AS_REPLICATOR, afterRole } from '../postgres/acting-role.sql.ts';
import { bound, statement } from '../postgres/quote.ts';
import type { Subscriber } from '../state/subscribers.sql.ts';

export interface SlotState {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly active: boolean;
  readonly activePid: number | null;
  /** A session of one of our own steps holds it: it was left running, and makes the slot or releases it in a moment. */
  readonly heldByUs: boolean;
  /** Still waiting for the transactions that were open when it was begun; no history is kept yet. */
  readonly building: boolean;
  /** The server threw away WAL that the slot needed; it never recovers. */
  readonly lost: boolean;
  /** WAL position that the target has confirmed; null while building. */
  readonly confirmed: string | null;
  /** Bytes of WAL that the target has not confirmed yet. */
  readonly lagBytes: number | null;
  /** Bytes of WAL that the server keeps for the slot. */
  readonly retainedBytes: number | null;
}

/** Columns that a version does not know are absent from the JSON. */
export const slotState = (name: string): Statement<SlotState> =>
  bound([name])(`
select plugin::text, database::text, active, active_pid::float8 as "activePid",
  exists (select from pg_stat_activity as a where a.pid = s.active_pid and starts_with(a.application_name, '${applicationName('')}')) as "heldByUs",
  confirmed_flush_lsn is null as building,
  coalesce(to_jsonb(s) ->> 'wal_status', '') = 'lost' or to_jsonb(s) ->> 'invalidation_reason' is not null as lost,
  confirmed_flush_lsn::text as confirmed,
  greatest(0, pg_current_wal_lsn() - confirmed_flush_lsn)::float8 as "lagBytes",
  greatest(0, pg_current_wal_lsn() - restart_lsn)::float8 as "retainedBytes"
from pg_replication_slots as s
where slot_name = $1::name
`);

/**
 * Returns once every write transaction that was open has ended, with the point in the WAL from which the slot has everything.
 * @param survives whether the slot is to be carried over to a standby, which servers from {@link FAILOVER_SLOTS_SINCE} on know
 */
export const createSlot = (name: string, survives = false): Statement<{ point: string }> =>
  bound([name])(`
select made.lsn::text as point from ${AS_REPLICATOR}
cross join lateral pg_create_logical_replication_slot(${afterRole('$1::name')}, 'pgoutput'${survives ? ', false, false, true' : ''}) as made
`);

/** https://www.postgresql.org/docs/17/logicaldecoding-explanation.html#LOGICALDECODING-REPLICATION-SLOTS-SYNCHRONIZATION */
export const FAILOVER_SLOTS_SINCE = 17;

export const dropSlot = (name: string): Statement =>
  statement(`select pg_drop_replication_slot(${afterRole('$1::name')}) from ${AS_REPLICATOR}`, [name]);

/** A slot that a subscription of ours made, or had us make. */
export interface OwnSlot {
  readonly name: string;
  readonly activePid: number | null;
  readonly retainedBytes: number | null;
}

/** Slots of this database: the main one by its name, and those of table copies by the numbers in their names. */
export const ownSlots = (name: string, subscribers: readonly Subscriber[]): Statement<OwnSlot> =>
  bound([name, subscribers.map(({ subscription, cluster }) => `^pg_${subscription}_sync_[0-9]+_${cluster ?? '[0-9]+'}$`)])(`
select slot_name::text as name, active_pid::float8 as "activePid",
  greatest(0, pg_current_wal_lsn() - restart_lsn)::float8 as "retainedBytes"
from pg_replication_slots
where database = current_database() and plugin = 'pgoutput' and (slot_name = $1::name or slot_name::text ~ any ($2::text[]))
order by slot_name
`);

/** Those of these tables that still have the slot of their copy. */
export const copySlotsThere = (copies: readonly { readonly slotPrefix: string }[]): Statement<{ prefix: string }> =>
  bound([copies.map(({ slotPrefix }) => slotPrefix)])(`
select prefix from unnest($1::text[]) as prefix
where exists (
  select from pg_replication_slots where database = current_database() and starts_with(slot_name::text, prefix))
`);

/** Ends the sessions that read from these slots. They are gone a moment later. */
export const endReaders = (names: readonly string[]): Statement =>
  bound([names])(`
select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = any ($1::name[]) and active_pid is not null
`);

/** A transaction for which a new slot has to wait. */
export interface OpenWriter {
  readonly pid: number | null;
  readonly application: string;
  readonly user: string;
  readonly seconds: number;
}

/** Open write transactions of the whole server, prepared ones included, oldest first. */
export const openWriters = (most: number): Statement<OpenWriter> =>
  bound([most])(`
select pid::float8, coalesce(application_name, '') as application, coalesce(usename::text, '') as user,
  round(extract(epoch from clock_timestamp() - xact_start))::float8 as seconds
from pg_stat_activity
where backend_xid is not null and pid <> pg_backend_pid()
union all
select null, 'prepared transaction', owner::text, round(extract(epoch from clock_timestamp() - prepared))::float8 from pg_prepared_xacts
order by seconds desc nulls last
limit $1::int
`);

/** The end of the source's WAL. */
export const walPosition = (): Statement<{ position: string }> => statement('select pg_current_wal_lsn()::text as position');

/** What a subscriber has confirmed. */
export interface Confirmation {
  /** Whether that is everything up to the position that was asked for; null while the slot is being made, as is the lag. */
  readonly past: boolean | null;
  /** Bytes of WAL that it has not confirmed. */
  readonly lagBytes: number | null;
}

/** Whether the subscriber has applied and stored everything up to `position`; no row where there is no such slot. */
export const confirmation = (slot: string, position: string): Statement<Confirmation> =>
  bound([slot, position])(`
select confirmed_flush_lsn >= $2::pg_lsn as past, greatest(0, pg_current_wal_lsn() - confirmed_flush_lsn)::float8 as "lagBytes"
from pg_replication_slots where slot_name = $1::name
`);
