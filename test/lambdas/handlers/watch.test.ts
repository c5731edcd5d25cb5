import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RDSClient } from '@aws-sdk/client-rds';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VARIABLE } from '../../../lambdas/config/environment.ts';
import { watch } from '../../../lambdas/handlers/index.ts';
import { NAMESPACE, UNITS } from '../../../lambdas/monitoring/metrics.ts';
import { replicated } from '../../support/replicated.ts';
import { REPLICATION_PASSWORD, type World } from '../../support/world.ts';

const CANARY = 'canary-password';
const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Shop-Replicate';
const folder = mkdtempSync(join(tmpdir(), 'watch-'));
const authorities = join(folder, 'ca.pem');
const secrets = mockClient(SecretsManagerClient);
const sfn = mockClient(SFNClient);
mockClient(RDSClient);

let world: World;
let written = '';
beforeAll(async () => {
  world = await replicated();
  writeFileSync(authorities, world.pair.source.authority);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world?.destroy();
});

const keeps = (secret: string, value: object) =>
  secrets.on(GetSecretValueCommand, { SecretId: secret }).resolves({ SecretString: JSON.stringify(value) });
const opened = () =>
  sfn.on(ListExecutionsCommand).resolves({
    executions: [{ executionArn: 'e', stateMachineArn: MACHINE, name: 'e', status: 'SUCCEEDED', startDate: new Date() }],
  });

beforeEach(() => {
  written = '';
  const keep = (chunk: unknown) => {
    written += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  secrets.reset();
  sfn.reset();
  const { source, target } = world.database;
  keeps('source-secret', { username: source.user, password: source.password, host: source.host, port: source.port });
  keeps('target-secret', {
    username: target.user,
    password: target.password,
    host: target.host,
    port: target.port,
    dbname: target.database,
  });
  vi.stubEnv(VARIABLE.database, world.database.name);
  vi.stubEnv(VARIABLE.sourceSecret, 'source-secret');
  vi.stubEnv(VARIABLE.targetSecret, 'target-secret');
  vi.stubEnv(VARIABLE.sourceAuthorities, authorities);
  vi.stubEnv(VARIABLE.clusterIdentifier, 'shop');
  vi.stubEnv(VARIABLE.actingMachines, MACHINE);
  vi.stubEnv(VARIABLE.stack, 'Shop');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const call = () => watch({}, { awsRequestId: 'request' });
/** What CloudWatch would take from the log. */
const embedded = () => {
  const line = written.split('\n').find((text) => text.includes('CloudWatchMetrics'));
  return line === undefined ? undefined : JSON.parse(line);
};

describe('the monitoring function', () => {
  it('touches neither a secret nor a database while no migration is open', async () => {
    sfn.on(ListExecutionsCommand).resolves({ executions: [] });
    await call();
    expect(secrets.calls()).toHaveLength(0);
    expect(written).toBe('');
  });

  it("writes metrics of the source in the embedded metric format, though the target's certificate cannot be verified", async () => {
    opened();
    await expect(call()).rejects.toMatchObject({ name: 'CannotConnect' });
    const metrics = embedded();
    expect(metrics).toMatchObject({ service: 'Shop', stream: 'forward', SlotActive: 1, ReadyToCutOver: 0 });
    const [{ Namespace, Dimensions, Metrics }] = metrics._aws.CloudWatchMetrics;
    expect(Namespace).toBe(NAMESPACE);
    expect(Dimensions).toEqual([['service']]);
    expect(Metrics.length).toBeGreaterThan(3);
    for (const { Name, Unit } of Metrics) {
      expect(UNITS).toHaveProperty(Name, Unit);
      expect(Number.isFinite(metrics[Name])).toBe(true);
    }
  });

  it('writes nothing but numbers and names of our own', async () => {
    opened();
    await call().catch(() => {});
    const { _aws, service, stream, ...numbers } = embedded();
    expect([typeof _aws, service, stream]).toEqual(['object', 'Shop', 'forward']);
    for (const [name, value] of Object.entries(numbers))
      expect([name, typeof value]).toEqual([expect.toBeOneOf(Object.keys(UNITS)), 'number']);
  });

  it('measures one side where the secret of the other cannot be used, and fails all the same', async () => {
    opened();
    keeps('target-secret', { password: CANARY });
    await expect(call()).rejects.toMatchObject({ name: 'InvalidConfiguration' });
    expect(embedded()).toMatchObject({ SlotActive: 1 });
    expect(written).toContain('The look was not whole');
  });

  it('reports no password, in an error or in the log', async () => {
    opened();
    const { source } = world.database;
    for (const login of [
      { username: source.user, password: CANARY, host: source.host, port: source.port },
      { username: CANARY, password: '' },
      { username: source.user, password: CANARY, host: 'no-such-host.invalid', port: 1 },
    ]) {
      keeps('source-secret', login);
      const error: Error = await call().then(
        () => new Error('It returned.'),
        (thrown) => thrown,
      );
      expect(`${error.name} ${error.message} ${error.stack}`).not.toContain(CANARY);
    }
    expect(written).not.toContain(CANARY);
    for (const password of [source.password, world.database.target.password, REPLICATION_PASSWORD]) expect(written).not.toContain(password);
  });

  it('fails where it cannot read whether a migration is open', async () => {
    sfn.on(ListExecutionsCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    await expect(call()).rejects.toMatchObject({ name: 'InvalidConfiguration' });
  });
});
