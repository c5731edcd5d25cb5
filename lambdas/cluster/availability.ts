/** Whether a cluster can be changed now, soon, or not at all. */
import type { ClusterMember, ClusterState } from '../ports/cluster.ts';

/**
 * `maintained` ends by itself too, but not soon, and the cluster may differ from the observed one afterwards.
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

/** Instances that Aurora Auto Scaling adds and removes; they are promoted only where no other is left, and have names of this form. */
const AUTO_SCALED = /^application-autoscaling-/;

/** The writer, and every instance that a failover may make the writer. */
export const candidatesOf = ({ members }: ClusterState): ClusterMember[] =>
  members.filter(({ instance, isWriter, status }) => (isWriter || !AUTO_SCALED.test(instance)) && !status.startsWith('delet'));

/** The worst availability of the cluster and its candidates, with the statuses of RDS. */
export function availabilityOf(state: ClusterState): { readonly availability: Availability; readonly words: string } {
  const all = [
    { availability: availabilityIn(state.status), words: `the cluster ${state.cluster} is ${state.status}` },
    ...candidatesOf(state).map(({ instance, status }) => ({
      availability: availabilityIn(status),
      words: `its instance ${instance} is ${status}`,
    })),
  ];
  const worst = FROM_WORST.find((one) => all.some((each) => each.availability === one)) ?? 'usable';
  return { availability: worst, words: all.flatMap((each) => (each.availability === worst ? [each.words] : [])).join(', ') };
}

/** States of an attached group that last until the operator reboots, corrects a parameter or attaches another. */
const SETTLED = new Set(['in-sync', 'pending-reboot', 'failed-to-apply']);

/** Whether RDS has finished all requested changes. */
export const isSettled = (state: ClusterState): boolean =>
  availabilityOf(state).availability === 'usable' &&
  state.securityGroupsSettled &&
  candidatesOf(state).every(({ parameterGroupStatus }) => SETTLED.has(parameterGroupStatus));
