/** The function that keeps the load balancer leading to the writer: each minute, and at once where RDS says that another instance became the writer. */
import { Duration } from 'aws-cdk-lib';
import { Match, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { VARIABLE } from '../lambdas/config/environment.ts';
import type { Entrance } from './entrance.ts';
import { allowWildcard } from './exceptions.ts';
import { MigrationFunction } from './function.ts';
import { allow } from './grants.ts';
import type { Network } from './network.ts';
import type { SourceCluster } from './resources.ts';

export interface FollowerProps {
  readonly entrance: Entrance;
  readonly cluster: SourceCluster;
  /** The bundle that all functions share. */
  readonly code: Code;
  /** Network in which the names of the cluster lead to private addresses. */
  readonly network: Network;
}

export class Follower extends Construct {
  readonly function: MigrationFunction;

  constructor(scope: Construct, id: string, { entrance, cluster, code, network }: FollowerProps) {
    super(scope, id);
    const { targetGroupArn } = entrance.targetGroup;
    this.function = new MigrationFunction(this, 'Follow', {
      description: "Keeps the load balancer of the migration to PlanetScale leading to the cluster's writer",
      code,
      entry: 'follow',
      timeout: Duration.seconds(55), // less than the minute until the next call
      memoryMb: 256,
      network,
      retryAttempts: 0, // the next call is a minute away
      environment: { [VARIABLE.clusterIdentifier]: cluster.identifier, [VARIABLE.targetGroup]: targetGroupArn },
    });
    const { role } = this.function;
    allow(role, ['rds:DescribeDBClusters'], [cluster.arn]);
    allow(role, ['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'], [targetGroupArn]);
    allow(role, ['elasticloadbalancing:DescribeTargetHealth'], ['*']);
    allowWildcard(
      role,
      '*',
      'The health of targets is of no resource that IAM knows, and network interfaces have no name before Lambda makes them.',
    );
    const target = () => new LambdaFunction(this.function.function, { retryAttempts: 0 });
    new Rule(this, 'EachMinute', {
      description: "Calls the function that follows the cluster's writer",
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [target()],
    });
    new Rule(this, 'FailedOver', {
      description: 'Calls the same function when the cluster fails over, as RDS says of the cluster or of an instance',
      // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html: RDS-EVENT-0069 to 0073 and the like
      eventPattern: {
        source: ['aws.rds'],
        detailType: ['RDS DB Cluster Event', 'RDS DB Instance Event'],
        resources: Match.anyOf(
          cluster.arn,
          ...cluster.instanceArns.map((arn) => (arn.endsWith('*') ? Match.prefix(arn.slice(0, -1)) : arn)),
        ),
        detail: { EventCategories: ['failover'] },
      },
      targets: [target()],
    });
  }
}
