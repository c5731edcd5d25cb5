/** The changes of ConfigureSource, and what it records before. All of it is decided from one observation. */
import type { ClusterSetupView, ClusterState, Tags } from '../ports/cluster.ts';
import { candidatesOf } from './availability.ts';
import { type Journal, journalIn, tagsOf } from './journal.ts';

/** The observed state of the cluster from which the changes follow. */
export interface Setting {
  readonly stack: string;
  readonly migrationGroup: string;
  readonly publicAccess: ClusterSetupView['publicAccess'];
  /** Security group for PlanetScale's addresses. */
  readonly securityGroup: string | undefined;
  readonly state: ClusterState;
  /** Tags by ARN, read after the state, so that every observed change of ours has its journal. */
  readonly tags: ReadonlyMap<string, Tags>;
  /** Whether the attached group suffices, so that nothing has to be attached or rebooted. */
  readonly streamsAlready: boolean;
}

export interface Changes {
  readonly parameterGroup?: string;
  readonly securityGroups?: readonly string[];
  /** Instances that are to become public. */
  readonly makePublic: readonly string[];
}

export function changesTo({ state, migrationGroup, securityGroup, publicAccess, streamsAlready }: Setting): Changes {
  const lacksGroup = !streamsAlready && state.parameterGroup !== migrationGroup;
  const lacksAccess = securityGroup !== undefined && !state.securityGroups.includes(securityGroup);
  return {
    ...(lacksGroup && { parameterGroup: migrationGroup }),
    ...(lacksAccess && { securityGroups: [...state.securityGroups, securityGroup] }),
    makePublic: publicAccess === 'none' ? [] : candidatesOf(state).flatMap(({ instance, isPublic }) => (isPublic ? [] : [instance])),
  };
}

export const changesAnything = ({ parameterGroup, securityGroups, makePublic }: Changes): boolean =>
  parameterGroup !== undefined || securityGroups !== undefined || makePublic.length > 0;

/**
 * Tags to write before the changes are made, by ARN. What was there before is recorded once; what we set in its place is recorded each
 * time, because another deployment may attach another group of its own.
 */
export function entriesFor(setting: Setting, changes: Changes): Map<string, Tags> {
  const { stack, state, securityGroup } = setting;
  const entries = new Map<string, Tags>();
  const record = (arn: string, was: Journal, set: Journal): void => {
    const tags = { ...tagsOf(stack, without(was, journalIn(stack, setting.tags.get(arn) ?? {}))), ...tagsOf(stack, set) };
    if (Object.keys(tags).length > 0) entries.set(arn, tags);
  };
  record(
    state.arn,
    {
      ...(changes.parameterGroup !== undefined && { parameterGroup: state.parameterGroup }),
      ...(changes.securityGroups !== undefined && { securityGroups: state.securityGroups }),
    },
    {
      ...(changes.parameterGroup !== undefined && { parameterGroupSet: changes.parameterGroup }),
      ...(changes.securityGroups !== undefined && securityGroup !== undefined && { securityGroupAdded: securityGroup }),
    },
  );
  for (const { instance, arn } of state.members) if (changes.makePublic.includes(instance)) record(arn, { isPublic: false }, {});
  return entries;
}

/** What is not recorded yet. */
const without = (journal: Journal, recorded: Journal): Journal =>
  Object.fromEntries(Object.entries(journal).filter(([name]) => !Object.hasOwn(recorded, name)));
