/** Parameters of the source for logical decoding and for the target's workers (guide A, steps 1 and 2). */
import { majorVersion } from './setting-values.ts';

/** Family of the parameter group for an engine version: 15.4 → aurora-postgresql15. */
export const parameterGroupFamily = (engineVersion: string): string => `aurora-postgresql${majorVersion(engineVersion)}`;

export function sourceParameters(preloadPglogical: boolean): Record<string, string> {
  return {
    'rds.logical_replication': '1',
    // The subscription takes one of each, and the copy one more for every table that is being copied; the guide asks for at least 10.
    max_replication_slots: '20',
    // A slot in use has a walsender; a few more are for replicas and for reconnecting before the old one has timed out.
    max_wal_senders: '30',
    max_logical_replication_workers: '10',
    // Aurora's own default is twice the processors, and at least 8: a large instance must not lose its parallel workers.
    max_worker_processes: 'GREATEST({DBInstanceVCPU*2},20)',
    // Replaces the whole list, so it names Aurora's default too. What the user's own group preloads is added by ConfigureSource.
    ...(preloadPglogical && { shared_preload_libraries: 'pg_stat_statements,pglogical' }),
  };
}
