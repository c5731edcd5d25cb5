/** The port `replicationSecret` over Secrets Manager. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand, ResourceExistsException, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvalidConfiguration, type MigrationError, TransientError } from '../../config/errors.ts';
import { REPLICATION_ROLE } from '../../config/names.ts';
import { newPassword } from '../../config/secrets.ts';
import type { ReplicationSecret } from '../../ports/replication.ts';
import { translateCommon } from './aws-errors.ts';
import { readVersion } from './secrets.ts';

/** Id of the version that an execution makes, by which a later visit recognizes it. The service takes 32 to 64 characters. */
const versionOf = (execution: string): string => createHash('sha256').update(execution).digest('hex');

/** How long the service may return the previous version, and the pause between reads. */
const PACE = { timeoutMs: 10_000, pauseMs: 250 };

export function replicationSecretPort(client: SecretsManagerClient, secret: string, { timeoutMs, pauseMs } = PACE): ReplicationSecret {
  const isRenewedBy = async (execution: string) => (await readVersion(client, secret))?.id === versionOf(execution);
  /** Whether reads return the new password: a step that set the previous one for the role would set a wrong one. */
  const isVisible = async (execution: string): Promise<boolean> => {
    for (const until = Date.now() + timeoutMs; ; await sleep(pauseMs)) {
      if (await isRenewedBy(execution)) return true;
      if (Date.now() >= until) return false;
    }
  };
  return {
    isRenewedBy,
    async renew(execution) {
      const SecretString = JSON.stringify({ username: REPLICATION_ROLE, password: newPassword() });
      await client
        .send(new PutSecretValueCommand({ SecretId: secret, ClientRequestToken: versionOf(execution), SecretString }))
        .catch(async (error: unknown) => {
          // Another visit of the same execution, or this one before its answer was lost.
          if (error instanceof ResourceExistsException && (await isVisible(execution))) return;
          throw translate(error, secret);
        });
      if (!(await isVisible(execution))) throw notVisible(secret);
    },
  };
}

const notVisible = (secret: string): TransientError =>
  new TransientError(`A new password was put into the secret ${secret}, which does not show it yet. Nothing else was touched.`);

/** Only the name of an unforeseen error is reported: the service's message about a value that it refuses may quote the value. */
function translate(error: unknown, secret: string): MigrationError {
  const action = 'secretsmanager:PutSecretValue';
  const common = translateCommon(error, { action, resource: secret });
  if (common) return common;
  if (error instanceof ResourceExistsException) {
    return new InvalidConfiguration(
      `Another value was put into the secret ${secret} after this execution had put in a new password. Nothing else was touched. ` +
        'Start Rotation again.',
    );
  }
  return new InvalidConfiguration(`${action} on ${secret} was refused (${(error as Error).name}). Nothing was touched; start again.`);
}
