import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { functionsPort } from '../../../../lambdas/adapters/aws/functions.ts';
import { PASSING_EXCEPTIONS } from '../../../../lambdas/ports/functions.ts';

const OVER = 'arn:aws:lambda:eu-central-1:111122223333:function:SwitchOver';
const LIFT = 'arn:aws:lambda:eu-central-1:111122223333:function:LiftFence';
const CANARY = 'canary-password';
const client = new LambdaClient({});
const api = mockClient(client);
const wake = (timeoutMs = 5_000) => functionsPort(client, [OVER, LIFT], { timeoutMs, pauseMs: 1 }).wake();
const bytes = (text: string) => Buffer.from(text) as never;
const awake = { StatusCode: 200, Payload: bytes('{"awake":true}') };
const thrown = (name: string) => Object.assign(new Error(`The function said ${name}`), { name });
const callsOf = (arn: string) => api.commandCalls(InvokeCommand, { FunctionName: arn }).length;

beforeEach(() => {
  api.reset();
  api.on(InvokeCommand).resolves(awake);
});

describe('the functions of a switch (#9.18)', () => {
  it('are called once each, with nothing to do, and waited for', async () => {
    await expect(wake()).resolves.toEqual([]);
    const inputs = api.commandCalls(InvokeCommand).map(({ args }) => args[0].input);
    expect(inputs.map(({ FunctionName }) => FunctionName).sort()).toEqual([LIFT, OVER]);
    for (const { Payload, InvocationType } of inputs) {
      expect(JSON.parse(String(Payload))).toEqual({ wake: true });
      expect(InvocationType).toBeUndefined(); // waits for the answer
    }
  });

  it.each(PASSING_EXCEPTIONS)('are called again while they answer %s', async (name) => {
    api.on(InvokeCommand, { FunctionName: LIFT }).rejectsOnce(thrown(name)).rejectsOnce(thrown(name)).resolves(awake);
    await expect(wake()).resolves.toEqual([]);
    expect([callsOf(OVER), callsOf(LIFT)]).toEqual([1, 3]);
  });

  it('are a matter for the next visit where they do not become ready in time', async () => {
    api.on(InvokeCommand, { FunctionName: OVER }).rejects(thrown('ResourceNotReadyException'));
    await expect(wake(20)).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(
        /SwitchOver, which the switch needs, is not ready yet \(ResourceNotReadyException.*Nothing was switched/,
      ),
    });
    expect(callsOf(OVER)).toBeGreaterThan(1);
  });

  it.each([
    ['AccessDeniedException', /AWS denies the call \(AccessDeniedException/],
    ['ResourceNotFoundException', /ResourceNotFoundException/],
    ['InvalidSubnetIDException', /InvalidSubnetIDException/],
  ])('are named, with the reason, where they cannot be called: %s', async (name, reason) => {
    api.on(InvokeCommand, { FunctionName: OVER }).rejects(thrown(name));
    await expect(wake()).resolves.toEqual([{ function: OVER, reason: expect.stringMatching(reason) }]);
    expect(callsOf(OVER)).toBe(1);
  });

  it('are named where they fail or answer something else, without a word of what they said', async () => {
    api.on(InvokeCommand, { FunctionName: OVER }).resolves({ FunctionError: 'Unhandled', Payload: bytes(`{"errorMessage":"${CANARY}"}`) });
    api.on(InvokeCommand, { FunctionName: LIFT }).resolves({ Payload: bytes(`no JSON, but ${CANARY}`) });
    const uncallable = await wake();
    expect(uncallable.map(({ function: arn }) => arn)).toEqual([OVER, LIFT]);
    expect(JSON.stringify(uncallable)).not.toContain(CANARY);
  });
});
