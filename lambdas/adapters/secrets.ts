/** Reads secrets. Their content is handed on, and never kept, logged or quoted. */
import { GetSecretValueCommand, ResourceNotFoundException, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvalidConfiguration, type MigrationError } from '../errors.ts';
import { translateCommon } from './aws-errors.ts';

/**
 * The current text of a secret; empty where nobody has put in a value yet.
 * @throws InvalidConfiguration where it is not there, or not readable
 * @throws TransientError where trying again may help
 */
export async function readSecret(client: SecretsManagerClient, arn: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn })).catch((error: unknown) => {
    if (hasNoValue(error)) return { SecretString: '' };
    throw translate(error, arn);
  });
  if (SecretString === undefined) throw new InvalidConfiguration(`The secret ${arn} is binary, but text is expected. Nothing was touched.`);
  return SecretString;
}

/** The service gives one name to a secret that is not there and to one that has no value yet; only its words differ. */
const hasNoValue = (error: unknown): boolean => error instanceof ResourceNotFoundException && error.message.includes('AWSCURRENT');

function translate(error: unknown, arn: string): MigrationError {
  const common = translateCommon(error, { action: 'secretsmanager:GetSecretValue', resource: arn });
  if (common) return common;
  if (error instanceof ResourceNotFoundException) {
    return new InvalidConfiguration(`The secret ${arn} does not exist. Nothing was touched; correct the setting and deploy again.`);
  }
  const { name, message } = error as Error;
  return new InvalidConfiguration(
    `The secret ${arn} cannot be read (${name}: ${message}). Nothing was touched. ` +
      'If a KMS key of your own encrypts it, name the key in the settings (sourceSecretKeyArn, targetSecretKeyArn) and deploy again.',
  );
}
