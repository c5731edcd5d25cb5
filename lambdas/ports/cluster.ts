/** The source's control plane: the state of an Aurora cluster in RDS, and the changes that the migration makes to it. */

/** One setting of a parameter group, as RDS stores it. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly applyMethod: 'immediate' | 'pending-reboot';
}

/** One instance of the cluster. */
export interface ClusterMember {
  readonly instance: string;
  readonly arn: string;
  readonly isWriter: boolean;
  /** DBInstanceStatus, such as `available` or `rebooting`. */
  readonly status: string;
  /** Whether the instance runs with the cluster parameter group that is attached. */
  readonly parameterGroupStatus: 'in-sync' | 'pending-reboot' | 'applying' | 'failed-to-apply' | string;
  /** PubliclyAccessible: whether its name leads to a public address from outside of the VPC. */
  readonly isPublic: boolean;
  /** Whether its size is that of Serverless v2, which may pause where the cluster allows it. */
  readonly isServerless: boolean;
  /** Availability zone; empty until RDS has placed the instance. */
  readonly zone: string;
}

/** A subnet into which RDS may place an instance. */
export interface Subnet {
  readonly id: string;
  readonly zone: string;
}

/** The state by DescribeDBClusters and DescribeDBInstances. */
export interface ClusterState {
  readonly cluster: string;
  readonly arn: string;
  /** Status of the cluster, such as `available` or `modifying`. */
  readonly status: string;
  /** Name of the attached cluster parameter group. */
  readonly parameterGroup: string;
  readonly engineVersion: string;
  readonly port: number;
  readonly members: readonly ClusterMember[];
  /** Ids of the attached VPC security groups, without those that RDS is removing. */
  readonly securityGroups: readonly string[];
  /** Whether RDS has finished attaching and removing security groups. */
  readonly securityGroupsSettled: boolean;
  /** Subnets of the cluster's subnet group. */
  readonly subnets: readonly Subnet[];
  /** Cluster of another region from which this one is fed: then it is a secondary of a global database, and takes no writes. */
  readonly replicatesFrom?: string;
  /** Least capacity of Serverless v2 in ACUs; 0 lets its instances pause. @default - nothing was set for Serverless v2 */
  readonly leastCapacity?: number;
  /** Endpoints beside the writer's: the one for readers, and those that the user has made. @default - there is none */
  readonly readerEndpoints?: readonly string[];
  /** Write forwarding that is not off, each as `local enabled` or the like: then sessions on readers write. @default - it is off */
  readonly writeForwarding?: readonly string[];
  /** The global database that this cluster is a member of. @default - of none */
  readonly globalCluster?: string;
}

/** An RDS Proxy that leads to the cluster. */
export interface DatabaseProxy {
  readonly name: string;
  readonly endpoint: string;
}

/** A cluster that a global database feeds from this one. */
export interface SecondaryCluster {
  readonly arn: string;
  /** Status of its write forwarding where that is not off. */
  readonly writeForwarding?: string;
}

/** Properties of the cluster's VPC that matter for public access. */
export interface Network {
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
  /** Those of the cluster's subnets that have no route to an internet gateway. */
  readonly privateSubnets: readonly string[];
  /** Those of the attached security groups that allow large ranges of public addresses at the cluster's port. */
  readonly openSecurityGroups: readonly string[];
}

/** Parameters of ModifyDBCluster; those that are left out stay as they are. */
export interface ClusterChanges {
  readonly parameterGroup?: string;
  /** All security groups that the cluster is to have. */
  readonly securityGroups?: readonly string[];
}

/** Tags of one resource of RDS. A value holds at most 256 letters, digits, spaces and `_.:/=+-@`. */
export type Tags = Readonly<Record<string, string>>;

/** Addresses that our security group, on the cluster or on the load balancer before it, lets in at the cluster's port. */
export interface AllowedAddress {
  /** In CIDR notation, as EC2 writes it. */
  readonly address: string;
  /** Whether the migration let it in at run time; else it is of the stack's settings, or of somebody else. */
  readonly isOurs: boolean;
}

