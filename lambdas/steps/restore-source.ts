/**
 * Puts the cluster back as its journal says: parameter group, security groups, public access; and lets nobody in any more whom ConfigureSource
 * let in. What was changed meanwhile is left alone. Nothing is rebooted: until the operator does, the instances run on with the migration's parameters, which do no harm. The journal is
 * removed last, so that a visit that is cut off leaves everything that the next one needs.
 */

import { oursOf } from '../cluster/addresses.ts';
import { availabilityOf, isSettled } from '../cluster/availability.ts';
import { type Doubt, distrusted, doubtsAbout, strangeEntries } from '../cluster/doubts.ts';
import { JOURNAL_PREFIX } from '../cluster/journal.ts';
import { obstacleInStatus } from '../cluster/obstacles.ts';
import { othersInNeed, recordedKeys, restorationOf, restoresAnything } from '../cluster/restoration.ts';
import { candidateTags, type Tagged } from '../cluster/tags.ts';
import { CleanupIncomplete, ClusterNotConfigurable } from '../config/errors.ts';
import type { Verdict } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import type { ClusterRestore, ClusterRestoreView, ClusterState } from '../ports/cluster.ts';

async function look(cluster: ClusterRestoreView): Promise<Tagged | undefined> {
  const state = await cluster.describe();
  return state && { stack: cluster.stack, state, tags: await candidateTags(cluster, state) };
}

/**
 * @throws CleanupIncomplete while another migration relies on what would be put back
 * @throws ClusterNotConfigurable where RDS changes nothing, or where the journal is not to be trusted
 */
function judge(seen: Tagged | undefined, doubts: readonly Doubt[], letIn: readonly string[]): Verdict {
  if (!seen || recordedKeys(seen).length === 0) return letIn.length > 0 ? 'todo' : 'done';
  const restoration = restorationOf(seen);
  if (doubts.length > 0) throw new ClusterNotConfigurable(distrusted(doubts, seen, restoration));
  const others = othersInNeed(seen, restoration);
  if (others.length > 0) {
    throw new CleanupIncomplete(
      `The cluster ${seen.state.cluster} still serves the migration of ${others.join(', ')}, which began while ours was there and relies on ` +
        'our parameter group and on public access. Nothing was put back. Let Cleanup of that stack end first, then start this one again. If ' +
        'there is no such stack, another principal wrote its tags ' +
        `(${JOURNAL_PREFIX}…): remove them from the cluster.`,
    );
  }
  const obstacle = obstacleInStatus(seen.state, false);
  if (obstacle !== undefined) throw new ClusterNotConfigurable(obstacle);
  if (availabilityOf(seen.state).availability !== 'usable') return 'pending';
  return restoresAnything(restoration) || isSettled(seen.state) ? 'todo' : 'pending';
}

async function restore(cluster: ClusterRestore, seen: Tagged): Promise<void> {
  const { makePrivate, cluster: changes } = restorationOf(seen);
  for (const instance of makePrivate) await cluster.setPublic(instance, false);
  if (Object.keys(changes).length > 0) await cluster.modify(changes);
}

/** An instance takes a static parameter only when it is rebooted, and when that suits is not ours to say. */
function rebootNeeded({ members, parameterGroup }: ClusterState): string | undefined {
  const waiting = members.flatMap(({ instance, parameterGroupStatus }) => (parameterGroupStatus === 'pending-reboot' ? [instance] : []));
  if (waiting.length === 0) return undefined;
  return (
    `Reboot ${waiting.join(', ')} when it suits you, so that ${parameterGroup} is in force; until then the parameters of the migration are. ` +
    'Look for logical replication slots of other tools before: they need rds.logical_replication.'
  );
}

export const restoreSource = defineStep({
  needs: ['clusterRestore'],
  interrupted: 'What was put back by then stays so, and the tags on the cluster say what is left.',

  async inspect({ clusterRestore }) {
    const seen = await look(clusterRestore);
    return { seen, doubts: seen ? await doubtsAbout(clusterRestore, seen) : [], letIn: oursOf(await clusterRestore.allowed()) };
  },

  judge: ({ seen, doubts, letIn }) => judge(seen, doubts, letIn),

  async act({ clusterRestore: cluster, log }, { seen, letIn }) {
    if (letIn.length > 0) await cluster.disallow(letIn);
    if (!seen || recordedKeys(seen).length === 0) return 'pending'; // EC2 may go on showing a rule for a moment
    await restore(cluster, seen);
    const now = await look(cluster);
    if (!now || restoresAnything(restorationOf(now)) || !isSettled(now.state)) return 'pending';
    log.info('The cluster is as its journal says', { leftAlone: restorationOf(now).leftAlone });
    for (const [arn, keys] of recordedKeys(now)) await cluster.removeTags(arn, keys);
    return 'pending'; // RDS may go on showing a tag for a moment
  },

  evidence({ seen }, before) {
    const shutOut = { noLongerLetIn: before.letIn };
    if (!seen || !before.seen) return { cluster: 'not managed by RDS', ...(before.letIn.length > 0 && shutOut) };
    const { state } = seen;
    const reboot = rebootNeeded(state);
    return {
      cluster: state.cluster,
      status: state.status,
      parameterGroup: state.parameterGroup,
      securityGroups: state.securityGroups,
      ...(before.letIn.length > 0 && shutOut),
      publicInstances: state.members.flatMap(({ instance, isPublic }) => (isPublic ? [instance] : [])),
      leftAlone: [...restorationOf(before.seen).leftAlone, ...strangeEntries(before.seen)],
      ...(reboot !== undefined && { reboot }),
    };
  },
});
