import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { replicationSecretPort } from '../../../../lambdas/adapters/aws/replication-secret.ts';
import { type KeptSecret, keepSecret } from '../../../support/secrets-manager.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:replication-AbC123';
const FIRST = JSON.stringify({ username: 'planetscale_migration_replication', password: 'canary of the first' });
const api = mockClient(SecretsManagerClient);
const port = replicationSecretPort(new SecretsManagerClient({}), ARN, { timeoutMs: 40, pauseMs: 1 });
const $metadata = {};
let secret: KeptSecret;

beforeEach(() => {
  api.reset();
  secret = keepSecret(api, ARN, FIRST);
});

describe('the secret of the replication role', () => {
  it('gets a new password of full strength in safe characters, and keeps the user name', async () => {
    await port.renew('an execution');
    const { username, password } = JSON.parse(secret.current());
    expect(username).toBe('planetscale_migration_replication');
    expect(password).toMatch(/^[A-Za-z0-9_-]{48}$/);
    expect(secret.labelled('AWSPREVIOUS')).toBe(FIRST);
  });

  it('gets one password for each execution, for any number of requests', async () => {
    expect(await port.isRenewedBy('an execution')).toBe(false);
    await port.renew('an execution');
    const once = secret.current();
    await port.renew('an execution');
    expect(secret.current()).toBe(once);
    expect([await port.isRenewedBy('an execution'), await port.isRenewedBy('another')]).toEqual([true, false]);
    await port.renew('another');
    expect(secret.current()).not.toBe(once);
  });

  it('is waited for until the service returns the new password (#9.20)', async () => {
    let reads = 0;
    api.on(GetSecretValueCommand, { SecretId: ARN }).callsFake(async () => {
      reads += 1;
      if (reads <= 3) return { SecretString: FIRST, VersionId: 'version-1' };
      return { SecretString: secret.current(), VersionId: [...secret.versions.keys()].at(-1) };
    });
    await port.renew('an execution');
    expect(reads).toBe(4);
    expect(await port.isRenewedBy('an execution')).toBe(true);
  });

  it('is retried, and not reported as changed, while the service returns the old password (#9.20)', async () => {
    api.on(GetSecretValueCommand, { SecretId: ARN }).resolves({ SecretString: FIRST, VersionId: 'version-1' });
    await expect(port.renew('an execution')).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(/does not show it yet/),
    });
  });

  it('is left as it is where another writer was quicker', async () => {
    await port.renew('an execution');
    secret.put('{"username": "planetscale_migration_replication", "password": "canary of another writer"}');
    const again = port.renew('an execution');
    await expect(again).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('Start Rotation again'),
    });
    await expect(again).rejects.not.toThrow('canary');
  });

  it.each([
    [
      Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }),
      'InvalidConfiguration',
      /denied secretsmanager:PutSecretValue/,
    ],
    [Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }), 'TransientError', /for the moment/],
    [
      Object.assign(new Error('canary'), { name: 'InvalidRequestException' }),
      'InvalidConfiguration',
      /was refused \(InvalidRequestException\)/,
    ],
    [new ResourceExistsException({ message: 'canary', $metadata }), 'InvalidConfiguration', /Another value was put into the secret/],
  ])('turns %s into %s, and reports no value', async (thrown, name, message) => {
    api.on(PutSecretValueCommand).rejects(thrown);
    const refusal = port.renew('an execution');
    await expect(refusal).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    await expect(refusal).rejects.not.toThrow('canary');
  });
});