/** The control plane of the source. For a server that is not on RDS, `describe` returns `undefined`. */
export interface Cluster {
  /** The parameter group that the stack made for the migration. */
  readonly migrationGroup: string;
  /** Name of the stack, which tells its journal from that of another migration of the same cluster. */
  readonly stack: string;
  /** Whether the instances are to be reachable from the internet, and whether from every address or from listed ones only. */
  readonly publicAccess: 'none' | 'listed' | 'anyone';
  describe(): Promise<ClusterState | undefined>;
  /** The user-defined parameters of a group, without the engine's defaults. */
  userParameters(group: string): Promise<Parameter[]>;
  /** Family of a cluster parameter group, such as aurora-postgresql15; undefined where there is no such group. */
  parameterGroupFamily(group: string): Promise<string | undefined>;
  /** Name of a security group; undefined where there is none of this id. */
  securityGroupName(id: string): Promise<string | undefined>;
  /** RDS Proxies of this account and region that lead to the cluster or to an instance of it. */
  proxies(state: ClusterState): Promise<readonly DatabaseProxy[]>;
  secondaries(globalCluster: string): Promise<readonly SecondaryCluster[]>;
  /** Id of the security group that the stack made for PlanetScale's addresses; undefined where it made none. */
  securityGroup(): Promise<string | undefined>;
  /** Undefined where there is no security group of ours into which addresses are entered. */
  allowed(): Promise<readonly AllowedAddress[] | undefined>;
  network(state: ClusterState): Promise<Network>;
  /** @param arn of the cluster or of one of its instances */
  tags(arn: string): Promise<Tags>;
  addTags(arn: string, tags: Tags): Promise<void>;
  removeTags(arn: string, keys: readonly string[]): Promise<void>;
  /** At most 20 at a time, as RDS takes them. */
  setParameters(group: string, parameters: readonly Parameter[]): Promise<void>;
  modify(changes: ClusterChanges): Promise<void>;
  setPublic(instance: string, isPublic: boolean): Promise<void>;
  reboot(instance: string): Promise<void>;
  /**
   * Lets in, marked as ours. Those that are let in already stay as they are.
   * @throws ClusterNotConfigurable where they are more than the group may have, and then none was let in
   */
  allow(addresses: readonly string[]): Promise<void>;
  /** Takes away rules that are marked as ours, and no other. */
  disallow(addresses: readonly string[]): Promise<void>;
}

/** The read-only part of {@link Cluster} that every step with a need of the cluster has. */
export type ClusterView = Pick<Cluster, 'migrationGroup' | 'describe' | 'userParameters'>;
/** Part of a switch: other connections to the cluster. */
export type ClusterAccess = Pick<Cluster, 'describe' | 'proxies' | 'secondaries'>;
/** Read-only part of ConfigureSource. */
export type ClusterSetupView = ClusterView & Pick<Cluster, 'stack' | 'publicAccess' | 'securityGroup' | 'allowed' | 'network' | 'tags'>;
/** Part that prepares the cluster. */
export type ClusterSetup = ClusterSetupView & Pick<Cluster, 'addTags' | 'setParameters' | 'modify' | 'setPublic' | 'allow' | 'disallow'>;
/** Read-only part of RestoreSource. */
export type ClusterRestoreView = Pick<
  Cluster,
  'stack' | 'describe' | 'tags' | 'userParameters' | 'parameterGroupFamily' | 'securityGroupName' | 'allowed'
>;
/** Part that restores the cluster. */
export type ClusterRestore = ClusterRestoreView & Pick<Cluster, 'removeTags' | 'modify' | 'setPublic' | 'disallow'>;
/** Part that reboots an instance. */
export type ClusterReboot = ClusterView & Pick<Cluster, 'reboot'>;
