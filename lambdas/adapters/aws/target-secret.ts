/**
 * The target secret, where the migration makes the login. A value that somebody else puts in meanwhile is never replaced: the new version is put
 * beside the current one, and the label AWSCURRENT moves to it only from the very version that was looked at.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  InvalidParameterException,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { InvalidConfiguration, TransientError } from '../../config/errors.ts';
import { isEmptySecret, parseTargetSecret } from '../../config/secrets.ts';
import { type FilledIn, STAGED_LABEL, type TargetSecret } from '../../ports/planetscale.ts';
import { translateCommon } from './aws-errors.ts';
import { readVersion, type SecretVersion } from './secrets.ts';

const CURRENT = 'AWSCURRENT';
const EMPTY = '{}';
/** How long the service may return the previous version, and the pause between reads. */
const PACE = { timeoutMs: 10_000, pauseMs: 250 };

/** @param name name or ARN @param connection which of PlanetScale's hosts is put in */
export function targetSecretPort(
  client: SecretsManagerClient,
  name: string,
  connection: TargetSecret['connection'],
  { timeoutMs, pauseMs } = PACE,
): TargetSecret {
  const refusing =
    (operation: string) =>
    (error: unknown): never => {
      throw translate(error, operation, name);
    };
  const isVisible = async (text: string): Promise<boolean> => {
    for (const until = Date.now() + timeoutMs; ; await sleep(pauseMs)) {
      if ((await readVersion(client, name))?.text === text) return true;
      if (Date.now() >= until) return false;
    }
  };
  const takeLabel = (id: string): Promise<unknown> =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId: name, VersionStage: STAGED_LABEL, RemoveFromVersionId: id }));
  /** @returns whether it is the current one now: another version may have taken the place of `over` */
  const replace = async (over: SecretVersion | undefined, text: string): Promise<boolean> => {
    const version = { SecretId: name, SecretString: text, ClientRequestToken: versionOf(over, text) };
    const stages = over && { VersionStages: [STAGED_LABEL] };
    const { VersionId: id = version.ClientRequestToken } = await client
      .send(new PutSecretValueCommand({ ...version, ...stages }))
      .catch(refusing('PutSecretValue'));
    if (!over) return true;
    const move = { VersionStage: CURRENT, MoveToVersionId: id, RemoveFromVersionId: over.id };
    const isMoved = await client.send(new UpdateSecretVersionStageCommand({ SecretId: name, ...move })).then(
      () => true,
      (error: unknown) => {
        if (error instanceof InvalidParameterException || error instanceof InvalidRequestException) return false;
        return refusing('UpdateSecretVersionStage')(error);
      },
    );
    await takeLabel(id).catch(() => {}); // it does no harm, and the next version takes it
    return isMoved;
  };
  return {
    name,
    connection,
    async isEmpty() {
      return isEmptySecret((await readVersion(client, name))?.text ?? '');
    },
    async fillIn(login) {
      const text = JSON.stringify(fieldsOf(login));
      const current = await readVersion(client, name);
      if (current?.text === text) return;
      if (!isEmptySecret(current?.text ?? '')) throw notEmpty(name);
      const isCurrent = await replace(current, text);
      // Somebody else's login, or the answer to a first try of ours that was lost.
      if (await isVisible(text)) return;
      throw isCurrent ? notVisible(name) : notEmpty(name);
    },
    async empty(user) {
      const current = await readVersion(client, name);
      if (!current || !isLoginOf(user, current.text, name)) return;
      await replace(current, EMPTY);
    },
  };
}

/** One for each text in place of each version, by which the service recognizes a request that is repeated. It takes 32 to 64 characters. */
const versionOf = (over: SecretVersion | undefined, text: string): string =>
  createHash('sha256')
    .update(JSON.stringify([over?.id ?? '', text]))
    .digest('hex');

const fieldsOf = ({ host, port, username, password, dbname, publicHost }: FilledIn): FilledIn => ({
  ...{ host, port, username, password, dbname },
  ...(publicHost !== undefined && { publicHost }),
});

/** Whatever cannot be read as a login was not put in by us. */
function isLoginOf(user: string, text: string, name: string): boolean {
  if (isEmptySecret(text)) return false;
  try {
    return parseTargetSecret(text, name).user === user;
  } catch {
    return false;
  }
}

const notEmpty = (name: string): InvalidConfiguration =>
  new InvalidConfiguration(
    `The secret ${name} was empty, and somebody has put a value in meanwhile. It was left as it is, and the login that was made is in no secret. ` +
      'Start again: the login in the secret is then used.',
  );

const notVisible = (name: string): TransientError =>
  new TransientError(`A login was put into the secret ${name}, which does not show it yet. Nothing else was touched.`);

/** Only the name of an unforeseen error is reported: the service's message about a value that it refuses may quote the value. */
function translate(error: unknown, operation: string, name: string): Error {
  const action = `secretsmanager:${operation}`;
  const common = translateCommon(error, { action, resource: name });
  if (common) return common;
  if (error instanceof ResourceExistsException) return notEmpty(name);
  return new InvalidConfiguration(
    `${action} on the target secret ${name} was refused (${(error as Error).name}), and it was left as it is. If a KMS key of your own encrypts it, ` +
      'name the key in the setting targetSecretKeyArn and deploy again, then start again.',
  );
}
