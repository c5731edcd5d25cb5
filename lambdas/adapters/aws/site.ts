/** What the bindings of a function are resolved from: its environment, the clients of the AWS APIs, and the secrets. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { type Environment, VARIABLE } from '../../config/environment.ts';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { StepEvent } from '../../engine/contract.ts';
import type { Log } from '../../ports/log.ts';
import type { RoleSecrets } from './role-secrets.ts';

/** The clients of the AWS APIs; a connection is made at the first call. */
export interface Clients {
  readonly rds: RDSClient;
  /** EC2's, for the network around the cluster. */
  readonly network: EC2Client;
  readonly secrets: SecretsManagerClient;
  readonly executions: SFNClient;
  readonly functions: LambdaClient;
}

/** Without limits a call from a subnet that leads nowhere would use up the whole invocation. */
const LIMITS = { requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true } };

export const awsClients = (): Clients => ({
  rds: new RDSClient(LIMITS),
  network: new EC2Client(LIMITS),
  secrets: new SecretsManagerClient(LIMITS),
  executions: new SFNClient(LIMITS),
  functions: new LambdaClient({ ...LIMITS, maxAttempts: 1 }), // the user's function need not be idempotent
});

/** Inputs from which the bindings are resolved. */
export interface Site {
  readonly environment: Environment;
  readonly event: Pick<StepEvent, 'executionArn' | 'startedAt'>;
  readonly clients: Clients;
  /** Told what is not known because AWS denies it. @default - nothing is */
  readonly log?: Pick<Log, 'warn'>;
}

/** The same, with a reader of the secrets. */
export interface Search extends Site {
  readonly secrets: RoleSecrets;
}

/** @throws InvalidConfiguration where the stack has not set it */
export function requireVariable(environment: Environment, name: keyof typeof VARIABLE): string {
  const value = environment[VARIABLE[name]];
  if (value !== undefined && value !== '') return value;
  throw new InvalidConfiguration(`The function lacks its setting ${VARIABLE[name]}. Nothing was touched; deploy the stack again.`);
}
