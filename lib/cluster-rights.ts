/** Rights for each need of the cluster: on this cluster, its instances and our groups, by name wherever IAM allows it. */
import type { Role } from 'aws-cdk-lib/aws-iam';
import { JOURNAL_PREFIX } from '../lambdas/cluster/journal.ts';
import { VARIABLE } from '../lambdas/config/environment.ts';
import { STACK_TAG } from '../lambdas/config/names.ts';
import type { Need } from '../lambdas/ports/ports.ts';
import { allowWildcard } from './exceptions.ts';
import { allow } from './grants.ts';
import type { Resources, Right, SourceCluster } from './resources.ts';

const INSTANCES_COME_AND_GO = 'A failover or a scaling may put another instance of the cluster in its place.';

/** @param resources of the statement; patterns among them are recorded as exceptions */
function allowOnInstances(role: Role, action: string, { instanceArns }: SourceCluster): void {
  allow(role, [action], [...instanceArns]);
  for (const arn of instanceArns) allowWildcard(role, arn, INSTANCES_COME_AND_GO);
}

function allowDescribing(role: Role, { arn, anyInstanceArn }: SourceCluster): void {
  allow(role, ['rds:DescribeDBClusters'], [arn]);
  allow(role, ['rds:DescribeDBInstances'], [anyInstanceArn]);
  allowWildcard(role, anyInstanceArn, 'The API grants a list filtered by cluster only on all instances; it is read only.');
}

/** Reads all tags of the cluster and its instances, and changes those of our own journal and no others. */
function allowJournal(role: Role, change: 'rds:AddTagsToResource' | 'rds:RemoveTagsFromResource', cluster: SourceCluster): void {
  const resources = [cluster.arn, ...cluster.instanceArns];
  allow(role, ['rds:ListTagsForResource'], resources);
  allow(role, [change], resources, {
    'ForAllValues:StringLike': { 'aws:TagKeys': [`${JOURNAL_PREFIX}${cluster.stack}:*`] },
    Null: { 'aws:TagKeys': 'false' }, // without a key, a condition for all keys would hold
  });
  for (const arn of cluster.instanceArns) allowWildcard(role, arn, INSTANCES_COME_AND_GO);
}

/** Reads the network, only where PlanetScale is let in. */
function allowLookingAtNetwork(role: Role, { access, publicAccess, vpcArn }: SourceCluster): void {
  if (access) allow(role, ['ec2:DescribeSecurityGroups'], ['*']);
  if (publicAccess === 'none') return;
  allow(role, ['ec2:DescribeRouteTables'], ['*']);
  allow(role, ['ec2:DescribeVpcAttribute'], [vpcArn]);
  allowWildcard(role, vpcArn, 'A VPC that is shared with this account carries the number of its owner; its id is unique everywhere.');
}

/** Changes rules of our own security group, which is known by the tag that the stack puts on it. */
function allowRules(role: Role, actions: string[], { access, stack }: SourceCluster): void {
  if (!access) return;
  allow(role, ['ec2:DescribeSecurityGroupRules'], ['*']);
  allow(role, actions, [access.anySecurityGroupArn], { StringEquals: { [`aws:ResourceTag/${STACK_TAG}`]: stack } });
  allowWildcard(
    role,
    access.anySecurityGroupArn,
    "The group is made after the functions; a condition limits the right to the stack's own.",
  );
}

/** Where the group is found, and what tells its rules from others. */
const addressEnvironment = ({ access, vpcId, port }: SourceCluster) =>
  access && { [VARIABLE.addressGroup]: access.securityGroup, [VARIABLE.vpc]: vpcId, [VARIABLE.clusterPort]: String(port) };

const cluster: Right = {
  network: false,
  environment: ({ cluster }) => ({ [VARIABLE.clusterIdentifier]: cluster.identifier, [VARIABLE.parameterGroup]: cluster.parameterGroup }),
  grant(role, { cluster }) {
    allowDescribing(role, cluster);
    allow(role, ['rds:DescribeDBClusterParameters'], [cluster.anyParameterGroupArn]);
    allowWildcard(role, cluster.anyParameterGroupArn, "The user's own group is not known before the first look; it is read only.");
  },
};

