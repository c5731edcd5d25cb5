/** The port `replicationSecret` over Secrets Manager. */
import { createHash } from 'node:crypto';
import { PutSecretValueCommand, ResourceExistsException, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ReplicationSecret } from '../contract.ts';
import { InvalidConfiguration, type MigrationError } from '../errors.ts';
import { REPLICATION_ROLE } from '../names.ts';
import { newPassword } from '../secrets.ts';
import { translateCommon } from './aws-errors.ts';
import { readVersion } from './secrets.ts';

/** Id of the version that an execution makes, so that whoever looks later knows whose it is. The service takes 32 to 64 characters. */
const versionOf = (execution: string): string => createHash('sha256').update(execution).digest('hex');

export function replicationSecretPort(client: SecretsManagerClient, secret: string): ReplicationSecret {
  const isRenewedBy = async (execution: string) => (await readVersion(client, secret))?.id === versionOf(execution);
  return {
    isRenewedBy,
    async renew(execution) {
      const SecretString = JSON.stringify({ username: REPLICATION_ROLE, password: newPassword() });
      await client
        .send(new PutSecretValueCommand({ SecretId: secret, ClientRequestToken: versionOf(execution), SecretString }))
        .catch(async (error: unknown) => {
          // Another visit of the same execution, or this one before its answer was lost.
          if (error instanceof ResourceExistsException && (await isRenewedBy(execution))) return;
          throw translate(error, secret);
        });
    },
  };
}

/** Only the name of an unforeseen error is told: what a service says about a value that it refuses may quote the value. */
function translate(error: unknown, secret: string): MigrationError {
  const action = 'secretsmanager:PutSecretValue';
  const common = translateCommon(error, { action, resource: secret });
  if (common) return common;
  if (error instanceof ResourceExistsException) {
    return new InvalidConfiguration(
      `Somebody put another value into the secret ${secret} after this execution had put in a new password. Nothing else was touched. ` +
        'Start Rotation again.',
    );
  }
  return new InvalidConfiguration(`${action} on ${secret} was refused (${(error as Error).name}). Nothing was touched; start again.`);
}
