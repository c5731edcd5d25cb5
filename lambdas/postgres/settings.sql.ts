/** Server settings that decide whether and how far the source can replicate. */
import type { Statement } from '../ports/database.ts';
import { bound } from './quote.ts';

/** Settings of the source for logical replication, and their use by others. */
export interface WalSettings {
  readonly walLevel: string;
  readonly slots: number;
  /** Slots that are not this migration's. */
  readonly slotsOfOthers: number;
  readonly senders: number;
  /** WAL senders that serve another client than this migration's subscription. */
  readonly sendersOfOthers: number;
}

/** @param prefix how the names of our own slots begin; the slots of the target's table copies begin with `pg_` and are counted as ours */
export const walSettings = (prefix: string): Statement<WalSettings> =>
  bound([prefix])(`
select current_setting('wal_level') as "walLevel",
  current_setting('max_replication_slots')::float8 as slots,
  (select count(*)::float8 from pg_replication_slots where not starts_with(slot_name::text, $1::text)
    and not (plugin = 'pgoutput' and slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$')) as "slotsOfOthers",
  current_setting('max_wal_senders')::float8 as senders,
  (select count(*)::float8 from pg_stat_replication as r where not exists (
    select from pg_replication_slots as s where s.active_pid = r.pid
      and (starts_with(s.slot_name::text, $1::text) or s.slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$'))) as "sendersOfOthers"
`);
