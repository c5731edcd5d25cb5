/** One Lambda function: the house defaults, and exactly the rights, the network and the environment that its step `needs`. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { VARIABLE } from '../lambdas/config/environment.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import { needsOf } from '../lambdas/steps/index.ts';
import { allowWildcard } from './exceptions.ts';
import type { Network } from './network.ts';
import type { Resources } from './resources.ts';
import { RIGHTS } from './rights.ts';

export interface StepFunctionProps {
  /** The step that the function runs. */
  readonly step: StepName;
  /** The bundle that all functions share. */
  readonly code: Code;
  /** Everything that some step may need; the function gets what its own step needs. */
  readonly resources: Resources;
  /** Where the function stands if its step speaks to a database; elsewhere it needs no network. */
  readonly network: Network;
  /** Environment variables that every step has. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The longest that Lambda allows. A step that is not done by then leaves the work to the servers and is visited again. */
const TIMEOUT = Duration.minutes(15);
/**
 * From `npm run bench:memory`, at most: 92 MB once the code is loaded; with 2,000 tables, 4,000 indexes, a million rows and values of 4 MB,
 * BuildIndexes 152, CompareData 143, SyncSequences 111, every other step 91 to 111.
 */
const MEMORY_MB = 512;
/**
 * Where more is needed, or pays. A share of the processor comes with the memory, and 1769 MB come with a whole one
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
 */
const MORE_MEMORY_MB: Partial<Readonly<Record<StepName, number>>> = {
  CopySchema: 1769, // 215 MB with 2,000 tables, 468 with 10,000, and for a minute everything that one processor can do
  CheckCutover: 1024, // 176 MB with 2,000 tables, 283 with 10,000: it holds both schemas
  CheckRollback: 1024,
  SwitchOver: 1769, // 105 MB, but whatever it computes inside the fence is downtime
  SwitchBack: 1769,
};

/** What Lambda does with a function's own role to bring it into a VPC (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions). */
export const NETWORK_INTERFACES = ['Create', 'Describe', 'Delete'].map(
  (verb) => `ec2:${verb}NetworkInterface${verb === 'Describe' ? 's' : ''}`,
);

export class StepFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { step, code, resources, network, environment = {} }: StepFunctionProps) {
    super(scope, id);
    const rights = needsOf(step).map((need) => RIGHTS[need]);
    const inNetwork = rights.some((right) => right.network);
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Rights of the step ${step} of the migration to PlanetScale`,
    });
    logGroup.grantWrite(role);
    for (const right of rights) right.grant(role, resources);
    if (inNetwork) role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACES, resources: ['*'] }));
    allowWildcard(role, '*', 'X-Ray knows no resources, and network interfaces have no name before Lambda makes them.');
    this.function = new LambdaFunction(this, 'Function', {
      description: `Step ${step} of the migration to PlanetScale`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'handler.handler',
      code,
      role,
      logGroup,
      timeout: TIMEOUT,
      memorySize: MORE_MEMORY_MB[step] ?? MEMORY_MB,
      tracing: Tracing.ACTIVE,
      environment: Object.assign(
        { [VARIABLE.step]: step, NODE_OPTIONS: '--enable-source-maps' },
        environment,
        ...rights.map((right) => right.environment(resources)),
      ),
      ...(inNetwork && { vpc: network.vpc, vpcSubnets: { subnets: [...network.subnets] }, securityGroups: [network.securityGroup] }),
    });
  }
}
