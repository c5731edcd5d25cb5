/** The secrets of a deployment, filled in as a person would, and the application that reads its own. */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { SwitchedSecret } from '../../rehearsal/application/secret.ts';
import type { Sides } from '../../rehearsal/sides.ts';
import { placeOf } from '../../rehearsal/workload/connection.ts';

export async function secretText(client: SecretsManagerClient, SecretId: string): Promise<string> {
  return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
}

export async function putSecret(client: SecretsManagerClient, SecretId: string, SecretString: string): Promise<void> {
  await client.send(new PutSecretValueCommand({ SecretId, SecretString }));
}

/** Labels of a secret's versions that are not AWS's own. */
export async function labelsOf(client: SecretsManagerClient, SecretId: string): Promise<string[]> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  return Object.values(VersionIdsToStages)
    .flat()
    .filter((label) => !label.startsWith('AWS'));
}

/** As RDS keeps the login of a master user that it manages: without an address. */
export const masterSecret = ({ user, password }: ConnectionSettings): string => JSON.stringify({ username: user, password });

/** Tags of a secret, by key. */
export async function tagsOf(client: SecretsManagerClient, SecretId: string): Promise<Readonly<Record<string, string>>> {
  const { Tags = [] } = await client.send(new DescribeSecretCommand({ SecretId }));
  return Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** As RDS keeps a login with its address, and with keys of the application's own that must be kept. @param note one of these */
export const applicationSecret = ({ host, port, database, user, password }: ConnectionSettings, note: string): string =>
  JSON.stringify({ engine: 'postgres', host, port, username: user, password, dbname: database, poolSize: 12, note });

/** The application's secret in Secrets Manager, as its writers read it: each time that they connect. */
export function applicationReading(client: SecretsManagerClient, arn: string, { application }: Sides): SwitchedSecret {
  const read = async (): Promise<ConnectionSettings> => {
    const { host, port, username: user, password, dbname: database } = JSON.parse(await secretText(client, arn));
    const { tls } = [application.source, application.target].find((side) => side.port === port) ?? application.source;
    return { host, port, user, password, database, tls };
  };
  return { read, pointsAt: async () => (placeOf(await read()) === placeOf(application.target) ? 'target' : 'source') };
}
