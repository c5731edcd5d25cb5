/** Guide A, step 2, and guide W, step 1: proves on the server itself what the control plane promised. */
import type { ClusterMember } from '../contract.ts';
import { WalLevelNotLogical } from '../errors.ts';
import { PREFIX } from '../names.ts';
import { type WalSettings, walSettings } from '../sql/settings.ts';
import { defineStep } from '../step.ts';

/** One slot and one sender for the stream, and two more of each for the copies of tables that run side by side by default. */
const NEEDED = 3;

/** States of the attached group that a reboot would not change. */
const SETTLED = new Set(['in-sync', 'failed-to-apply']);

interface Seen {
  readonly wal: WalSettings;
  /** The writer, where a reboot would still change its settings. */
  readonly awaitsReboot: ClusterMember | undefined;
  /** Readers that a reboot would still change: the stream goes on without them, until a failover makes one the writer. */
  readonly readersBehind: readonly string[];
}

/** Which parameter falls short, as `name = value`; empty where the source can stream. */
function shortcomings({ walLevel, slots, slotsOfOthers, senders, sendersOfOthers }: WalSettings): string[] {
  return [
    ...(walLevel === 'logical' ? [] : [`wal_level = logical (is ${walLevel}; on RDS rds.logical_replication = 1)`]),
    ...(slots - slotsOfOthers >= NEEDED ? [] : [`max_replication_slots = ${slotsOfOthers + NEEDED} (is ${slots})`]),
    ...(senders - sendersOfOthers >= NEEDED ? [] : [`max_wal_senders = ${sendersOfOthers + NEEDED} (is ${senders})`]),
  ];
}

export const verifyWalLevel = defineStep({
  needs: ['source', 'cluster'],

  async inspect({ source, cluster }): Promise<Seen> {
    const [wal] = await source.query(walSettings(PREFIX));
    if (!wal) throw new WalLevelNotLogical('The source did not tell its settings. Nothing was changed. Start again.');
    const members = (await cluster.describe())?.members ?? [];
    const behind = members.filter((member) => !SETTLED.has(member.parameterGroupStatus));
    return {
      wal,
      awaitsReboot: behind.find(({ isWriter }) => isWriter),
      readersBehind: behind.flatMap(({ instance, isWriter }) => (isWriter ? [] : [instance])),
    };
  },

  judge({ wal, awaitsReboot }) {
    const missing = shortcomings(wal);
    if (missing.length === 0) return 'done';
    if (awaitsReboot) return 'pending';
    throw new WalLevelNotLogical(
      `The source cannot stream yet: it needs ${missing.join(', ')}. The data was not touched. On RDS set this in the attached cluster ` +
        'parameter group and reboot the writer instance; on any other server use ALTER SYSTEM SET and restart it. Then start again.',
    );
  },

  evidence: ({ wal, awaitsReboot, readersBehind }) => ({
    ...wal,
    ...(readersBehind.length > 0 && {
      beforeAFailover: `Reboot ${readersBehind.join(', ')} too, which still run without the attached parameter group: a failover may make one the writer.`,
    }),
    ...(awaitsReboot && shortcomings(wal).length > 0
      ? { waitsFor: `Reboot the instance ${awaitsReboot.instance}, or stop this execution and start one with {"reboot": "now"}.` }
      : {}),
  }),
});
