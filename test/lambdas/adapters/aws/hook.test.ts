import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvokeCommand, LambdaClient, ResourceNotFoundException, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { hookPort } from '../../../../lambdas/adapters/aws/hook.ts';
import { awsClients } from '../../../../lambdas/adapters/aws/site.ts';

const ARN = 'arn:aws:lambda:eu-central-1:111122223333:function:pause-workers:live';
const CANARY = 'canary-password';
const client = new LambdaClient({});
const api = mockClient(client);
const call = () => hookPort(client, ARN).call('before', 'target', 'first');
const answers = (payload: unknown) => ({
  FunctionError: 'Unhandled',
  Payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)) as never,
});

beforeEach(() => {
  api.reset();
});

describe('the hook function', () => {
  it('receives the moment and the switch', async () => {
    api.on(InvokeCommand).resolves({ StatusCode: 200 });
    await call();
    const [invoked] = api.commandCalls(InvokeCommand);
    const { FunctionName, InvocationType, Payload } = invoked?.args[0].input ?? {};
    expect([FunctionName, InvocationType]).toEqual([ARN, undefined]); // undefined waits for the answer
    expect(JSON.parse(String(Payload))).toEqual({ moment: 'before', to: 'target', execution: 'first' });
  });

  it('may return anything', async () => {
    api.on(InvokeCommand).resolves({ Payload: Buffer.from('no JSON') as never });
    await expect(call()).resolves.toBeUndefined();
  });

  it('stops the switch by failing, and is named; its message stays in its own log', async () => {
    api.on(InvokeCommand).resolves(answers({ errorType: 'NotNow', errorMessage: CANARY, trace: [CANARY] }));
    const refusal = call();
    await expect(refusal).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: `The function ${ARN}, which is called before a switch, failed (NotNow). Its own log says why. Mend it, then start again.`,
    });
    expect(api.calls()).toHaveLength(1);
  });

  it.each([CANARY, '', 'null', { errorType: `postgresql://u:${CANARY}@h/d` }, { errorType: 7 }])(
    'that fails without an error name is reported all the same: %j',
    async (payload) => {
      api.on(InvokeCommand).resolves(answers(payload));
      const refusal: Error = await call().then(
        () => new Error('It went well.'),
        (error) => error,
      );
      expect(refusal.message).toContain('failed (an error without a name)');
      expect(refusal.message).not.toContain(CANARY);
    },
  );

  it('is cut off at its time limit, and reported as possibly still running', async () => {
    let received = '';
    const silent = createServer((request) => request.on('data', (chunk) => (received += chunk)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
    const client = new LambdaClient({ region: 'eu-central-1', endpoint: `http://127.0.0.1:${port}`, credentials, maxAttempts: 1 });
    try {
      await expect(hookPort(client, ARN, 500).call('after', 'source', 'first')).rejects.toMatchObject({
        name: 'InvalidConfiguration',
        message: expect.stringMatching(/pause-workers:live.*after a switch, gave no answer within 0\.5 seconds, and may still be running/),
      });
      expect(JSON.parse(received)).toEqual({ moment: 'after', to: 'source', execution: 'first' });
    } finally {
      client.destroy();
      silent.closeAllConnections();
      silent.close();
    }
  });

  it.each([
    [new TooManyRequestsException({ message: 'Rate exceeded', $metadata: {} }), 'TransientError', /for the moment/],
    [Object.assign(new Error('socket'), { code: 'ECONNRESET' }), 'TransientError', /NAT gateway/],
    [Object.assign(new Error('oops'), { name: 'ServiceException', $fault: 'server' }), 'TransientError', /for the moment/],
    [Object.assign(new Error('deploying'), { name: 'ResourceConflictException' }), 'TransientError', /for the moment/],
    [Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }), 'InvalidConfiguration', /denied lambda:InvokeFunction/],
    [new ResourceNotFoundException({ message: 'gone', $metadata: {} }), 'InvalidConfiguration', /does not exist.*switchHookArn/],
    [Object.assign(new Error('no'), { name: 'KMSDisabledException' }), 'InvalidConfiguration', /cannot be called \(KMSDisabledException/],
  ])('that cannot be called, as with %s, becomes %s', async (thrown, name, message) => {
    api.on(InvokeCommand).rejects(thrown);
    await expect(call()).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    await expect(call()).rejects.toThrow(ARN);
  });

  it("is never called twice by the SDK's retries", async () => {
    await expect(awsClients().functions.config.maxAttempts()).resolves.toBe(1);
  });
});
