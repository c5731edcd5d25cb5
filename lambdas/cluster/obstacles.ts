/** Reasons why a cluster cannot be prepared, each with its remedy, or undefined. Nothing was changed when one of these is reported. */
import { isParameterGroupOf } from '../config/names.ts';
import type { ClusterState, Network } from '../ports/cluster.ts';
import { decodesWrongly } from '../postgres/versions.ts';
import { availabilityOf } from './availability.ts';
import { keyOf, strangeTags } from './journal.ts';
import type { Changes } from './setup.ts';
import { journalOf, type Tagged } from './tags.ts';

const UNTOUCHED = 'Nothing was changed.';

/** Obstacle in the cluster itself, independent of the changes. */
export function obstacleOf(state: ClusterState): string | undefined {
  const { cluster, engineVersion, members, replicatesFrom, leastCapacity } = state;
  if (replicatesFrom !== undefined) {
    return (
      `The cluster ${cluster} takes no writes: it is fed by ${replicatesFrom}, as a secondary of a global database. ${UNTOUCHED} ` +
      "Deploy the stack beside the global database's primary cluster and start there."
    );
  }
  if (decodesWrongly(engineVersion)) {
    return `Logical decoding is defective in Aurora PostgreSQL ${engineVersion}. ${UNTOUCHED} Upgrade ${cluster} to 16.2 or newer, then start again.`;
  }
  const pausing = leastCapacity === 0 ? members.filter(({ isServerless }) => isServerless) : [];
  if (pausing.length > 0) {
    return (
      `The cluster ${cluster} lets its Serverless v2 capacity go down to 0 ACUs, and while ${named(pausing)} is paused nothing is streamed. ` +
      `${UNTOUCHED} Set the minimum capacity of the cluster to 0.5 ACUs or more until the migration has ended, then start again.`
    );
  }
  const failed = members.find(({ parameterGroupStatus }) => parameterGroupStatus === 'failed-to-apply');
  if (failed) {
    return (
      `RDS could not apply the cluster parameter group ${state.parameterGroup} to the instance ${failed.instance}. The data was not touched. ` +
      'Read the recent events of the instance in the RDS console, correct the parameter that they name, then start again.'
    );
  }
  return undefined;
}

const named = (members: ClusterState['members']): string => members.map(({ instance }) => instance).join(', ');

/** Obstacle in the status of the cluster. @param changing whether there is anything to change */
export function obstacleInStatus(state: ClusterState, changing: boolean): string | undefined {
  const { availability: worst, words } = availabilityOf(state);
  const said = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  if (worst === 'unusable')
    return `${said} RDS changes nothing about a cluster in this state. ${UNTOUCHED} Make it available, then start again.`;
  if (worst === 'maintained' && changing) return `${said} ${UNTOUCHED} Wait until RDS has finished, then start again.`;
  return undefined;
}

/** Obstacle in the network, where instances are to become public. */
export function obstacleInNetwork(
  { cluster, members, subnets, port }: ClusterState,
  { makePublic }: Changes,
  network: Network,
  anyoneMay: boolean,
): string | undefined {
  const without = `${UNTOUCHED} Or deploy with "access" "load-balancer", or "own" if PlanetScale reaches the cluster by a way of yours.`;
  const dns = [...(network.dnsSupport ? [] : ['DNS resolution']), ...(network.dnsHostnames ? [] : ['DNS hostnames'])];
  if (dns.length > 0) {
    return (
      `The VPC of ${cluster} has ${dns.join(' and ')} switched off, so no instance in it can have a public name. ` +
      `Switch on both in the settings of the VPC, then start again. ${without}`
    );
  }
  // An instance is in one of the group's subnets in its zone, and RDS does not report in which.
  const zones = new Set(members.flatMap(({ instance, zone }) => (makePublic.includes(instance) ? [zone] : [])));
  const dead = subnets.filter(({ id, zone }) => (zones.has(zone) || zones.has('')) && network.privateSubnets.includes(id));
  if (dead.length > 0) {
    return (
      `Public access to ${makePublic.join(', ')} would lead nowhere: the subnets ${dead.map(({ id }) => id).join(', ')} of the cluster's ` +
      'subnet group have no route to an internet gateway. Give their route tables a route 0.0.0.0/0 to an internet gateway, then start ' +
      `again. ${without}`
    );
  }
  if (network.openSecurityGroups.length > 0 && !anyoneMay) {
    return (
      `Public access would open ${cluster} to the internet: the security groups ${network.openSecurityGroups.join(', ')}, which are attached ` +
      `to it, let in more than listed addresses at port ${port}. Narrow their rules, then start again. ${without}`
    );
  }
  return undefined;
}

/**
 * Obstacle in the journal that exists before anything is changed. A record is never overwritten, so Cleanup would take an entry of another
 * principal for ours.
 */
export function obstacleInJournal(tagged: Tagged): string | undefined {
  const { stack, state } = tagged;
  const removal = (arn: string, keys: readonly string[]) =>
    `Remove the tags (aws rds remove-tags-from-resource --resource-name ${arn} --tag-keys ${keys.join(' ')}), then start again.`;
  for (const { arn } of [state, ...state.members]) {
    const strange = strangeTags(stack, tagged.tags.get(arn) ?? {});
    if (strange.length === 0) continue;
    const said = strange.map(([key, value]) => `${key} = ${value}`).join(', ');
    return `${arn} carries tags under our name that the migration did not write: ${said}. ${UNTOUCHED} ${removal(
      arn,
      strange.map(([key]) => key),
    )}`;
  }
  const { parameterGroup: was } = journalOf(tagged, state.arn);
  const { parameterGroup: now, cluster } = state;
  if (was === undefined || was === now || isParameterGroupOf(stack, now)) return undefined;
  return (
    `The tag ${keyOf(stack, 'parameterGroup')} says that ${cluster} had the parameter group ${was} before the migration, but ${now} is attached, ` +
    `and no group of ours: another principal wrote the tag, or changed the group since. ${UNTOUCHED} Cleanup would attach ${was}. If ${now} is right, it is ` +
    `recorded anew: ${removal(state.arn, [keyOf(stack, 'parameterGroup'), keyOf(stack, 'parameterGroupSet')])}`
  );
}
