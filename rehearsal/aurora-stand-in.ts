/**
 * A simulation of RDS with an Aurora cluster, for an embedded server: parameter groups, security groups, public access, tags, and an instance
 * that takes a static parameter only when it is rebooted. The reboot is a real restart of the server.
 */
import { TransientError } from '../lambdas/config/errors.ts';
import { parameterGroupOf, securityGroupOf } from '../lambdas/config/names.ts';
import type { Cluster, Parameter, Tags } from '../lambdas/ports/cluster.ts';
import { sourceParameters } from '../lib/parameter-group.ts';
import type { Server } from './servers/server.ts';

const FAMILY = 'aurora-postgresql';
const DEFAULT_GROUP = `default.${FAMILY}`;
const STACK = 'Rehearsal';
export const MIGRATION_GROUP = parameterGroupOf(STACK, FAMILY);
const INSTANCE = 'rehearsal-writer';
/** It serves what was there before, and may become the writer. It has no server of its own, which would show nothing more. */
const READER = 'rehearsal-reader';
const arnOf = (kind: 'cluster' | 'db', name: string): string => `arn:aws:rds:eu-central-1:111122223333:${kind}:${name}`;
const CLUSTER_ARN = arnOf('cluster', 'rehearsal');
/** The user's own, and the one for PlanetScale's addresses. */
const SECURITY_GROUPS = { users: 'sg-0000000000000user', planetscale: 'sg-00000000planetscale' } as const;
const ZONE = 'eu-central-1a';

/** A deployment with its defaults, in a network in which public access works. */
const DEPLOYMENT = {
  migrationGroup: MIGRATION_GROUP,
  stack: STACK,
  publicAccess: 'listed' as Cluster['publicAccess'],
  securityGroup: async () => SECURITY_GROUPS.planetscale,
  securityGroupName: async (id: string) => (id === SECURITY_GROUPS.planetscale ? securityGroupOf(STACK) : undefined),
  proxies: async () => [],
  secondaries: async () => [],
  allowed: async () => undefined,
  allow: async () => {},
  disallow: async () => {},
  network: async () => ({ dnsSupport: true, dnsHostnames: true, privateSubnets: [], openSecurityGroups: [] }),
} as const;

/** Parameters that the stack puts into the migration's parameter group. */
const MIGRATION_PARAMETERS: readonly Parameter[] = Object.entries(sourceParameters(true)).map(([name, value]) => ({
  name,
  value,
  applyMethod: 'pending-reboot',
}));

/** RDS computes formulas from the size of the instance; on the smallest one the number at their end is the result. */
const workedOut = (value: string): string => value.replace(/^GREATEST\(\{.*\},(\d+)\)$/, '$1');

/** RDS's own parameters mean something else to the embedded server; those that plain PostgreSQL does not know are left out. */
export function toServer(parameters: readonly Parameter[]): Record<string, string> {
  const entries = parameters.flatMap(({ name, value }): [string, string][] => {
    if (name === 'rds.logical_replication') return [['wal_level', value === '1' ? 'logical' : 'replica']];
    return name === 'shared_preload_libraries' || name.startsWith('rds.') ? [] : [[name, workedOut(value)]];
  });
  return Object.fromEntries(entries);
}

/** The way by which the target reaches the source: public names, or a load balancer, with which nothing of the cluster becomes public. */
export type StandInAccess = 'public' | 'load-balancer';

const BEHIND_A_LOAD_BALANCER = { publicAccess: 'none', securityGroup: async () => undefined } as const;

