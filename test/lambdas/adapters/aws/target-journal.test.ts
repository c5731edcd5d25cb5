import {
  DescribeSecretCommand,
  InvalidRequestException,
  ResourceNotFoundException,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { targetJournalPort } from '../../../../lambdas/adapters/aws/target-journal.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-AbC123';
const api = mockClient(SecretsManagerClient);
const journal = targetJournalPort(new SecretsManagerClient({}), ARN, 'Shop');
const OTHERS = { team: 'shop', 'planetscale-migration:Other:role-name': 'theirs' };
let tags: Record<string, string>;

beforeEach(() => {
  tags = { ...OTHERS };
  api.reset();
  api.on(DescribeSecretCommand, { SecretId: ARN }).callsFake(async () => ({
    Tags: Object.entries(tags).map(([Key, Value]) => (Value === '' ? { Key } : { Key, Value })),
  }));
  api.on(TagResourceCommand, { SecretId: ARN }).callsFake(async ({ Tags }) => {
    for (const { Key, Value } of Tags) tags[Key] = Value;
    return {};
  });
  api.on(UntagResourceCommand, { SecretId: ARN }).callsFake(async ({ TagKeys }) => {
    tags = Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key)));
    return {};
  });
});
const changing = () => [TagResourceCommand, UntagResourceCommand].flatMap((command) => api.commandCalls(command as never));

describe('the journal of the branch', () => {
  it('is kept in the tags of the secret with the token, beside those of others', async () => {
    const own = { 'planetscale-migration:Shop:role-name': 'r', 'planetscale-migration:Shop:disk': '' };
    expect(journal.stack).toBe('Shop');
    await journal.add(own);
    await expect(journal.tags()).resolves.toEqual({ ...OTHERS, ...own });
    await journal.remove(['planetscale-migration:Shop:disk']);
    await expect(journal.tags()).resolves.toEqual({ ...OTHERS, 'planetscale-migration:Shop:role-name': 'r' });
    await journal.remove(Object.keys(own));
    await expect(journal.tags()).resolves.toEqual(OTHERS);
  });

  it('is empty for a secret without tags', async () => {
    api.on(DescribeSecretCommand, { SecretId: ARN }).resolves({});
    await expect(journal.tags()).resolves.toEqual({});
  });

  it('asks the service for nothing where there is nothing to write', async () => {
    await journal.add({});
    await journal.remove([]);
    expect(changing()).toEqual([]);
  });

  it.each(['team', 'planetscale-migration:Other:role-name', 'planetscale-migration:Shop2:x', 'planetscale-migration:'])(
    'never touches the tag %s',
    async (key) => {
      await expect(journal.add({ [key]: 'x' })).rejects.toThrow('has no entry');
      await expect(journal.remove([key])).rejects.toThrow('has no entry');
      expect(changing()).toEqual([]);
      expect(tags).toEqual(OTHERS);
    },
  );

  it('takes values of 256 characters, and cuts none off', async () => {
    await journal.add({ 'planetscale-migration:Shop:list': 'x'.repeat(256) });
    await expect(journal.add({ 'planetscale-migration:Shop:list': 'x'.repeat(257) })).rejects.toThrow('longer than 256');
    expect(tags['planetscale-migration:Shop:list']).toHaveLength(256);
  });

  it.each([
    [Object.assign(new Error('no'), { name: 'AccessDeniedException' }), 'InvalidConfiguration', /denied secretsmanager:TagResource/],
    [Object.assign(new Error('slow down'), { name: 'ThrottlingException' }), 'TransientError', /for the moment/],
    [new ResourceNotFoundException({ message: 'none', $metadata: {} }), 'InvalidConfiguration', /planetscaleTokenSecretArn/],
    [new InvalidRequestException({ message: 'scheduled for deletion', $metadata: {} }), 'InvalidConfiguration', /Restore it/],
    [
      Object.assign(new Error('51 tags'), { name: 'InvalidParameterException' }),
      'InvalidConfiguration',
      /was not written down, and nothing/,
    ],
  ])('turns %s into %s', async (thrown, name, message) => {
    api.on(TagResourceCommand).rejects(thrown);
    const adding = journal.add({ 'planetscale-migration:Shop:disk': '1' });
    await expect(adding).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });
});
