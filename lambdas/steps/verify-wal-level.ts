/** Guide A, step 2, and guide W, step 1: proves on the server itself what the control plane promised. */
import { mayBeStale, shortcomings } from '../cluster/streaming.ts';
import { WalLevelNotLogical } from '../config/errors.ts';
import { PREFIX } from '../config/names.ts';
import { defineStep } from '../engine/step.ts';
import type { ClusterMember } from '../ports/cluster.ts';
import { type WalSettings, walSettings } from '../postgres/settings.sql.ts';

/** States of the attached group that a reboot would not change. */
const SETTLED = new Set(['in-sync', 'failed-to-apply']);

interface Seen {
  readonly wal: WalSettings;
  /** The writer, where a reboot would still change its settings. */
  readonly awaitsReboot: ClusterMember | undefined;
  /** Whether RDS may say of the writer next what it does not say yet. */
  readonly mayBeStale: boolean;
  /** Readers that a reboot would still change: the stream goes on without them, until a failover makes one the writer. */
  readonly readersBehind: readonly string[];
}

export const verifyWalLevel = defineStep({
  needs: ['source', 'cluster'],

  async inspect({ source, cluster, waitedSeconds }): Promise<Seen> {
    const [wal] = await source.query(walSettings(PREFIX));
    if (!wal) throw new WalLevelNotLogical('The source did not tell its settings. Nothing was changed. Start again.');
    const state = await cluster.describe();
    const members = state?.members ?? [];
    const behind = members.filter((member) => !SETTLED.has(member.parameterGroupStatus));
    return {
      wal,
      awaitsReboot: behind.find(({ isWriter }) => isWriter),
      mayBeStale: mayBeStale(state, cluster.migrationGroup, waitedSeconds),
      readersBehind: behind.flatMap(({ instance, isWriter }) => (isWriter ? [] : [instance])),
    };
  },

  judge({ wal, awaitsReboot, mayBeStale: undecided }) {
    const missing = shortcomings(wal);
    if (missing.length === 0) return 'done';
    if (awaitsReboot || undecided) return 'pending';
    throw new WalLevelNotLogical(
      `The source cannot stream yet: it needs ${missing.join(', ')}. The data was not touched. On RDS set this in the attached cluster ` +
        'parameter group and reboot the writer instance; on any other server use ALTER SYSTEM SET and restart it. Then start again.',
    );
  },

  evidence({ wal, awaitsReboot, mayBeStale: undecided, readersBehind }) {
    const waitsFor = shortcomings(wal).length > 0 ? whatFor(awaitsReboot, undecided) : undefined;
    return {
      ...wal,
      ...(readersBehind.length > 0 && {
        beforeAFailover: `Reboot ${readersBehind.join(', ')} too, which still run without the attached parameter group: a failover may make one the writer.`,
      }),
      ...(waitsFor !== undefined && { waitsFor }),
    };
  },
});

function whatFor(awaitsReboot: ClusterMember | undefined, undecided: boolean): string | undefined {
  if (awaitsReboot) return `Reboot the instance ${awaitsReboot.instance}, or stop this execution and start one with {"reboot": "now"}.`;
  return undecided ? 'RDS has attached the parameter group and does not say yet what becomes of the writer.' : undefined;
}
