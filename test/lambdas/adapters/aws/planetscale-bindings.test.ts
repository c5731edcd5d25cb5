/** What a step gets of PlanetScale in an AWS account: the API, the journal and the target secret, which may be empty. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSClient } from '@aws-sdk/client-rds';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveBindings } from '../../../../lambdas/adapters/aws/bindings.ts';
import { awsClients } from '../../../../lambdas/adapters/aws/site.ts';
import { type Environment, VARIABLE } from '../../../../lambdas/config/environment.ts';
import { WITHOUT_TOKEN } from '../../../../lambdas/ports/planetscale.ts';
import type { Need } from '../../../../lambdas/ports/ports.ts';
import { type ScriptedApi, scriptedApi } from '../../../support/scripted-api.ts';
import { keepSecret } from '../../../support/secrets-manager.ts';

const secrets = mockClient(SecretsManagerClient);
for (const client of [RDSClient, EC2Client, LambdaClient, SFNClient]) mockClient(client as typeof RDSClient);
let api: ScriptedApi;
beforeAll(async () => {
  api = await scriptedApi();
});
afterAll(() => api?.close());

const event = { executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:App-Replicate:e', startedAt: '2026-01-01T00:00:00Z' };
const PLAIN: Environment = { [VARIABLE.stack]: 'Shop', [VARIABLE.targetSecret]: 'target-secret' };
const withToken = (more: Environment = {}): Environment => ({
  ...PLAIN,
  [VARIABLE.planetscaleOrganization]: 'acme',
  [VARIABLE.planetscaleDatabase]: 'shop',
  [VARIABLE.planetscaleToken]: 'token-secret',
  [VARIABLE.planetscaleApi]: api.url,
  ...more,
});
const find = (environment: Environment, ...needs: Need[]) => resolveBindings(needs, { environment, event, clients: awsClients() });
const read = (): string[] => secrets.commandCalls(GetSecretValueCommand).map(({ args }) => String(args[0].input.SecretId));
const LOGIN = { host: 'b1.example', port: 5432, username: 'r.b1', password: 'canary', dbname: 'postgres' };

beforeEach(() => {
  secrets.reset();
  keepSecret(secrets, 'target-secret');
  keepSecret(secrets, 'token-secret', '{"id": "id1", "token": "canary of a token"}');
});

describe.each(['targetLogin', 'targetSecret'] as const)('a step that needs %s', (need) => {
  it('begins without a target while the secret is empty', async () => {
    for (const value of [undefined, '{}']) {
      if (value !== undefined) keepSecret(secrets, 'target-secret', value);
      const found = await find(withToken(), 'target', need);
      expect(found).not.toHaveProperty('target');
      await expect(found.targetSecret?.isEmpty()).resolves.toBe(true);
    }
  });

  it('gets the target at the visit after the secret was filled in', async () => {
    const { targetSecret } = await find(withToken(), 'target', need);
    await targetSecret?.fillIn({ ...LOGIN, publicHost: 'public.example' });
    const { target } = await find(withToken(), 'target', need);
    expect(target).toMatchObject({ host: 'b1.example', user: 'r.b1', database: 'postgres', publicHost: 'public.example' });
  });

  it('does not begin with a secret that is wrong', async () => {
    keepSecret(secrets, 'target-secret', '{"host": "b1.example"}');
    await expect(find(withToken(), 'target', need)).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('"username"'),
    });
  });

  it('does not begin with an empty secret where no token can fill it in', async () => {
    await expect(find(PLAIN, 'target', need)).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(/is empty\. Put in/),
    });
  });
});

describe('a step that needs the target alone', () => {
  it('is told which step makes the login', async () => {
    await expect(find(withToken(), 'target')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('ConfigureTarget'),
    });
  });
});

describe('the API', () => {
  it('is asked with the token of its secret, which is read when it is asked', async () => {
    api.answers = { 'GET /branches/main/parameters': { status: 200, body: [] } };
    const { planetscale } = await find(withToken({ [VARIABLE.planetscaleBranch]: 'main' }), 'planetscale', 'planetscaleSetup');
    expect([planetscale?.configured, read()]).toEqual([true, []]);
    secrets.on(GetSecretValueCommand, { SecretId: 'token-secret' }).resolves({ SecretString: '{"id": "id1", "token": "secret"}' });
    await planetscale?.parameters();
    expect(api.asked).toMatchObject([{ authorization: 'id1:secret' }]);
    expect(read()).toEqual(['token-secret']);
  });

  it.each(['', '{}', '{"id": "id1"}', 'canary'])('is not asked where the secret of the token is %j', async (value) => {
    secrets.on(GetSecretValueCommand, { SecretId: 'token-secret' }).resolves({ SecretString: value });
    api.answers = {};
    const { planetscale } = await find(withToken(), 'planetscale');
    const asking = planetscale?.branch();
    await expect(asking).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringContaining('token-secret') });
    await expect(asking).rejects.not.toThrow('canary');
    expect(api.asked).toEqual([]);
  });

  it('is not there without a token, and nothing is read', async () => {
    const found = await find(PLAIN, 'planetscale', 'planetscaleRestore', 'targetJournal');
    expect(found).toEqual({ planetscale: WITHOUT_TOKEN.planetscale, targetJournal: WITHOUT_TOKEN.targetJournal });
    expect(found.planetscale?.configured).toBe(false);
    expect(read()).toEqual([]);
  });

  it('must not have its token in the target secret', async () => {
    await expect(find(withToken({ [VARIABLE.planetscaleToken]: 'target-secret' }), 'planetscale')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
    });
  });
});

describe('the journal', () => {
  it('is that of the stack, in the tags of the secret with the token', async () => {
    secrets
      .on(DescribeSecretCommand, { SecretId: 'token-secret' })
      .resolves({ Tags: [{ Key: 'planetscale-migration:Shop:disk', Value: '1' }] });
    const { targetJournal } = await find(withToken(), 'targetJournal');
    expect(targetJournal?.stack).toBe('Shop');
    await expect(targetJournal?.tags()).resolves.toEqual({ 'planetscale-migration:Shop:disk': '1' });
    expect(read()).toEqual([]);
  });
});

describe('the target secret', () => {
  it.each([
    ['private', 'private'],
    ['public', 'public'],
    ['', 'public'],
  ])('with the setting %j gets the %s host', async (setting, connection) => {
    const { targetSecret } = await find(withToken({ [VARIABLE.targetHost]: setting }), 'targetLogin');
    expect(targetSecret).toMatchObject({ name: 'target-secret', connection });
  });
});
