/** Reads secrets. Their content is returned, and never kept, logged or quoted. */
import { GetSecretValueCommand, ResourceNotFoundException, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvalidConfiguration, type MigrationError } from '../../config/errors.ts';
import { translateCommon } from './aws-errors.ts';

/** One version of a secret. */
export interface SecretVersion {
  readonly id: string;
  readonly text: string;
  /** The secret's complete ARN, however it was asked for. */
  readonly arn: string;
}

const CURRENT = 'AWSCURRENT';

/**
 * The current text of a secret; empty while it has no value.
 * @throws InvalidConfiguration where it does not exist, or is not readable
 * @throws TransientError where a retry may help
 */
export const readSecret = async (client: SecretsManagerClient, arn: string): Promise<string> =>
  (await readVersion(client, arn))?.text ?? '';

/** The version that carries a staging label; undefined where none does. Throws as {@link readSecret}. */
export async function readVersion(client: SecretsManagerClient, arn: string, label: string = CURRENT): Promise<SecretVersion | undefined> {
  const request = new GetSecretValueCommand({ SecretId: arn, ...(label !== CURRENT && { VersionStage: label }) });
  const found = await client.send(request).catch((error: unknown) => {
    if (isWithoutLabel(error, label)) return undefined;
    throw translate(error, arn);
  });
  if (found === undefined) return undefined;
  const { SecretString: text, VersionId: id = '', ARN = arn } = found;
  if (text === undefined) throw new InvalidConfiguration(`The secret ${arn} is binary, but text is expected. Nothing was touched.`);
  return { id, text, arn: ARN };
}

/** Whether only the version is missing: the service has one error name for a missing secret and a missing version; the messages differ. */
const isWithoutLabel = (error: unknown, label: string): boolean =>
  error instanceof ResourceNotFoundException && error.message.includes(label);

function translate(error: unknown, arn: string): MigrationError {
  const common = translateCommon(error, { action: 'secretsmanager:GetSecretValue', resource: arn });
  if (common) return common;
  if (error instanceof ResourceNotFoundException) {
    return new InvalidConfiguration(`The secret ${arn} does not exist. Nothing was touched; correct the setting and deploy again.`);
  }
  const { name, message } = error as Error;
  return new InvalidConfiguration(
    `The secret ${arn} cannot be read (${name}: ${message}). Nothing was touched. ` +
      'If a KMS key of your own encrypts it, name the key in the settings (sourceSecretKeyArn and the like) and deploy again.',
  );
}
