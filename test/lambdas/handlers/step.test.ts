import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VARIABLE } from '../../../lambdas/config/environment.ts';
import type { StepEvent } from '../../../lambdas/engine/contract.ts';
import { handler } from '../../../lambdas/handlers/index.ts';
import { startWorld, type World } from '../../support/world.ts';

const CANARY = 'canary-password';
const folder = mkdtempSync(join(tmpdir(), 'handler-'));
const authorities = join(folder, 'ca.pem');
const secrets = mockClient(SecretsManagerClient);
const rds = mockClient(RDSClient);
const invocation = { awsRequestId: 'request', getRemainingTimeInMillis: () => 60_000 };
const event: StepEvent = {
  input: {},
  state: {},
  execution: 'first',
  executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:App-Replicate:first',
  startedAt: '2026-01-01T00:00:00.000Z',
  polls: true,
};

let world: World;
let written = '';
beforeAll(async () => {
  world = await startWorld();
  writeFileSync(authorities, world.pair.source.authority);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world?.destroy();
});

const sourceKeeps = (login: Readonly<Record<string, unknown>>) =>
  secrets.on(GetSecretValueCommand, { SecretId: 'source-secret' }).resolves({ SecretString: JSON.stringify(login) });

beforeEach(() => {
  written = '';
  const keep = (chunk: unknown) => {
    written += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  secrets.reset();
  rds.reset();
  const { host, port, user, password } = world.database.source;
  sourceKeeps({ username: user, password });
  rds.on(DescribeDBClustersCommand).resolves({ DBClusters: [{ Endpoint: host, Port: port, Status: 'available', DBClusterMembers: [] }] });
  rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [] });
  vi.stubEnv(VARIABLE.step, 'VerifyWalLevel');
  vi.stubEnv(VARIABLE.database, world.database.name);
  vi.stubEnv(VARIABLE.sourceSecret, 'source-secret');
  vi.stubEnv(VARIABLE.sourceAuthorities, authorities);
  vi.stubEnv(VARIABLE.clusterIdentifier, 'shop');
  vi.stubEnv(VARIABLE.parameterGroup, 'migration-group');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What Lambda would make of the error that the handler throws. */
async function failure(of: StepEvent = event): Promise<{ readonly name: string; readonly message: string; readonly json: string }> {
  const error: Error = await handler(of, invocation).then(
    () => new Error('The handler returned.'),
    (thrown) => thrown,
  );
  const { name, message, stack = '' } = error;
  return { name, message, json: JSON.stringify({ errorType: name, errorMessage: message, trace: stack.split('\n') }) };
}

/** The line of the log that holds a text. */
const lineWith = (text: string): unknown => JSON.parse(written.split('\n').find((line) => line.includes(text)) ?? '{}');

describe('the step function', () => {
  it('runs the step of its environment with the ports that it needs', async () => {
    await expect(handler(event, invocation)).resolves.toMatchObject({ verdict: 'done', evidence: { walLevel: 'logical' } });
    expect(secrets.calls()).toHaveLength(1);
  });

  it('reads its secrets anew at each visit, so that a rotated password counts', async () => {
    sourceKeeps({ username: world.database.source.user, password: CANARY });
    await expect(failure()).resolves.toMatchObject({ name: 'CannotConnect' });
    sourceKeeps({ username: world.database.source.user, password: world.database.source.password });
    await expect(handler(event, invocation)).resolves.toMatchObject({ verdict: 'done' });
  });

  it('refuses the input before anything is read', async () => {
    await expect(failure({ ...event, input: { colour: 'blue' } })).resolves.toMatchObject({ name: 'InvalidInput' });
    expect([...secrets.calls(), ...rds.calls()]).toHaveLength(0);
  });

  it('answers a wake-up call at once, and reads neither settings nor secrets (#9.18)', async () => {
    vi.unstubAllEnvs();
    await expect(handler({ wake: true }, invocation)).resolves.toEqual({ awake: true });
    expect([...secrets.calls(), ...rds.calls()]).toHaveLength(0);
    expect(written).toBe('');
  });

  it('takes no input for a wake-up call (#9.18)', async () => {
    await expect(failure({ ...event, input: { wake: true } })).resolves.toMatchObject({ name: 'InvalidInput' });
  });

  it.each(['NoSuchStep', 'toString', ''])('refuses to run the step %j', async (step) => {
    vi.stubEnv(VARIABLE.step, step);
    await expect(failure()).resolves.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('deploy the stack again'),
    });
  });

  it('uses the defaults of the deployment', async () => {
    vi.stubEnv(VARIABLE.inputDefaults, '{"indexWorkers": 99}');
    await expect(failure()).resolves.toMatchObject({ name: 'InvalidInput', message: expect.stringContaining('"indexWorkers"') });
    vi.stubEnv(VARIABLE.inputDefaults, '{"indexWorkers": 9}');
    await expect(handler(event, invocation)).resolves.toMatchObject({ verdict: 'done' });
  });

  it('cuts its error to what the history keeps, so that the machine can read it', async () => {
    const input = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`"${at}"\n`, at]));
    const { message, json } = await failure({ ...event, input });
    expect(message).toMatch(/the rest is in the log/);
    expect(json.length).toBeLessThan(32_768);
    expect(JSON.stringify(lineWith('The whole message'))).toContain('1999');
  });

  it('reports no password, in an error or in the log', async () => {
    for (const login of [
      { username: world.database.source.user, password: CANARY },
      { username: CANARY, password: '' },
      { username: world.database.source.user, password: CANARY, port: 'x' },
      { username: world.database.source.user, password: CANARY, host: 'no-such-host.invalid', port: 1 },
    ]) {
      sourceKeeps(login);
      expect((await failure()).json).not.toContain(CANARY);
    }
    await handler({ ...event, input: { Comment: CANARY } }, invocation).catch(() => {});
    expect(written).not.toContain(CANARY);
    expect(written).not.toContain(world.database.source.password);
  });

  it('logs the reason of a failure', async () => {
    sourceKeeps({ username: world.database.source.user, password: CANARY });
    const { message } = await failure();
    expect(lineWith('VerifyWalLevel stopped')).toMatchObject({ level: 'WARN', details: { error: 'CannotConnect', message } });
  });

  it('logs in JSON with the step and the execution', async () => {
    const { user: username, password } = world.database.source;
    sourceKeeps({ username, password });
    await handler(event, invocation);
    expect(lineWith('VerifyWalLevel is done')).toMatchObject({
      step: 'VerifyWalLevel',
      execution: 'first',
      requestId: 'request',
      details: { verdict: 'done' },
    });
  });
});
