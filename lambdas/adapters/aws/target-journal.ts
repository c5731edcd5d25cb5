/** The journal of PlanetScale's branch: tags of the token's secret. Whatever else it is tagged with is not touched. */
import {
  DescribeSecretCommand,
  InvalidRequestException,
  ResourceNotFoundException,
  type SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { JOURNAL_PREFIX } from '../../cluster/journal.ts';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { Tags } from '../../ports/cluster.ts';
import type { TargetJournal } from '../../ports/planetscale.ts';
import { translateCommon } from './aws-errors.ts';

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html */
const LONGEST_VALUE = 256;

/** @param token ARN of the secret */
export function targetJournalPort(client: SecretsManagerClient, token: string, stack: string): TargetJournal {
  const demandOurs = (keys: readonly string[]): void => {
    const strange = keys.filter((key) => !key.startsWith(`${JOURNAL_PREFIX}${stack}:`));
    if (strange.length > 0) throw new Error(`The journal of ${stack} has no entry ${strange.join(', ')}.`);
  };
  const refusing =
    (operation: string) =>
    (error: unknown): never => {
      throw translate(error, operation, token);
    };
  return {
    stack,
    async tags() {
      const { Tags: tags = [] } = await client.send(new DescribeSecretCommand({ SecretId: token })).catch(refusing('DescribeSecret'));
      return Object.fromEntries(tags.flatMap(({ Key, Value = '' }): [string, string][] => (Key === undefined ? [] : [[Key, Value]])));
    },
    async add(tags: Tags) {
      demandOurs(Object.keys(tags));
      const long = Object.keys(tags).filter((key) => (tags[key] ?? '').length > LONGEST_VALUE);
      if (long.length > 0) throw new Error(`The entries ${long.join(', ')} of the journal are longer than ${LONGEST_VALUE} characters.`);
      const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      if (list.length > 0) await client.send(new TagResourceCommand({ SecretId: token, Tags: list })).catch(refusing('TagResource'));
    },
    async remove(keys) {
      demandOurs(keys);
      if (keys.length > 0)
        await client.send(new UntagResourceCommand({ SecretId: token, TagKeys: [...keys] })).catch(refusing('UntagResource'));
    },
  };
}

/** No value of a secret is in these calls, so the service's own words may be passed on. */
function translate(error: unknown, operation: string, token: string): Error {
  const action = `secretsmanager:${operation}`;
  const common = translateCommon(error, { action, resource: token });
  if (common) return common;
  const { name, message } = error as Error;
  if (error instanceof ResourceNotFoundException || error instanceof InvalidRequestException) {
    return new InvalidConfiguration(
      `The secret ${token} with PlanetScale's token does not exist, or is to be deleted (${name}: ${message}). Nothing was changed. Restore it, or correct ` +
        'planetscaleTokenSecretArn and deploy again, then start again.',
    );
  }
  return new InvalidConfiguration(
    `${action} on ${token} was refused (${name}: ${message}), so what is to be put back later was not written down, and nothing was changed. ` +
      'A secret holds 50 tags: take away what nobody needs, then start again.',
  );
}
