import { DecryptionFailure, GetSecretValueCommand, ResourceNotFoundException, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readSecret } from '../../../../lambdas/adapters/aws/secrets.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:the-secret-AbC123';
const api = mockClient(SecretsManagerClient);
const read = () => readSecret(new SecretsManagerClient({}), ARN);
const $metadata = {};

beforeEach(() => {
  api.reset();
});

describe('reading a secret', () => {
  it('returns its current text', async () => {
    api.on(GetSecretValueCommand, { SecretId: ARN }).resolves({ SecretString: '{"username": "u"}' });
    await expect(read()).resolves.toBe('{"username": "u"}');
  });

  it('returns an empty text for a secret without a value', async () => {
    const message = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
    api.on(GetSecretValueCommand).rejects(new ResourceNotFoundException({ message, $metadata }));
    await expect(read()).resolves.toBe('');
  });

  it.each([
    [
      new ResourceNotFoundException({ message: "Secrets Manager can't find the specified secret.", $metadata }),
      'InvalidConfiguration',
      /does not exist/,
    ],
    [new DecryptionFailure({ message: 'KMS says no', $metadata }), 'InvalidConfiguration', /sourceSecretKeyArn/],
    [
      Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }),
      'InvalidConfiguration',
      /denied secretsmanager:GetSecretValue/,
    ],
    [Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }), 'TransientError', /for the moment/],
    [Object.assign(new Error('oops'), { name: 'InternalServiceError', $fault: 'server' }), 'TransientError', /for the moment/],
    [Object.assign(new Error('timed out'), { name: 'TimeoutError' }), 'TransientError', /NAT gateway/],
    [Object.assign(new Error('socket'), { code: 'ECONNRESET' }), 'TransientError', /NAT gateway/],
  ])('turns %s into %s', async (thrown, name, message) => {
    api.on(GetSecretValueCommand).rejects(thrown);
    const refusal = expect(read()).rejects;
    await refusal.toMatchObject({ name, message: expect.stringMatching(message) });
    await expect(read()).rejects.toThrow(ARN);
  });

  it('refuses a binary value', async () => {
    api.on(GetSecretValueCommand).resolves({ SecretBinary: new Uint8Array([1]) });
    await expect(read()).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringContaining('binary') });
  });
});
