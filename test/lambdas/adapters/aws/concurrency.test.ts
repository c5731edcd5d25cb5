import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { concurrencyPort } from '../../../../lambdas/adapters/aws/concurrency.ts';

const client = new LambdaClient({});
const api = mockClient(client);
const warnings: unknown[] = [];
const limit = () => concurrencyPort(client, { warn: (message, fields) => warnings.push([message, fields]) }).limit();
const thrown = (name: string, more: object = {}) => Object.assign(new Error(`The service said ${name}`), { name, ...more });

beforeEach(() => {
  api.reset();
  warnings.length = 0;
});

describe('how many functions the account may run at a time', () => {
  it('is what is not reserved for single functions', async () => {
    api.on(GetAccountSettingsCommand).resolves({ AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 900 } });
    await expect(limit()).resolves.toBe(900);
  });

  it('is all, where nothing is said of reservations', async () => {
    api.on(GetAccountSettingsCommand).resolves({ AccountLimit: { ConcurrentExecutions: 10 } });
    await expect(limit()).resolves.toBe(10);
  });

  it('is not known where the service says nothing', async () => {
    api.on(GetAccountSettingsCommand).resolves({});
    await expect(limit()).resolves.toBeUndefined();
  });

  it('is not known where the call is denied, with a warning', async () => {
    api.on(GetAccountSettingsCommand).rejects(thrown('AccessDeniedException'));
    await expect(limit()).resolves.toBeUndefined();
    expect(warnings).toEqual([
      [expect.stringMatching(/not known/), { reason: expect.stringMatching(/AWS denied lambda:GetAccountSettings on the account/) }],
    ]);
    await expect(concurrencyPort(client).limit()).resolves.toBeUndefined();
  });

  it.each([
    ['TooManyRequestsException', {}],
    ['ServiceException', { $fault: 'server' }],
    ['TimeoutError', {}],
  ])('is asked again after %s', async (name, more) => {
    api.on(GetAccountSettingsCommand).rejects(thrown(name, more));
    await expect(limit()).rejects.toMatchObject({ name: 'TransientError', message: expect.stringContaining(name) });
    expect(warnings).toEqual([]);
  });

  it('passes on what it does not know', async () => {
    api.on(GetAccountSettingsCommand).rejects(thrown('SomethingElse'));
    await expect(limit()).rejects.toThrow('The service said SomethingElse');
  });
});