/** @param userParameters what the user had set in a group of their own before; empty means the engine's default group */
export function auroraStandIn(server: Server, userParameters: readonly Parameter[] = [], access: StandInAccess = 'public'): Cluster {
  const usersGroup = userParameters.length > 0 ? 'users-group' : DEFAULT_GROUP;
  const groups = new Map<string, Map<string, Parameter>>([
    [usersGroup, new Map(userParameters.map((parameter) => [parameter.name, parameter]))],
    [MIGRATION_GROUP, new Map(MIGRATION_PARAMETERS.map((parameter) => [parameter.name, parameter]))],
  ]);
  const tags = new Map<string, Tags>();
  let securityGroups: readonly string[] = [SECURITY_GROUPS.users];
  const isPublic = new Map([
    [INSTANCE, false],
    [READER, false],
  ]);
  /** Addresses that the migration has let in; the settings name none. */
  const letIn = new Set<string>();
  let attached = usersGroup;
  let inForce = usersGroup;
  let status: 'available' | 'rebooting' | 'failed' = 'available';

  const group = (name: string) => {
    const found = groups.get(name);
    if (!found) throw new Error(`There is no parameter group ${name}.`);
    return found;
  };
  const known = (instance: string): void => {
    if (!isPublic.has(instance)) throw new Error(`There is no instance ${instance}.`);
  };

  return {
    ...DEPLOYMENT,
    ...(access === 'load-balancer' && BEHIND_A_LOAD_BALANCER),
    allowed: async () => [...letIn].map((address) => ({ address, isOurs: true })),
    async allow(addresses) {
      for (const address of addresses) letIn.add(address);
    },
    async disallow(addresses) {
      for (const address of addresses) letIn.delete(address);
    },
    async describe() {
      return {
        cluster: 'rehearsal',
        arn: CLUSTER_ARN,
        status: 'available',
        parameterGroup: attached,
        engineVersion: `${server.version}.0`,
        port: 5432,
        members: [...isPublic].map(([instance, open]) => ({
          instance,
          arn: arnOf('db', instance),
          isWriter: instance === INSTANCE,
          isServerless: false,
          zone: ZONE,
          status: instance === INSTANCE ? status : 'available',
          isPublic: open,
          parameterGroupStatus: attached === inForce ? 'in-sync' : 'pending-reboot',
        })),
        readerEndpoints: ['rehearsal.cluster-ro-rehearsal.eu-central-1.rds.amazonaws.com'],
        securityGroups,
        securityGroupsSettled: true,
        subnets: [{ id: 'subnet-00000000rehearsal', zone: ZONE }],
      };
    },
    parameterGroupFamily: async (name) => (groups.has(name) ? FAMILY : undefined),
    tags: async (arn) => ({ ...tags.get(arn) }),
    async addTags(arn, added) {
      tags.set(arn, { ...tags.get(arn), ...added });
    },
    async removeTags(arn, keys) {
      tags.set(arn, Object.fromEntries(Object.entries(tags.get(arn) ?? {}).filter(([key]) => !keys.includes(key))));
    },
    async userParameters(name) {
      return [...group(name).values()];
    },
    async setParameters(name, parameters) {
      for (const parameter of parameters) group(name).set(parameter.name, parameter);
    },
    async modify({ parameterGroup = attached, securityGroups: wanted = securityGroups }) {
      group(parameterGroup);
      attached = parameterGroup;
      securityGroups = [...wanted];
    },
    async setPublic(instance, wanted) {
      known(instance);
      isPublic.set(instance, wanted);
    },
    async reboot(instance) {
      known(instance);
      if (instance !== INSTANCE) return; // a reader restarts, which no client here would notice
      if (status !== 'available') throw new TransientError(`The instance ${instance} is not in the state available.`);
      status = 'rebooting';
      // RDS answers at once and reboots afterwards; `describe` says so until the server is back.
      void server.restart(toServer([...group(attached).values()])).then(
        () => {
          inForce = attached;
          status = 'available';
        },
        () => {
          status = 'failed';
        },
      );
    },
  };
}

/** A server that is not managed, such as one given by `--source-url`: nothing to configure, nothing to reboot. */
export const unmanagedCluster: Cluster = {
  ...DEPLOYMENT,
  describe: async () => undefined,
  userParameters: async () => [],
  parameterGroupFamily: async () => undefined,
  tags: async () => ({}),
  addTags: async () => {},
  removeTags: async () => {},
  setParameters: async () => {},
  modify: async () => {},
  setPublic: async () => {},
  reboot: async () => {},
};
