/**
 * The watch as Lambda runs it: out of the bundle, in a process of its own, with real servers on both sides. Its log is what CloudWatch takes
 * the metrics from.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VARIABLE } from '../../lambdas/config/environment.ts';
import { bundle } from '../../lib/bundle.ts';
import { eventually, replicated } from '../support/replicated.ts';
import type { World } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'watch-'));
const code = join(folder, 'code');
const authorities = join(folder, 'ca.pem');
const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Shop-Replicate';
const answers: Record<string, (asked: { SecretId?: string }) => object> = {};
let api: Server;
let world: World;

beforeAll(async () => {
  bundle(code);
  world = await replicated();
  writeFileSync(authorities, `${world.pair.source.authority}\n${world.pair.target.authority}`);
  const { source, target } = world.database;
  const login = ({ user, password, host, port }: typeof source) => ({ username: user, password, host, port });
  const secrets: Record<string, object> = { source: login(source), target: { ...login(target), dbname: target.database } };
  answers['secretsmanager.GetSecretValue'] = ({ SecretId = '' }) => ({ SecretString: JSON.stringify(secrets[SecretId]) });
  answers['AWSStepFunctions.ListExecutions'] = () => ({
    executions: [{ executionArn: 'e', stateMachineArn: machine, name: 'e', status: 'SUCCEEDED', startDate: 1_767_225_600 }],
  });
  api = createServer(async (request, response) => {
    let asked = '';
    for await (const chunk of request) asked += chunk;
    const answer = answers[String(request.headers['x-amz-target'])]?.(JSON.parse(asked));
    response.setHeader('content-type', String(request.headers['content-type'])).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  api?.close();
  rmSync(folder, { recursive: true });
  await world?.destroy();
});

/** What one call leaves in the log. */
async function logged(): Promise<string> {
  const call = `require(${JSON.stringify(join(code, 'handler.js'))}).watch({}, { awsRequestId: 'r' })`;
  const env = {
    [VARIABLE.stack]: 'Shop',
    [VARIABLE.database]: world.database.name,
    [VARIABLE.sourceSecret]: 'source',
    [VARIABLE.targetSecret]: 'target',
    [VARIABLE.sourceAuthorities]: authorities,
    [VARIABLE.clusterIdentifier]: 'shop',
    [VARIABLE.actingMachines]: machine,
    NODE_EXTRA_CA_CERTS: authorities, // in place of the public authorities, which vouch for no server of a test
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', call], { env, cwd: folder });
  return stdout + stderr;
}

describe('the bundled monitoring function', () => {
  it('writes one line with every metric of a healthy stream', async () => {
    let log = '';
    await eventually(async () => {
      log = await logged();
      return JSON.parse(log).ReadyToCutOver === 1;
    });
    expect(JSON.parse(log)).toMatchObject({
      ...{
        service: 'Shop',
        stream: 'forward',
        CopyPercent: 100,
        SlotActive: 1,
        SubscriptionRunning: 1,
        HistoryBroken: 0,
        HeartbeatGaps: 0,
      },
      ...{ FenceHeldSeconds: 0, ServingTarget: 0 },
    });
    const { Metrics } = JSON.parse(log)._aws.CloudWatchMetrics[0];
    expect(Metrics.map(({ Name }: { Name: string }) => Name)).toEqual(
      expect.arrayContaining(['LagBytes', 'LagMilliseconds', 'WalKeptBytes', 'TargetBytes', 'TransactionIdAge', 'Tables', 'TablesReady']),
    );
    for (const { password } of [world.database.source, world.database.target]) expect(log).not.toContain(password);
  });
});
