/**
 * The bundle as Lambda runs it: a process of its own, plain JavaScript, nothing of this checkout but what was bundled. Secrets come
 * from a stand-in for the API; the databases are real, and pg_dump runs in its thread.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VARIABLE } from '../../lambdas/config/environment.ts';
import type { StepEvent } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { bundle } from '../../lib/bundle.ts';
import { startWorld, type World } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
const code = join(folder, 'code');
const authorities = join(folder, 'ca.pem');
const secrets: Record<string, string> = {};
let api: Server;
let world: World;

beforeAll(async () => {
  bundle(code);
  world = await startWorld({ schema: 'create table public."Orders" (id int primary key, "what for" text)' });
  writeFileSync(authorities, world.pair.source.authority);
  const { source, target } = world.database;
  secrets['source-secret'] = JSON.stringify({ username: source.user, password: source.password, host: source.host, port: source.port });
  const url = `${encodeURIComponent(target.password)}@${target.host}:${target.port}/${encodeURIComponent(target.database)}`;
  secrets['target-secret'] = JSON.stringify({ url: `postgresql://${target.user}:${url}?sslmode=verify-full&sslrootcert=system` });
  api = createServer(async (request, response) => {
    let asked = '';
    for await (const chunk of request) asked += chunk;
    const { SecretId } = JSON.parse(asked);
    response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify({ SecretString: secrets[SecretId] }));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  api?.close();
  rmSync(folder, { recursive: true });
  await world?.destroy();
});

/** One invocation in a process of its own. */
async function invoke(step: StepName, event: Partial<StepEvent> = {}): Promise<unknown> {
  const whole = { input: {}, state: {}, execution: 'e', executionArn: 'arn', startedAt: '2026-01-01T00:00:00Z', polls: false, ...event };
  const call = `require(${JSON.stringify(join(code, 'handler.js'))}).handler(${JSON.stringify(whole)}, { awsRequestId: 'r', getRemainingTimeInMillis: () => 60000 })
    .then((result) => ({ result }), ({ name, message }) => ({ name, message })).then((outcome) => console.log('OUTCOME' + JSON.stringify(outcome)))`;
  const env = {
    [VARIABLE.step]: step,
    [VARIABLE.database]: world.database.name,
    [VARIABLE.sourceSecret]: 'source-secret',
    [VARIABLE.sourceAuthorities]: authorities,
    [VARIABLE.targetSecret]: 'target-secret',
    [VARIABLE.clusterIdentifier]: 'shop',
    NODE_OPTIONS: '--enable-source-maps',
    NODE_EXTRA_CA_CERTS: authorities, // in place of the public authorities, which vouch for no server of a test
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', call], { env, cwd: folder });
  return JSON.parse(stdout.split('OUTCOME').at(-1) ?? '');
}

describe('the bundle', () => {
  it('is small, as each cold start reads it', () => {
    const bytes = (kind: RegExp) =>
      readdirSync(code).reduce((sum, file) => (kind.test(file) ? sum + statSync(join(code, file)).size : sum), 0);
    expect(bytes(/\.js$/)).toBeLessThan(1.6 * 1024 * 1024);
    expect(bytes(/./)).toBeLessThan(8 * 1024 * 1024);
  });

  it('holds the operations of AWS that are called, and no others', () => {
    const text = readFileSync(join(code, 'handler.js'), 'utf8');
    expect(text).toContain('DescribeRouteTables');
    expect(text).not.toContain('DescribeTransitGateway');
    expect(text).toContain('DescribeTargetHealth');
    expect(text).not.toContain('CreateTrustStore');
  });

  it('knows by name an error of AWS whose class it leaves out, and has the class of one that the code names', async () => {
    const text = readFileSync(join(code, 'handler.js'), 'utf8');
    expect(text).toContain('ExecutionDoesNotExist');
    expect(text).not.toContain('TargetGroupNotFoundException');
    for (const [name, ours] of [
      [
        'TargetGroupNotFound',
        /^InvalidConfiguration: elasticloadbalancing:DescribeTargetHealth was refused \(TargetGroupNotFound: Not here\.\)/,
      ],
      ['Throttling', /^TransientError: .*\(Throttling: Not here\.\)/],
    ] as const) {
      const answering = createServer((_request, response) => {
        const error = `<Error><Type>Sender</Type><Code>${name}</Code><Message>Not here.</Message></Error>`;
        response.writeHead(400, { 'content-type': 'text/xml' }).end(`<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`);
      });
      await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
      const call = `require(${JSON.stringify(join(code, 'handler.js'))}).follow({}, { awsRequestId: 'r', getRemainingTimeInMillis: () => 60000 })
        .then(() => 'no error', ({ name, message }) => name + ': ' + message).then((outcome) => console.log('OUTCOME' + outcome))`;
      const env = {
        [VARIABLE.clusterIdentifier]: 'shop',
        [VARIABLE.targetGroup]: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/writer/0123456789abcdef',
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(answering.address() as AddressInfo).port}`,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_MAX_ATTEMPTS: '1',
      };
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', call], { env, cwd: folder });
      answering.close();
      expect(stdout.split('OUTCOME').at(-1)).toMatch(ours);
    }
  });

  it('copies a schema, with pg_dump in its thread', async () => {
    await expect(invoke('CopySchema')).resolves.toMatchObject({ result: { verdict: 'done' } });
    await expect(
      world.target(`select attname::text from pg_attribute where attrelid = 'public."Orders"'::regclass and attnum > 0`),
    ).resolves.toEqual([{ attname: 'id' }, { attname: 'what for' }]);
  });

  it('keeps the names of our errors through minifying', async () => {
    await expect(invoke('CopySchema', { input: { colour: 1 } })).resolves.toMatchObject({ name: 'InvalidInput' });
  });
});
