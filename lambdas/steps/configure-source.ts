/** Guide A, step 2: logical replication is a static parameter of the cluster, so a parameter group of ours replaces the attached one. */
import { carryOver, streamsAlready } from '../cluster-parameters.ts';
import type { ClusterState } from '../contract.ts';
import { ClusterNotConfigurable } from '../errors.ts';
import { defineStep } from '../step.ts';

/** ModifyDBClusterParameterGroup takes no more at a time. */
const PARAMETERS_PER_CALL = 20;
/** The engine's own groups hold nothing that a user has set. */
const DEFAULT_GROUP = /^default\./;
const SETTLED = new Set(['in-sync', 'pending-reboot']);

interface Seen {
  readonly migrationGroup: string;
  readonly state: ClusterState | undefined;
  readonly streamsAlready: boolean;
}

export const configureSource = defineStep({
  needs: ['clusterParameters'],

  async inspect({ clusterParameters: cluster }): Promise<Seen> {
    const state = await cluster.describe();
    const foreign = state !== undefined && state.parameterGroup !== cluster.migrationGroup && !DEFAULT_GROUP.test(state.parameterGroup);
    return {
      migrationGroup: cluster.migrationGroup,
      state,
      streamsAlready: foreign && streamsAlready(await cluster.userParameters(state.parameterGroup)),
    };
  },

  judge({ state, migrationGroup, streamsAlready: sufficient }) {
    if (!state || sufficient) return 'done';
    const failed = state.members.find((member) => member.parameterGroupStatus === 'failed-to-apply');
    if (failed) {
      throw new ClusterNotConfigurable(
        `RDS could not apply the cluster parameter group ${state.parameterGroup} to the instance ${failed.instance}. The data was not touched. ` +
          'Read the recent events of the instance in the RDS console, correct the parameter that they name, then start again.',
      );
    }
    if (state.status !== 'available') return 'pending';
    if (state.parameterGroup !== migrationGroup) return 'todo';
    return state.members.every((member) => SETTLED.has(member.parameterGroupStatus)) ? 'done' : 'pending';
  },

  async act({ clusterParameters: cluster, log }, { state }) {
    if (!state) return undefined;
    if (!DEFAULT_GROUP.test(state.parameterGroup)) {
      const theirs = await cluster.userParameters(state.parameterGroup);
      const { parameters, notCarried } = carryOver(theirs, await cluster.userParameters(cluster.migrationGroup));
      for (let from = 0; from < parameters.length; from += PARAMETERS_PER_CALL) {
        await cluster.setParameters(cluster.migrationGroup, parameters.slice(from, from + PARAMETERS_PER_CALL));
      }
      log.info('Carried over the parameters of the attached group', { group: state.parameterGroup, parameters: parameters.length });
      if (notCarried.length > 0) log.warn('These parameters are formulas and keep the value of the migration', { notCarried });
    }
    await cluster.attachParameterGroup(cluster.migrationGroup);
    // RDS may go on showing the old group for a moment.
    return 'pending';
  },

  evidence: ({ state, streamsAlready: sufficient }) =>
    state
      ? {
          cluster: state.cluster,
          status: state.status,
          parameterGroup: state.parameterGroup,
          streamedAlready: sufficient,
          members: Object.fromEntries(state.members.map((member) => [member.instance, member.parameterGroupStatus])),
        }
      : { cluster: 'not managed by RDS' },
});
