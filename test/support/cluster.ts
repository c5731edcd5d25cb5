/** Clusters of every kind, for tests that options the control plane by hand. */
import { parameterGroupOf, securityGroupOf } from '../../lambdas/config/names.ts';
import type {
  AllowedAddress,
  Cluster,
  ClusterMember,
  ClusterState,
  DatabaseProxy,
  Network,
  Parameter,
  SecondaryCluster,
  Tags,
} from '../../lambdas/ports/cluster.ts';

export const GROUP = parameterGroupOf('Shop', 'aurora-postgresql15');
export const USERS_GROUP = 'users-group';
export const OURS = 'sg-0planetscale';
export const THEIRS = 'sg-0application';

const arn = (kind: string, name: string) => `arn:aws:rds:eu-central-1:111122223333:${kind}:${name}`;

export const member = (over: Partial<ClusterMember> = {}): ClusterMember => {
  const instance = over.instance ?? 'shop-1';
  return {
    instance,
    arn: arn('db', instance),
    isWriter: true,
    status: 'available',
    parameterGroupStatus: 'in-sync',
    isPublic: false,
    isServerless: false,
    zone: 'eu-central-1a',
    ...over,
  };
};
export const reader = (instance: string, over: Partial<ClusterMember> = {}): ClusterMember =>
  member({ instance, isWriter: false, ...over });

/** A cluster that is not prepared. */
export const state = (over: Partial<ClusterState> = {}): ClusterState => ({
  cluster: 'shop',
  arn: arn('cluster', 'shop'),
  status: 'available',
  parameterGroup: USERS_GROUP,
  engineVersion: '15.4',
  port: 5432,
  members: [member()],
  securityGroups: [THEIRS],
  securityGroupsSettled: true,
  subnets: [
    { id: 'subnet-a', zone: 'eu-central-1a' },
    { id: 'subnet-b', zone: 'eu-central-1b' },
  ],
  ...over,
});

/** The same cluster once it is prepared. */
export const prepared = (over: Partial<ClusterState> = {}): ClusterState =>
  state({ parameterGroup: GROUP, securityGroups: [THEIRS, OURS], members: [member({ isPublic: true })], ...over });

export const OPEN_NETWORK: Network = { dnsSupport: true, dnsHostnames: true, privateSubnets: [], openSecurityGroups: [] };

export interface Played extends Cluster {
  /** The cluster as it is now; a test may change it without a call. */
  state: ClusterState;
  readonly tagged: Map<string, Tags>;
  /** Addresses that our group lets in now. */
  letIn: readonly AllowedAddress[] | undefined;
  /** Calls that change something, in their order, without their values. */
  readonly calls: string[];
}

export interface ClusterOptions extends Partial<Pick<Cluster, 'stack' | 'publicAccess'>> {
  readonly state?: ClusterState;
  readonly network?: Network;
  readonly proxies?: readonly DatabaseProxy[];
  readonly secondaries?: readonly SecondaryCluster[];
  readonly hasSecurityGroup?: boolean;
  /** Addresses that our group lets in. @default - there is no group into which addresses are entered */
  readonly allowed?: readonly AllowedAddress[];
  readonly groups?: Readonly<Record<string, readonly Parameter[]>>;
  readonly tagged?: Map<string, Tags>;
  /** Families of parameter groups beside the two usual ones. */
  readonly families?: Readonly<Record<string, string>>;
}

/** A control plane that does at once whatever it is asked for. */
export function playedCluster(options: ClusterOptions = {}): Played {
  const groups = new Map<string, Parameter[]>(Object.entries(options.groups ?? {}).map(([name, parameters]) => [name, [...parameters]]));
  const { tagged = new Map() } = options;
  const calls: string[] = [];
  const played: Played = {
    migrationGroup: GROUP,
    stack: options.stack ?? 'Shop',
    publicAccess: options.publicAccess ?? 'listed',
    state: options.state ?? state(),
    tagged,
    calls,
    letIn: options.allowed,
    allowed: async () => played.letIn,
    async allow(addresses) {
      calls.push(`allow ${addresses.join(' ')}`);
      played.letIn = [...(played.letIn ?? []), ...addresses.map((address) => ({ address, isOurs: true }))];
    },
    async disallow(addresses) {
      calls.push(`disallow ${addresses.join(' ')}`);
      played.letIn = played.letIn?.filter(({ address, isOurs }) => !isOurs || !addresses.includes(address));
    },
    describe: async () => played.state,
    userParameters: async (group) => groups.get(group) ?? [],
    proxies: async () => options.proxies ?? [],
    secondaries: async () => options.secondaries ?? [],
    securityGroup: async () => (options.hasSecurityGroup === false ? undefined : OURS),
    network: async () => options.network ?? OPEN_NETWORK,
    parameterGroupFamily: async (name) =>
      options.families?.[name] ?? ([GROUP, USERS_GROUP].includes(name) ? 'aurora-postgresql15' : undefined),
    securityGroupName: async (id) => (id === OURS ? securityGroupOf(played.stack) : 'application'),
    tags: async (of) => ({ ...tagged.get(of) }),
    async addTags(of, tags) {
      calls.push('addTags');
      tagged.set(of, { ...tagged.get(of), ...tags });
    },
    async removeTags(of, keys) {
      calls.push('removeTags');
      tagged.set(of, Object.fromEntries(Object.entries(tagged.get(of) ?? {}).filter(([key]) => !keys.includes(key))));
    },
    async setParameters(group, parameters) {
      calls.push('setParameters');
      groups.set(group, [...(groups.get(group) ?? []), ...parameters]);
    },
    async modify({ parameterGroup = played.state.parameterGroup, securityGroups = played.state.securityGroups }) {
      calls.push('modify');
      played.state = { ...played.state, parameterGroup, securityGroups };
    },
    async setPublic(instance, isPublic) {
      calls.push(`setPublic ${instance} ${isPublic}`);
      const members = played.state.members.map((one) => (one.instance === instance ? { ...one, isPublic } : one));
      played.state = { ...played.state, members };
    },
    async reboot() {
      calls.push('reboot');
    },
  };
  return played;
}
