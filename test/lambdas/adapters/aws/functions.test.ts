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

describe('waking the functions of a switch (#9.18)', () => {
  it('calls each once, without work, and waits for all', async () => {
    await expect(wake()).resolves.toEqual([]);
    const inputs = api.commandCalls(InvokeCommand).map(({ args }) => args[0].input);
    expect(inputs.map(({ FunctionName }) => FunctionName).sort()).toEqual([LIFT, OVER]);
    for (const { Payload, InvocationType } of inputs) {
      expect(JSON.parse(String(Payload))).toEqual({ wake: true });
      expect(InvocationType).toBeUndefined(); // waits for the answer
    }
  });

  it.each(PASSING_EXCEPTIONS)('calls again after the answer %s', async (name) => {
    api.on(InvokeCommand, { FunctionName: LIFT }).rejectsOnce(thrown(name)).rejectsOnce(thrown(name)).resolves(awake);
    await expect(wake()).resolves.toEqual([]);
    expect([callsOf(OVER), callsOf(LIFT)]).toEqual([1, 3]);
  });

  it('leaves functions that are not ready in time to the next visit', async () => {
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
  ])('names the functions that cannot be called, with the reason: %s', async (name, reason) => {
    api.on(InvokeCommand, { FunctionName: OVER }).rejects(thrown(name));
    await expect(wake()).resolves.toEqual([{ function: OVER, reason: expect.stringMatching(reason) }]);
    expect(callsOf(OVER)).toBe(1);
  });

  it('names a function that fails or answers something else, and quotes none of its answer', async () => {
    api.on(InvokeCommand, { FunctionName: OVER }).resolves({ FunctionError: 'Unhandled', Payload: bytes(`{"errorMessage":"${CANARY}"}`) });
    api.on(InvokeCommand, { FunctionName: LIFT }).resolves({ Payload: bytes(`no JSON, but ${CANARY}`) });
    const uncallable = await wake();
    expect(uncallable.map(({ function: arn }) => arn)).toEqual([OVER, LIFT]);
    expect(JSON.stringify(uncallable)).not.toContain(CANARY);
  });
});
