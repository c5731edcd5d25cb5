/** Whether a cluster can be worked on now, soon, or not at all. */
import type { ClusterMember, ClusterState } from '../ports/cluster.ts';

/**
 * `maintained` ends by itself too, but not soon, and what comes out of it may be another cluster than the one that was looked at.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html lists all statuses.
 */
export type Availability = 'usable' | 'passing' | 'maintained' | 'unusable';

const USABLE = /^(available|storage-(optimization|initialization|config-upgrade))$/;
const PASSING =
  /^(backing-up|configuring-.*|creating|failing-over|modifying|promoting|rebooting|renaming|resetting-master-credentials|starting|update-iam-db-auth|unknown)$/;
const MAINTAINED = /^(backtracking|maintenance|migrating|preparing-data-migration|upgrading)$/;

const availabilityIn = (status: string): Availability =>
  USABLE.test(status) ? 'usable' : PASSING.test(status) ? 'passing' : MAINTAINED.test(status) ? 'maintained' : 'unusable';

const FROM_WORST: readonly Availability[] = ['unusable', 'maintained', 'passing', 'usable'];

/** What Aurora Auto Scaling adds and takes away by itself; it is promoted only where nothing else is left, and carries names of its own. */
const AUTO_SCALED = /^application-autoscaling-/;

/** The writer, and every instance that a failover may make the writer. */
export const candidatesOf = ({ members }: ClusterState): ClusterMember[] =>
  members.filter(({ instance, isWriter, status }) => (isWriter || !AUTO_SCALED.test(instance)) && !status.startsWith('delet'));

/** The worst of the cluster and its candidates, with the words of RDS for it. */
export function availabilityOf(state: ClusterState): { readonly standing: Availability; readonly words: string } {
  const all = [
    { standing: availabilityIn(state.status), words: `the cluster ${state.cluster} is ${state.status}` },
    ...candidatesOf(state).map(({ instance, status }) => ({
      standing: availabilityIn(status),
      words: `its instance ${instance} is ${status}`,
    })),
  ];
  const worst = FROM_WORST.find((one) => all.some((each) => each.standing === one)) ?? 'usable';
  return { standing: worst, words: all.flatMap((each) => (each.standing === worst ? [each.words] : [])).join(', ') };
}

/** States of an attached group that last until somebody reboots, corrects a parameter or attaches another. */
const SETTLED = new Set(['in-sync', 'pending-reboot', 'failed-to-apply']);

/** Whether RDS has finished whatever it was asked for. */
export const isSettled = (state: ClusterState): boolean =>
  availabilityOf(state).standing === 'usable' &&
  state.securityGroupsSettled &&
  candidatesOf(state).every(({ parameterGroupStatus }) => SETTLED.has(parameterGroupStatus));
