/** The function that writes the report when an execution has ended. Nothing waits for it, so it keeps no migration from anything. */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { VARIABLE } from '../lambdas/config/environment.ts';
import { MACHINE_NAMES, MACHINES, type MachineName } from '../lambdas/engine/machines.ts';
import { reportCode } from './bundle.ts';
import { allowWildcard } from './exceptions.ts';
import { MigrationFunction } from './function.ts';
import { allow } from './grants.ts';
import type { Migration } from './migration.ts';
import type { ReportBucket } from './report-bucket.ts';
import type { Resources } from './resources.ts';

export interface ReportWriterProps {
  readonly migration: Migration;
  readonly bucket: ReportBucket;
  /** Names of what is moved, and to where. */
  readonly resources: Pick<Resources, 'database' | 'cluster' | 'planetscale'>;
}

/** The machines that act, and the one that foretells. */
const TOLD: readonly MachineName[] = MACHINE_NAMES.filter((name) => MACHINES[name].acts || name === 'Preflight');

export class ReportWriter extends Construct {
  readonly function: MigrationFunction;

  constructor(scope: Construct, id: string, { migration, bucket: { bucket }, resources }: ReportWriterProps) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    const machineArns = TOLD.map((name) => migration.machines[name].stateMachineArn);
    const { database, cluster, planetscale } = resources;
    this.function = new MigrationFunction(this, 'Writer', {
      description: 'Writes the report of the migration to PlanetScale when an execution has ended',
      code: reportCode(),
      entry: 'report',
      timeout: Duration.minutes(5), // a history of 25,000 events is read in pages
      memoryMb: 1024, // with which a page with charts is made in a second
      environment: {
        [VARIABLE.stack]: stackName,
        [VARIABLE.database]: database,
        [VARIABLE.clusterIdentifier]: cluster.identifier,
        ...(planetscale && {
          [VARIABLE.planetscaleOrganization]: planetscale.organization,
          [VARIABLE.planetscaleDatabase]: planetscale.database,
        }),
        [VARIABLE.toldMachines]: machineArns.join(','),
        [VARIABLE.reports]: bucket.bucketName,
      },
    });
    this.#grant(machineArns, bucket.arnForObjects('*'));
    new Rule(this, 'ExecutionEnded', {
      description: 'Writes the report anew when an execution of the migration has ended',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: machineArns },
      },
      targets: [new LambdaFunction(this.function.function)],
    });
  }

  #grant(machineArns: readonly string[], objects: string): void {
    const { role } = this.function;
    allow(role, ['states:ListExecutions'], [...machineArns]);
    const executions = TOLD.map((name) => this.#executionsOf(name));
    allow(role, ['states:DescribeExecution', 'states:GetExecutionHistory'], executions);
    for (const arn of executions)
      allowWildcard(role, arn, 'Every execution of this machine; their names are chosen when they are started.');
    allow(role, ['cloudwatch:GetMetricData'], ['*']);
    allowWildcard(role, '*', 'Metrics are of no resource that IAM knows.');
    allow(role, ['s3:PutObject'], [objects]);
    const logicalId = Stack.of(this).resolve(objects)['Fn::Join'][1][0]['Fn::GetAtt'][0];
    allowWildcard(role, `<${logicalId}.Arn>/*`, 'Reports of all migrations; each stands under the moment at which its migration began.');
  }

  #executionsOf(machine: MachineName): string {
    const { stackName } = Stack.of(this);
    const resourceName = `${stackName}-${machine}:*`;
    return Stack.of(this).formatArn({ service: 'states', resource: 'execution', resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}
