/** One Lambda function, whatever it is for: the house defaults, and exactly the rights, the network and the environment of what it needs. */
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allowWildcard } from './exceptions.ts';
import type { Network } from './network.ts';
import type { Reach } from './resources.ts';

export interface MigrationFunctionProps {
  /** What the function is for, shown in the console. */
  readonly description: string;
  /** What its role is for, shown in the console. @default - the same as the function */
  readonly roleDescription?: string;
  /** The bundle that all functions share. */
  readonly code: Code;
  /** Name of the function's entry in the bundle. */
  readonly entry: string;
  readonly timeout: Duration;
  /** Megabytes; a share of the processor comes with them. @default 512 */
  readonly memoryMb?: number | undefined;
  /** Whether an execution's trace leads here and goes on. @default false */
  readonly traced?: boolean;
  /** Rights and environment that follow from its needs. @default - none but what its role is granted afterwards */
  readonly reach?: Reach;
  /** Where it stands if it speaks to a database. @default - in no network */
  readonly network?: Network | undefined;
  /** Environment variables beside those of `reach`. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** How often the Lambda service tries again where the function fails, if it was called without waiting for its answer. @default 2 */
  readonly retryAttempts?: number;
}

/**
 * From `npm run bench:memory`, at most: 92 MB once the code is loaded; with 2,000 tables, 4,000 indexes, a million rows and values of 4 MB,
 * BuildIndexes 152, CompareData 143, SyncSequences 111, every other step 91 to 111.
 */
const MEMORY_MB = 512;

/** What Lambda does with a function's own role to bring it into a VPC (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions). */
const NETWORK_INTERFACES = ['Create', 'Describe', 'Delete'].map((verb) => `ec2:${verb}NetworkInterface${verb === 'Describe' ? 's' : ''}`);

export class MigrationFunction extends Construct {
  /** For what is granted afterwards. */
  readonly role: Role;
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: MigrationFunctionProps) {
    super(scope, id);
    const { description, code, entry, timeout, memoryMb = MEMORY_MB, traced = false, reach, network, environment, retryAttempts } = props;
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.roleDescription ?? description,
    });
    logGroup.grantWrite(this.role);
    reach?.grant(this.role);
    if (network) this.role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACES, resources: ['*'] }));
    if (traced) allowWildcard(this.role, '*', 'X-Ray knows no resources, and network interfaces have no name before Lambda makes them.');
    else if (network) allowWildcard(this.role, '*', 'Network interfaces have no name before Lambda makes them.');
    this.function = new LambdaFunction(this, 'Function', {
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: `handler.${entry}`,
      code,
      role: this.role,
      logGroup,
      timeout,
      memorySize: memoryMb,
      ...(traced && { tracing: Tracing.ACTIVE }),
      environment: { NODE_OPTIONS: '--enable-source-maps', ...environment, ...reach?.environment },
      ...(retryAttempts !== undefined && { retryAttempts }),
      ...(network && { vpc: network.vpc, vpcSubnets: { subnets: [...network.subnets] }, securityGroups: [network.securityGroup] }),
    });
  }
}
