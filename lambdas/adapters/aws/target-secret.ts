/** The target secret, where the migration makes the login. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type TargetSecret, WITHOUT_TOKEN } from '../../ports/planetscale.ts';

export const targetSecretPort = (_client: SecretsManagerClient, name: string, connection: TargetSecret['connection']): TargetSecret => ({
  ...WITHOUT_TOKEN.targetSecret,
  name,
  connection,
});
