/** Where everything of one deployment is, and how the AWS APIs are called there. Nothing of a person's own AWS settings is read. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** An invented account. The emulator takes an account's number as the access key of its root user. */
export const ACCOUNT = '111122223333';
export const REGION = 'eu-central-1';

/** Files of one run, all in one folder that goes with it. */
export interface Files {
  readonly folder: string;
  /** Authority of every certificate there is: that of the emulator, and those of both servers. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export const filesIn = (folder: string): Files => ({
  folder,
  authority: join(folder, 'authority.pem'),
  certificate: join(folder, 'certificate.pem'),
  key: join(folder, 'key.pem'),
});

/** The environment of a program that speaks to the emulator alone. */
export const environmentFor = (endpoint: string, files: Files): Record<string, string> => ({
  PATH: `${join(PROJECT, 'node_modules', 'node', 'bin')}:${join(PROJECT, 'node_modules', '.bin')}:${process.env.PATH}`,
  HOME: files.folder,
  TMPDIR: files.folder,
  NODE_EXTRA_CA_CERTS: files.authority,
  AWS_ENDPOINT_URL: endpoint,
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: ACCOUNT,
  AWS_SECRET_ACCESS_KEY: 'unused',
  AWS_EC2_METADATA_DISABLED: 'true',
});

export interface Clients {
  readonly stacks: CloudFormationClient;
  readonly logs: CloudWatchLogsClient;
  readonly functions: LambdaClient;
  readonly rds: RDSClient;
  readonly secrets: SecretsManagerClient;
  readonly executions: SFNClient;
  readonly topics: SNSClient;
  readonly store: S3Client;
}

/** @param ca PEM of the authority that signed the emulator's certificate */
export function clientsAt(endpoint: string, ca: string): Clients {
  const settings = {
    endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'unused' },
    requestHandler: { httpsAgent: { ca, keepAlive: true } },
  };
  return {
    stacks: new CloudFormationClient(settings),
    logs: new CloudWatchLogsClient(settings),
    functions: new LambdaClient(settings),
    rds: new RDSClient(settings),
    secrets: new SecretsManagerClient(settings),
    executions: new SFNClient(settings),
    topics: new SNSClient(settings),
    store: new S3Client({ ...settings, forcePathStyle: true }),
  };
}
