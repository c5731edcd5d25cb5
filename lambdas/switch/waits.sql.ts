/** Waits that happen at the server, so that each is one round trip, however long it takes. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';
import { senderIdentity } from '../replication/walsenders.sql.ts';
import { OWN_TABLES } from '../state/tables.ts';

const { table: HEARTBEATS } = OWN_TABLES.heartbeat;
const AWAIT_HEARTBEAT = 'pg_temp.planetscale_await_beat';
const AWAIT_CONFIRMED = 'pg_temp.planetscale_await_confirmed';

/** On the subscriber. For this connection only. */
export const createAwaitHeartbeat = (): Statement =>
  statement(`
create function ${AWAIT_HEARTBEAT}(wanted text, patience interval) returns boolean language plpgsql as $do$
declare
  until timestamptz := clock_timestamp() + patience;
begin
  loop
    if exists (select from ${HEARTBEATS} where token = wanted) then
      return true;
    end if;
    exit when clock_timestamp() > until;
    perform pg_sleep(0.001);
  end loop;
  return false;
end
$do$
`);

/** Whether the marker has arrived. */
export const awaitHeartbeat = (token: string, timeoutMs: number): Statement<{ arrived: boolean }> =>
  statement(`select ${AWAIT_HEARTBEAT}($1::text, $2::float8 * interval '1 ms') as arrived`, [token, timeoutMs]);

/**
 * On the publisher. For this connection only. The subscriber answers when something arrives, so where its answer is late
 * something is sent; it is committed, which is why this is a procedure. It is no new marker: one that has not arrived when the stream ends would
 * have its number given out again by the other side, and stop the stream back for ever.
 */
export const createAwaitConfirmed = (): Statement =>
  statement(`
create procedure ${AWAIT_CONFIRMED}(
  slot name, patience interval, unbroken boolean, inout "position" pg_lsn, inout confirmed boolean, inout sender text
) language plpgsql as $do$
declare
  until timestamptz := clock_timestamp() + patience;
  kick timestamptz := clock_timestamp() + interval '25 ms';
  first_reader integer := (select active_pid from pg_replication_slots where slot_name = slot);
  reader integer;
begin
  "position" := pg_current_wal_lsn();
  loop
    select s.active_pid, s.confirmed_flush_lsn >= "position" into reader, confirmed from pg_replication_slots as s where s.slot_name = slot;
    confirmed := coalesce(confirmed, false);
    exit when confirmed or clock_timestamp() > until;
    exit when unbroken and (reader is null or reader is distinct from first_reader);
    if clock_timestamp() > kick then
      update ${HEARTBEATS} set written_at = clock_timestamp() where id = (select max(id) from ${HEARTBEATS});
      commit;
      kick := clock_timestamp() + interval '100 ms';
    end if;
    perform pg_sleep(0.001);
  end loop;
  perform pg_stat_clear_snapshot();
  sender := ${senderIdentity('slot')};
end
$do$
`);

export interface Confirmed {
  /** Where the publisher's WAL ended when the wait began. */
  readonly position: string;
  readonly confirmed: boolean;
  /** Identity of the walsender that has read the slot up to there. */
  readonly sender: string | null;
}

/**
 * Takes the end of the WAL now, and waits until the slot has confirmed past it.
 * @param unbroken whether to give up as soon as the process that reads the slot is another one, or none
 */
export const awaitConfirmed = (slot: string, timeoutMs: number, unbroken: boolean): Statement<Confirmed> =>
  statement(`call ${AWAIT_CONFIRMED}($1::name, $2::float8 * interval '1 ms', $3::boolean, null, null, null)`, [slot, timeoutMs, unbroken]);
