/** Reboots the writer, once, so that it takes the static parameters of its group. The state machine comes here only with consent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mayBeStale, shortcomings } from '../cluster/streaming.ts';
import { PREFIX } from '../config/names.ts';
import { defineStep } from '../engine/step.ts';
import type { ClusterMember, ClusterView } from '../ports/cluster.ts';
import type { Reader } from '../ports/database.ts';
import { walSettings } from '../postgres/settings.sql.ts';

/** RDS answers RebootDBInstance at once, and its own description follows within seconds. */
const NOTICED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

interface Seen {
  readonly managed: boolean;
  readonly writer: ClusterMember | undefined;
  /** Whether the server itself says that it can stream; undefined where it was not asked. */
  readonly streams: boolean | undefined;
  /** Whether RDS may say of the writer next what it does not say yet. */
  readonly mayBeStale: boolean;
  /** Whether an earlier visit of this execution may have rebooted it. */
  readonly isFirstVisit: boolean;
}

async function writerOf(cluster: ClusterView): Promise<ClusterMember | undefined> {
  return (await cluster.describe())?.members.find((member) => member.isWriter);
}

const isAvailable = (writer: ClusterMember | undefined, status: 'in-sync' | 'pending-reboot'): writer is ClusterMember =>
  writer?.status === 'available' && writer.parameterGroupStatus === status;

async function canStream(source: Reader): Promise<boolean> {
  const [wal] = await source.query(walSettings(PREFIX));
  return wal !== undefined && shortcomings(wal).length === 0;
}

export const rebootSource = defineStep({
  needs: ['clusterReboot', 'source'],
  interrupted: 'The reboot may have been asked for already; it is not asked for twice.',

  /** RDS may report an earlier state: of a group that it has just attached, and of an instance that it has just rebooted. */
  async inspect({ clusterReboot: cluster, source, waitedSeconds, previous }): Promise<Seen> {
    const state = await cluster.describe();
    const writer = state?.members.find((member) => member.isWriter);
    const isFirstVisit = previous === undefined;
    const doubtful = isAvailable(writer, 'in-sync') || (isAvailable(writer, 'pending-reboot') && !isFirstVisit);
    return {
      managed: state !== undefined,
      writer,
      streams: doubtful ? await canStream(source) : undefined,
      mayBeStale: mayBeStale(state, cluster.migrationGroup, waitedSeconds),
      isFirstVisit,
    };
  },

  judge(seen) {
    const { managed, writer, streams, isFirstVisit } = seen;
    if (!managed) return 'done';
    if (isAvailable(writer, 'pending-reboot')) return streams && !isFirstVisit ? 'done' : 'todo';
    if (isAvailable(writer, 'in-sync')) return streams || !seen.mayBeStale ? 'done' : 'pending';
    return 'pending'; // a cluster has no writer for a moment while it fails over
  },

  async act({ clusterReboot, remainingMs }) {
    const now = await writerOf(clusterReboot);
    if (!isAvailable(now, 'pending-reboot')) return undefined;
    await clusterReboot.reboot(now.instance);
    // Leaving before RDS shows the reboot would let the next visit ask for another.
    const until = Date.now() + Math.min(NOTICED_WITHIN_MS, remainingMs() / 2);
    while (Date.now() < until && isAvailable(await writerOf(clusterReboot), 'pending-reboot')) await sleep(LOOK_EVERY_MS);
    return 'pending';
  },

  evidence: ({ writer }) =>
    writer
      ? { instance: writer.instance, status: writer.status, parameterGroupStatus: writer.parameterGroupStatus }
      : { instance: 'not managed by RDS, or failing over' },
});
