import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { targetSecretPort } from '../../../../lambdas/adapters/aws/target-secret.ts';
import { STAGED_LABEL } from '../../../../lambdas/ports/planetscale.ts';
import { keepSecret } from '../../../support/secrets-manager.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:target-AbC123';
const api = mockClient(SecretsManagerClient);
const port = targetSecretPort(new SecretsManagerClient({}), ARN, 'private', { timeoutMs: 40, pauseMs: 1 });
const LOGIN = { host: 'private.example', port: 5432, username: 'r.b1', password: 'canary of a role', dbname: 'postgres' };
const OTHERS = JSON.stringify({ ...LOGIN, username: 'somebody.b1', password: "canary of somebody's" });
const error = (name: string) => Object.assign(new Error('canary'), { name });

beforeEach(() => api.reset());

/** The same calls, between which somebody puts a value in. */
function withSomebody(
  secret: ReturnType<typeof keepSecret>,
  before: typeof PutSecretValueCommand | typeof UpdateSecretVersionStageCommand,
) {
  const client = new SecretsManagerClient({});
  let isDone = false;
  const send = client.send.bind(client) as (command: unknown) => Promise<never>;
  Object.assign(client, {
    send: async (command: unknown) => {
      if (command instanceof before && !isDone) {
        isDone = true;
        secret.put(OTHERS);
      }
      return send(command);
    },
  });
  return targetSecretPort(client, ARN, 'public', { timeoutMs: 40, pauseMs: 1 });
}

describe('the target secret', () => {
  it.each([undefined, '', '{}', ' { } '])('is empty with the value %j, and is filled in', async (first) => {
    const secret = keepSecret(api, ARN, first);
    expect(await port.isEmpty()).toBe(true);
    await port.fillIn({ ...LOGIN, publicHost: 'b1.example' });
    expect(JSON.parse(secret.current())).toEqual({ ...LOGIN, publicHost: 'b1.example' });
    expect(await port.isEmpty()).toBe(false);
    expect(secret.labelled(STAGED_LABEL)).toBeUndefined();
  });

  it('is what the deployment says, and gets no key that nobody knows', async () => {
    const secret = keepSecret(api, ARN);
    expect([port.name, port.connection]).toEqual([ARN, 'private']);
    await port.fillIn({ ...LOGIN, canary: 'of a role' } as typeof LOGIN);
    expect(secret.current()).toBe(JSON.stringify(LOGIN));
  });

  it('is filled in once, however often the same login is put in', async () => {
    const secret = keepSecret(api, ARN, '{}');
    await port.fillIn(LOGIN);
    await port.fillIn(LOGIN);
    expect(secret.versions.size).toBe(2);
    expect(api.commandCalls(PutSecretValueCommand)).toHaveLength(1);
  });

  it('is never written over where a login is in it', async () => {
    const secret = keepSecret(api, ARN, OTHERS);
    expect(await port.isEmpty()).toBe(false);
    const filling = port.fillIn(LOGIN);
    await expect(filling).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringContaining('left as it is') });
    await expect(filling).rejects.not.toThrow('canary');
    expect(secret.current()).toBe(OTHERS);
  });

  it.each([PutSecretValueCommand, UpdateSecretVersionStageCommand])(
    'keeps the login that somebody puts in right before %s, and says so',
    async (command) => {
      const secret = keepSecret(api, ARN, '{}');
      await expect(withSomebody(secret, command).fillIn(LOGIN)).rejects.toMatchObject({ name: 'InvalidConfiguration' });
      expect(secret.current()).toBe(OTHERS);
      expect(secret.labelled(STAGED_LABEL)).toBeUndefined();
    },
  );

  it('loses its own login alone', async () => {
    const secret = keepSecret(api, ARN, JSON.stringify(LOGIN));
    await port.empty('somebody.b1');
    expect(secret.current()).toBe(JSON.stringify(LOGIN));
    await port.empty('r.b1');
    expect(secret.current()).toBe('{}');
    await port.empty('r.b1');
    expect(secret.versions.size).toBe(2);
  });

  it('loses a login that is written as a URL, and nothing that cannot be read', async () => {
    const secret = keepSecret(api, ARN, '{"url": "postgresql://r.b1:canary@b1.example/postgres"}');
    await port.empty('r.b1');
    expect(secret.current()).toBe('{}');
    secret.put('canary');
    await port.empty('r.b1');
    expect(secret.current()).toBe('canary');
  });

  it('keeps the login that somebody puts in while ours is taken out', async () => {
    const secret = keepSecret(api, ARN, JSON.stringify(LOGIN));
    await withSomebody(secret, UpdateSecretVersionStageCommand).empty('r.b1');
    expect(secret.current()).toBe(OTHERS);
  });

  it('can be filled in again after it was emptied, with the same login as well', async () => {
    const secret = keepSecret(api, ARN);
    for (let times = 0; times < 3; times += 1) {
      await port.fillIn(LOGIN);
      await port.empty(LOGIN.username);
    }
    expect(secret.current()).toBe('{}');
    expect(secret.versions.size).toBe(6);
  });

  it('is retried, and not taken for filled in, while the service returns the old value', async () => {
    keepSecret(api, ARN, '{}');
    api.on(GetSecretValueCommand, { SecretId: ARN }).resolves({ SecretString: '{}', VersionId: 'version-1' });
    await expect(port.fillIn(LOGIN)).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(/does not show it yet/),
    });
  });

  it.each([
    [error('AccessDeniedException'), 'InvalidConfiguration', /denied secretsmanager:PutSecretValue/],
    [error('ThrottlingException'), 'TransientError', /for the moment/],
    [error('InvalidRequestException'), 'InvalidConfiguration', /was refused \(InvalidRequestException\), and it was left as it is/],
  ])('turns %s into %s', async (thrown, name, message) => {
    keepSecret(api, ARN, '{}');
    api.on(PutSecretValueCommand).rejects(thrown);
    await expect(port.fillIn(LOGIN)).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });

  it('says no word of the service about a value', async () => {
    keepSecret(api, ARN, '{}');
    api.on(PutSecretValueCommand).rejects(error('InvalidRequestException'));
    await expect(port.fillIn(LOGIN)).rejects.not.toThrow('canary');
    api.reset();
    keepSecret(api, ARN, '{}');
    api.on(UpdateSecretVersionStageCommand).rejects(error('DecryptionFailure'));
    await expect(port.fillIn(LOGIN)).rejects.toMatchObject({ name: 'InvalidConfiguration' });
    await expect(port.fillIn(LOGIN)).rejects.not.toThrow('canary');
  });
});