/** With a token, PlanetScale's API names the addresses to let in. */
const letsInAtRunTime = ({ cluster: { access }, planetscale }: Resources): boolean =>
  planetscale !== undefined && access?.isListed === true;

const clusterSetup: Right = {
  network: false,
  environment: (resources) => ({
    ...cluster.environment(resources),
    ...(resources.cluster.access?.isAttached && { [VARIABLE.securityGroup]: resources.cluster.access.securityGroup }),
    ...(letsInAtRunTime(resources) && addressEnvironment(resources.cluster)),
    [VARIABLE.vpc]: resources.cluster.vpcId,
    [VARIABLE.publicAccess]: resources.cluster.publicAccess,
    [VARIABLE.stack]: resources.cluster.stack,
  }),
  grant(role, resources) {
    const { arn, parameterGroupArn, publicAccess } = resources.cluster;
    cluster.grant(role, resources);
    allowLookingAtNetwork(role, resources.cluster);
    allowJournal(role, 'rds:AddTagsToResource', resources.cluster);
    allow(role, ['rds:ModifyDBClusterParameterGroup'], [parameterGroupArn]);
    allow(role, ['rds:ModifyDBCluster'], [arn, parameterGroupArn]);
    if (publicAccess !== 'none') allowOnInstances(role, 'rds:ModifyDBInstance', resources.cluster);
    if (!letsInAtRunTime(resources)) return;
    allowRules(role, ['ec2:AuthorizeSecurityGroupIngress', 'ec2:RevokeSecurityGroupIngress'], resources.cluster);
  },
};

/** Independent of the current settings: the journal may be of an earlier deployment. */
const clusterRestore: Right = {
  network: false,
  environment: ({ cluster }) => ({
    [VARIABLE.clusterIdentifier]: cluster.identifier,
    [VARIABLE.stack]: cluster.stack,
    ...addressEnvironment(cluster),
  }),
  grant(role, { cluster }) {
    allowDescribing(role, cluster);
    allowRules(role, ['ec2:RevokeSecurityGroupIngress'], cluster);
    allowJournal(role, 'rds:RemoveTagsFromResource', cluster);
    // The journal is compared with the groups that it names.
    allow(role, ['rds:DescribeDBClusterParameters', 'rds:DescribeDBClusterParameterGroups'], [cluster.anyParameterGroupArn]);
    allow(role, ['ec2:DescribeSecurityGroups'], ['*']);
    allow(role, ['rds:ModifyDBCluster'], [cluster.arn, cluster.anyParameterGroupArn]);
    allowWildcard(role, cluster.anyParameterGroupArn, 'Which group the cluster had before is known from its journal alone.');
    allowOnInstances(role, 'rds:ModifyDBInstance', cluster);
  },
};

const clusterReboot: Right = {
  ...cluster,
  grant(role, resources) {
    cluster.grant(role, resources);
    allowOnInstances(role, 'rds:RebootDBInstance', resources.cluster);
  },
};

/** Reads every address of the cluster. */
export function allowFindingAddresses(role: Role, cluster: SourceCluster): void {
  const { proxies, endpoints, targets } = cluster.anyProxyArns;
  allowDescribing(role, cluster);
  allow(role, ['rds:DescribeDBProxies'], [proxies]);
  allow(role, ['rds:DescribeDBProxyEndpoints'], [proxies, endpoints]);
  allow(role, ['rds:DescribeDBProxyTargets'], [proxies, ...targets]);
  for (const arn of [proxies, endpoints, ...targets])
    allowWildcard(role, arn, 'Which proxies lead to the cluster is not known before the look; it is read only.');
}

/** Reads the connections to the cluster that bypass its writer: proxies and global databases. */
const clusterAccess: Right = {
  network: false,
  environment: ({ cluster }) => ({ [VARIABLE.clusterIdentifier]: cluster.identifier }),
  grant(role, { cluster }) {
    allowFindingAddresses(role, cluster);
    allow(role, ['rds:DescribeGlobalClusters'], [cluster.anyGlobalClusterArn]);
    allowWildcard(
      role,
      cluster.anyGlobalClusterArn,
      'Which global database the cluster is a member of is not known before the look; it is read only.',
    );
  },
};

export const CLUSTER_RIGHTS = { cluster, clusterSetup, clusterRestore, clusterReboot, clusterAccess } as const satisfies Partial<
  Record<Need, Right>
>;
