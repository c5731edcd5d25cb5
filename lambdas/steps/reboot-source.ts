/** Reboots the writer, once, so that it takes the static parameters of its group. The state machine comes here only with consent. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterMember, ClusterView } from '../contract.ts';
import { defineStep } from '../step.ts';

/** RDS answers RebootDBInstance at once, and its own description follows within seconds. */
const NOTICED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

interface Seen {
  readonly managed: boolean;
  readonly writer: ClusterMember | undefined;
}

async function look(cluster: ClusterView): Promise<Seen> {
  const state = await cluster.describe();
  return { managed: state !== undefined, writer: state?.members.find((member) => member.isWriter) };
}

const waitsForReboot = ({ writer }: Seen): boolean => writer?.status === 'available' && writer.parameterGroupStatus === 'pending-reboot';

export const rebootSource = defineStep({
  needs: ['clusterReboot'],

  inspect: ({ clusterReboot }) => look(clusterReboot),

  judge(seen) {
    if (!seen.managed) return 'done';
    if (waitsForReboot(seen)) return 'todo';
    // A cluster has no writer for a moment while it fails over.
    return seen.writer?.status === 'available' && seen.writer.parameterGroupStatus === 'in-sync' ? 'done' : 'pending';
  },

  async act({ clusterReboot, remainingMs }) {
    const now = await look(clusterReboot);
    if (!now.writer || !waitsForReboot(now)) return undefined;
    await clusterReboot.reboot(now.writer.instance);
    // Leaving before RDS shows the reboot would let the next visit ask for another.
    const until = Date.now() + Math.min(NOTICED_WITHIN_MS, remainingMs() / 2);
    while (Date.now() < until && waitsForReboot(await look(clusterReboot))) await sleep(LOOK_EVERY_MS);
    return 'pending';
  },

  evidence: ({ writer }) =>
    writer
      ? { instance: writer.instance, status: writer.status, parameterGroupStatus: writer.parameterGroupStatus }
      : { instance: 'not managed by RDS, or failing over' },
});
