/**
 * Guide A, step 2: logical replication is a static parameter of the cluster, so a parameter group of ours replaces the attached one.
 * PlanetScale streams from outside, so its addresses are allowed, with a token those that its API names, and the instances get public names where
 * the deployment says so. What was there before is recorded first, where RestoreSource finds it; rules for addresses carry a mark of ours instead.
 */

import { type AddressChanges, addressChanges } from '../cluster/addresses.ts';
import { availabilityOf, isSettled } from '../cluster/availability.ts';
import { carries } from '../cluster/journal.ts';
import { obstacleInJournal, obstacleInNetwork, obstacleInStatus, obstacleOf } from '../cluster/obstacles.ts';
import { type CarryOver, carryOver, streamsAlready } from '../cluster/parameters.ts';
import { type Changes, changesAnything, changesTo, entriesFor, type Setting } from '../cluster/setup.ts';
import { candidateTags, journalsIn } from '../cluster/tags.ts';
import { ClusterNotConfigurable } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import { defineStep } from '../engine/step.ts';
import type { AllowedAddress, ClusterSetup, ClusterSetupView, Network } from '../ports/cluster.ts';
import type { PlanetScaleView } from '../ports/planetscale.ts';

/** ModifyDBClusterParameterGroup takes no more at a time. */
const PARAMETERS_PER_CALL = 20;
/** The engine's own groups hold nothing that a user has set. */
const DEFAULT_GROUP = /^default\./;

interface Seen {
  readonly setting: Setting;
  readonly changes: Changes;
  /** Looked at only where an instance is to become public. */
  readonly network: Network | undefined;
  readonly carriedOver: CarryOver;
  readonly addresses: Addresses;
}

/** Who is let in. */
interface Addresses extends AddressChanges {
  /** Undefined where that is left to the settings, without a token, or to the operator. */
  readonly allowed: readonly AllowedAddress[] | undefined;
}

async function lookAtAddresses(cluster: ClusterSetupView, planetscale: PlanetScaleView): Promise<Addresses> {
  const allowed = planetscale.configured ? await cluster.allowed() : undefined;
  if (!allowed) return { allowed, allow: [], disallow: [] };
  return { allowed, ...addressChanges(await planetscale.branch(), allowed) };
}

async function look(cluster: ClusterSetupView, planetscale: PlanetScaleView): Promise<Seen | undefined> {
  const state = await cluster.describe();
  if (!state) return undefined;
  const { stack, migrationGroup, publicAccess } = cluster;
  const foreign = state.parameterGroup !== migrationGroup && !DEFAULT_GROUP.test(state.parameterGroup);
  const theirs = foreign ? await cluster.userParameters(state.parameterGroup) : [];
  const setting: Setting = {
    stack,
    migrationGroup,
    publicAccess,
    state,
    securityGroup: await cluster.securityGroup(),
    tags: await candidateTags(cluster, state),
    streamsAlready: foreign && streamsAlready(theirs),
  };
  const changes = changesTo(setting);
  return {
    setting,
    changes,
    network: changes.makePublic.length > 0 ? await cluster.network(state) : undefined,
    carriedOver: foreign ? carryOver(theirs, await cluster.userParameters(migrationGroup)) : { parameters: [], notCarried: [] },
    addresses: await lookAtAddresses(cluster, planetscale),
  };
}

function obstacle({ setting, changes, network }: Seen): string | undefined {
  const { state, publicAccess } = setting;
  return (
    obstacleOf(state) ??
    obstacleInJournal(setting) ??
    obstacleInStatus(state, changesAnything(changes)) ??
    (network && obstacleInNetwork(state, changes, network, publicAccess === 'anyone'))
  );
}

/** @returns whether everything that is about to be changed is recorded: RDS may take a moment to show a tag, and nothing is changed before */
async function record(cluster: ClusterSetup, { setting, changes }: Seen): Promise<boolean> {
  const entries = entriesFor(setting, changes);
  for (const [arn, tags] of entries) await cluster.addTags(arn, tags);
  for (const [arn, tags] of entries) if (!carries(await cluster.tags(arn), tags)) return false;
  return true;
}

async function carry(cluster: ClusterSetup, { parameters }: CarryOver): Promise<void> {
  for (let from = 0; from < parameters.length; from += PARAMETERS_PER_CALL) {
    await cluster.setParameters(cluster.migrationGroup, parameters.slice(from, from + PARAMETERS_PER_CALL));
  }
}

/** New addresses first: until they are let in, the old ones may still be in use. */
async function enter(cluster: ClusterSetup, { allow, disallow }: AddressChanges): Promise<void> {
  if (allow.length > 0) await cluster.allow(allow);
  if (disallow.length > 0) await cluster.disallow(disallow);
}

/** What could not be carried over was found by the visit that attached the group, and is handed on from visit to visit. */
const notCarriedIn = (previous: Json | undefined): Json => (previous as { readonly notCarried?: Json } | undefined)?.notCarried ?? [];

export const configureSource = defineStep({
  needs: ['clusterSetup', 'planetscale'],
  interrupted:
    "Whatever it had changed at the cluster is written down in the cluster's tags, and RestoreSource puts it back, with the addresses that it had let in.",

  async inspect({ clusterSetup, planetscale, previous }) {
    return { seen: await look(clusterSetup, planetscale), notCarriedBefore: notCarriedIn(previous) };
  },

  judge({ seen }) {
    if (!seen) return 'done';
    const reason = obstacle(seen);
    if (reason !== undefined) throw new ClusterNotConfigurable(reason);
    if (availabilityOf(seen.setting.state).availability !== 'usable') return 'pending';
    if (changesAnything(seen.changes) || seen.addresses.allow.length + seen.addresses.disallow.length > 0) return 'todo';
    return isSettled(seen.setting.state) ? 'done' : 'pending';
  },

  async act({ clusterSetup: cluster, log }, { seen }) {
    if (!seen || !(await record(cluster, seen))) return 'pending';
    const { changes, carriedOver, addresses } = seen;
    await enter(cluster, addresses);
    const { makePublic, ...ofCluster } = changes;
    for (const instance of makePublic) await cluster.setPublic(instance, true);
    if (changes.parameterGroup !== undefined) {
      await carry(cluster, carriedOver);
      log.info('Carried over the parameters of the attached group', {
        group: seen.setting.state.parameterGroup,
        parameters: carriedOver.parameters.length,
        notCarried: carriedOver.notCarried,
      });
    }
    if (Object.keys(ofCluster).length > 0) await cluster.modify(ofCluster);
    // RDS may go on showing the cluster as it was for a moment.
    return 'pending';
  },

  evidence({ seen, notCarriedBefore }, before) {
    if (!seen) return { cluster: 'not managed by RDS' };
    const { state, streamsAlready: sufficient } = seen.setting;
    const attaching = before.seen?.changes.parameterGroup !== undefined;
    return {
      cluster: state.cluster,
      status: state.status,
      parameterGroup: state.parameterGroup,
      streamedAlready: sufficient,
      members: Object.fromEntries(state.members.map((member) => [member.instance, member.parameterGroupStatus])),
      securityGroups: state.securityGroups,
      ...(seen.addresses.allowed && { letIn: seen.addresses.allowed.map(({ address }) => address).sort() }),
      publicInstances: state.members.flatMap(({ instance, isPublic }) => (isPublic ? [instance] : [])),
      /** Parameters of the user's group that are formulas: they keep the value of the migration. */
      notCarried: attaching ? (before.seen?.carriedOver.notCarried ?? []) : notCarriedBefore,
      journal: journalsIn(seen.setting),
    };
  },
});
