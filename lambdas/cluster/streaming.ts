/** Whether the source can stream, by its own settings, and whether the status of RDS may be stale. */
import type { ClusterState } from '../ports/cluster.ts';
import type { WalSettings } from '../postgres/settings.sql.ts';

/** One slot and one walsender for the stream, and two more of each for the copies of tables that run in parallel by default. */
const NEEDED = 3;

/** Which parameter falls short, as `name = value`; empty where the source can stream. */
export function shortcomings({ walLevel, slots, slotsOfOthers, senders, sendersOfOthers }: WalSettings): string[] {
  return [
    ...(walLevel === 'logical' ? [] : [`wal_level = logical (is ${walLevel}; on RDS rds.logical_replication = 1)`]),
    ...(slots - slotsOfOthers >= NEEDED ? [] : [`max_replication_slots = ${slotsOfOthers + NEEDED} (is ${slots})`]),
    ...(senders - sendersOfOthers >= NEEDED ? [] : [`max_wal_senders = ${sendersOfOthers + NEEDED} (is ${senders})`]),
  ];
}

/** RDS shows a change within seconds as a rule; a failover, during which no instance may be the writer, takes a minute or two. */
const BELIEVED_AFTER_SECONDS = 600;

/**
 * Right after ModifyDBCluster RDS may still report `in-sync` for an instance that will need a reboot. Where the migration's own group is
 * attached and the server's settings fall short of it, that status is not trusted yet.
 */
export function mayBeStale(state: ClusterState | undefined, migrationGroup: string, waitedSeconds: number): boolean {
  if (state?.parameterGroup !== migrationGroup || waitedSeconds >= BELIEVED_AFTER_SECONDS) return false;
  const writer = state.members.find(({ isWriter }) => isWriter);
  return writer === undefined || writer.parameterGroupStatus === 'in-sync';
}
