/**
 * A function that is not a step of a machine: the watch, or the notices. It has the common defaults, and exactly the rights that it is given.
 * It is in no execution's trace, so it is not traced.
 */
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allowWildcard } from './exceptions.ts';
import type { Network } from './network.ts';
import { NETWORK_INTERFACES } from './step-function.ts';

export interface BesideFunctionProps {
  /** Its purpose, shown in the console. */
  readonly says: string;
  /** The bundle that all functions share, and the name of the entry in it. */
  readonly code: Code;
  readonly entry: string;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /** Its network, if it connects to a database. @default - in no network */
  readonly network?: Network;
  /** How often the Lambda service tries again where the function fails. @default 2 */
  readonly retryAttempts?: number;
}

/** Half of a step's memory: nothing is dumped here. Lambda gives CPU in proportion to it, and the start is most of the work. */
const MEMORY_MB = 512;

export class BesideFunction extends Construct {
  readonly role: Role;
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { says, code, entry, timeout, environment, network, retryAttempts }: BesideFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description: says });
    logGroup.grantWrite(this.role);
    if (network) {
      this.role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACES, resources: ['*'] }));
      allowWildcard(this.role, '*', 'Network interfaces have no name before Lambda makes them.');
    }
    this.function = new LambdaFunction(this, 'Function', {
      description: says,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: `handler.${entry}`,
      code,
      role: this.role,
      logGroup,
      timeout,
      memorySize: MEMORY_MB,
      environment: { NODE_OPTIONS: '--enable-source-maps', ...environment },
      ...(retryAttempts !== undefined && { retryAttempts }),
      ...(network && { vpc: network.vpc, vpcSubnets: { subnets: [...network.subnets] }, securityGroups: [network.securityGroup] }),
    });
  }
}
