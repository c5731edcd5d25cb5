/** The settings of a target that a migration depends on, and numbers about them that checks use, too. */
import type { Kind } from './values.ts';

/** Each by its name in PostgreSQL, with what its value says. */
export const KINDS = {
  wal_level: 'word',
  max_connections: 'count',
  max_worker_processes: 'count',
  max_logical_replication_workers: 'count',
  max_sync_workers_per_subscription: 'count',
  max_parallel_apply_workers_per_subscription: 'count',
  max_parallel_maintenance_workers: 'count',
  max_active_replication_origins: 'count',
  max_replication_slots: 'count',
  max_wal_senders: 'count',
  max_slot_wal_keep_size: 'megabytes',
  hot_standby_feedback: 'switch',
  sync_replication_slots: 'switch',
  /** In blocks of 8 KiB. */
  shared_buffers: 'count',
} as const satisfies Readonly<Record<string, Kind>>;
export type SettingName = keyof typeof KINDS;

/** Value of max_worker_processes that both guides ask for. */
export const WORKERS_OF_THE_GUIDE = 10;
/** The logical replication launcher, which takes one worker process itself. */
export const LAUNCHER = 1;
/** The apply worker, and one table synchronization worker at least. */
export const LEAST_WORKERS = 2;
/** PlanetScale's default of max_slot_wal_keep_size, and its guide asks for more (https://planetscale.com/docs/postgres/integrations/logical-cdc). */
export const LITTLE_WAL_MB = 4_096;
/** The guide asks for 150 % of the source's size, set beforehand: growing the disk during the copy cuts connections. */
export const SHARE_OF_SOURCE = 1.5;
/** A reading and a writing connection of a step, pg_dump, and as many again for a visit that overlaps with the end of the one before. */
export const STEP_CONNECTIONS = 6;

/** From 18 on, origins have a setting of their own; before, max_replication_slots bounded them on the target as well. */
const ORIGINS_HAVE_THEIR_OWN_SETTING = 18;
/** Name of the setting that bounds origins on the target. */
export const originSetting = (version: number): 'max_active_replication_origins' | 'max_replication_slots' =>
  version >= ORIGINS_HAVE_THEIR_OWN_SETTING ? 'max_active_replication_origins' : 'max_replication_slots';
