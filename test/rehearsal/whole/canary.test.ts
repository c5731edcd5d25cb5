/**
 * A whole migration, failures included, by the real handler with its real logger and secrets, and nothing of what people and machines can
 * read afterwards holds a password, a connection string or a value of a row: log lines, metrics, events, results, errors, templates; and of
 * the servers' own logs, no password.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VARIABLE } from '../../../lambdas/config/environment.ts';
import type { Json } from '../../../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { replicationPassword } from '../../../lambdas/config/secrets.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { MachineName } from '../../../lambdas/engine/machines.ts';
import { handler, watch } from '../../../lambdas/handlers/index.ts';
import type { Bindings } from '../../../lambdas/ports/bindings.ts';
import { scramVerifier } from '../../../lambdas/postgres/scram.ts';
import { letApplicationIn } from '../../../rehearsal/application/rights.ts';
import { type Outcome, startExecution } from '../../../rehearsal/machines/execution.ts';
import { FunctionError } from '../../../rehearsal/machines/local-function.ts';
import { ExecutionRegistry } from '../../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../../rehearsal/machines/synthesize.ts';
import { APPLICATION_ROLE } from '../../../rehearsal/servers/pair.ts';
import { QUICK } from '../../support/rehearsal.ts';
import { type KeptSecret, keepSecret } from '../../support/secrets-manager.ts';
import { synthesized } from '../../support/synthesized.ts';
import { startWorld, type World } from '../../support/world.ts';

/** What the mocked part of the places gives in place of AWS, for the visit under way. */
const standIns = vi.hoisted(() => ({ places: {} as Partial<Bindings>, authority: '' }));
vi.mock('../../../lambdas/adapters/aws/bindings.ts', async (original) => {
  const real = await original<typeof import('../../../lambdas/adapters/aws/bindings.ts')>();
  return {
    ...real,
    async resolveBindings(needs: Parameters<typeof real.resolveBindings>[0], site: Parameters<typeof real.resolveBindings>[1]) {
      const ours = needs.filter((need) => !/^(cluster|executions|hook|functions)/.test(need));
      const { target, wayBack, ...found } = await real.resolveBindings(ours, site);
      return {
        ...standIns.places,
        ...found,
        // The server of a test is vouched for by no public authority.
        ...(target && { target: { ...target, tls: { verify: 'full', authorities: standIns.authority } } }),
        ...(wayBack && { wayBack: { ...wayBack, knowsAuthority: true } }),
      };
    },
  };
});

/** Characters that SQL, URLs, connection strings and JSON each write in a way of their own, which a search would miss: so letters only. */
const canary = (what: string): string => `canary${what}${randomBytes(6).toString('hex')}`;
const PASSWORDS = {
  source: canary('source'),
  target: canary('target'),
  replication: canary('replication'),
  applicationAtSource: canary('application'),
  applicationAtTarget: canary('application'),
  wrong: canary('wrong'),
};
const ROWS = { text: canary('row'), secondary: canary('unique') };

const SCHEMA = `create schema shop;
create table shop.customer (id bigserial primary key, email text not null unique, note text);
create table shop.bare (note text);
alter table shop.bare replica identity full;
insert into shop.customer (email, note) select 'somebody' || n || '${ROWS.secondary}', '${ROWS.text}' || n from generate_series(1, 200) as n;
insert into shop.bare select '${ROWS.text}' from generate_series(1, 20)`;

const folder = mkdtempSync(join(tmpdir(), 'canary-'));
const api = mockClient(SecretsManagerClient);
const stepFunctions = mockClient(SFNClient);
const secrets: Record<string, KeptSecret> = {};
const machines = synthesizeMachines();
const registry = new ExecutionRegistry();
/** Everything that leaves a function, by what it is. */
const seen: Record<'log' | 'event' | 'result' | 'error', string[]> = { log: [], event: [], result: [], error: [] };
let world: World;
let hookFails = false;
let setPasswords: (side: SideName) => Promise<void>;

beforeAll(async () => {
  const parameters = { log_statement: 'ddl', log_min_messages: 'info', log_connections: 'on', wal_retrieve_retry_interval: '200ms' };
  world = await startWorld({
    name: 'shop',
    schema: SCHEMA,
    sourceParameters: { ...parameters, max_worker_processes: 20 },
    targetParameters: parameters,
  });
  const { source, target } = world.database;
  setPasswords = async (side) => {
    const application = side === 'source' ? PASSWORDS.applicationAtSource : PASSWORDS.applicationAtTarget;
    await world[side](`alter role ${world.database.roles[side]} password '${scramVerifier(PASSWORDS[side])}';
      alter role ${APPLICATION_ROLE} password '${scramVerifier(application)}'`);
  };
  await letApplicationIn(source, APPLICATION_ROLE);
  await setPasswords('source');
  await setPasswords('target');

  const file = join(folder, 'authority.pem');
  writeFileSync(file, world.pair.source.authority);
  standIns.authority = world.pair.edge.authority;
  const keep = (name: string, text: string): void => {
    secrets[name] = keepSecret(api, name, text);
  };
  keep('source-secret', JSON.stringify({ username: source.user, password: PASSWORDS.source, host: source.host, port: source.port }));
  keep('target-secret', JSON.stringify({ url: `postgresql://${target.user}:${PASSWORDS.target}@${target.host}:${target.port}/shop` }));
  keep('replication-secret', JSON.stringify({ username: REPLICATION_ROLE, password: PASSWORDS.replication }));
  const login = (password: string, { host, port }: typeof source, user = APPLICATION_ROLE) =>
    JSON.stringify({ url: `postgresql://${user}:${password}@${host}:${port}/shop` });
  keep('application-secret', login(PASSWORDS.applicationAtSource, source));
  keep('application-target-secret', login(PASSWORDS.applicationAtTarget, target, `${APPLICATION_ROLE}.${world.pair.edge.branch}`));
  const environment: Partial<Record<keyof typeof VARIABLE, string>> = {
    database: 'shop',
    sourceSecret: 'source-secret',
    targetSecret: 'target-secret',
    replicationSecret: 'replication-secret',
    applicationSecret: 'application-secret',
    applicationTargetSecret: 'application-target-secret',
    sourceAuthorities: file,
    subscriptionSslmode: 'require',
    clusterIdentifier: 'shop',
    actingMachines: 'arn:aws:states:eu-central-1:111122223333:stateMachine:Shop-Replicate',
    stack: 'Shop',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(VARIABLE[name as keyof typeof VARIABLE], value);
  const keepLine = (chunk: unknown) => {
    seen.log.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keepLine);
  vi.spyOn(process.stderr, 'write').mockImplementation(keepLine);
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) vi.spyOn(console, method).mockImplementation(keepLine);
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await world?.destroy();
});

/** One execution, each visit through the handler. */
function play(
  name: MachineName,
  input: Readonly<Record<string, Json>> = {},
  afterVisit?: (step: string) => Promise<void>,
): Promise<Outcome> {
  return startExecution({
    machine: machines[name],
    name: `${name}-${randomBytes(4).toString('hex')}`,
    input,
    registry,
    pace: QUICK,
    places: world.places,
    onVisited: ({ step, outcome }) => ('verdict' in outcome && outcome.verdict === 'done' ? afterVisit?.(step) : undefined),
    async invoke({ step }, event, places, budgetMs) {
      const { cluster, executions, functions } = places as Bindings;
      standIns.places = {
        cluster,
        executions,
        functions,
        hook: {
          configured: true,
          call: async () => {
            if (hookFails) throw new Error('a defect');
          },
        },
      };
      vi.stubEnv(VARIABLE.step, step);
      const until = Date.now() + budgetMs;
      seen.event.push(JSON.stringify(event));
      try {
        const result = await handler(event, { awsRequestId: 'request', getRemainingTimeInMillis: () => until - Date.now() });
        seen.result.push(JSON.stringify(result));
        return result;
      } catch (error) {
        // The runtime of Lambda writes whatever hangs on an error into the log, causes included.
        seen.error.push(inspect(error, { depth: 20, showHidden: true }));
        const { name: errorType, message } = error as Error;
        throw new FunctionError(errorType, message);
      }
    },
  }).ended;
}

const succeeded = { status: 'SUCCEEDED', failure: undefined };
const failed = (error: string) => ({ status: 'FAILED', failure: expect.objectContaining({ error }) });

describe('a migration with planted passwords and rows', () => {
  it('fails on a wrong password', async () => {
    const right = secrets['source-secret']?.current() ?? '';
    secrets['source-secret']?.put(right.replace(PASSWORDS.source, PASSWORDS.wrong));
    expect(await play('Preflight')).toMatchObject(failed('CannotConnect'));
    secrets['source-secret']?.put(right);
    secrets['source-secret']?.put(`not JSON, but ${PASSWORDS.wrong}`);
    expect(await play('Preflight')).toMatchObject(failed('InvalidConfiguration'));
    secrets['source-secret']?.put(right);
    expect(await play('Preflight', { forecastSeconds: 0 })).toMatchObject(succeeded);
  });

  it('fails on an index, and continues', async () => {
    const spoil = async (step: string) => {
      if (step === 'AwaitCopy') await world.target(`insert into shop.customer (id, email) values (-1, 'somebody1${ROWS.secondary}')`);
    };
    expect(await play('Replicate', {}, spoil)).toMatchObject(failed('IndexBuildFailed'));
    await world.target('delete from shop.customer where id = -1');
  });

  it('fails on rows that differ, and continues', async () => {
    const spoil = async (step: string) => {
      if (step === 'SyncSequences') await world.target(`update shop.customer set note = 'another ${ROWS.text}' where id = 7`);
    };
    expect(await play('Replicate', {}, spoil)).toMatchObject(failed('DataDiffers'));
    await world.target(`update shop.customer set note = '${ROWS.text}7' where id = 7`);
    expect(await play('Replicate')).toMatchObject(succeeded);
    await letApplicationIn({ ...world.database.target, password: PASSWORDS.target }, APPLICATION_ROLE);
  });

  it('rotates the replication password, and is monitored', async () => {
    expect(await play('Rotation')).toMatchObject(succeeded);
    stepFunctions.on(ListExecutionsCommand).callsFake(async () => ({
      executions: [{ executionArn: 'arn', name: 'one', stateMachineArn: 'machine', startDate: new Date(), status: 'RUNNING' }],
    }));
    await watch({}, { awsRequestId: 'request' });
    expect(seen.log.join('')).toContain('CloudWatchMetrics');
  });

  it('is refused, fails, switches, rolls back, switches again and cleans up', async () => {
    await world.source('create index later on shop.bare (note)');
    expect(await play('Cutover', { reverse: true })).toMatchObject(failed('CutoverRefused'));
    await world.source('drop index shop.later');
    hookFails = true;
    expect(await play('Cutover', { reverse: true })).toMatchObject(failed('SwitchFailed'));
    hookFails = false;
    expect(await play('Cutover', { reverse: true })).toMatchObject(succeeded);
    await world.target(`insert into shop.customer (email, note) values ('after ${ROWS.secondary}', '${ROWS.text}')`);
    expect(await play('Rotation')).toMatchObject(succeeded);
    expect(await play('Rollback')).toMatchObject(succeeded);
    expect(await play('Cutover', { reverse: true })).toMatchObject(succeeded);
    expect(await play('Cleanup')).toMatchObject(succeeded);
  });
});

describe('what such a migration leaves', () => {
  const passwords = (): string[] => [
    ...Object.values(PASSWORDS),
    ...[...(secrets['replication-secret']?.versions.values() ?? [])].flatMap(({ text }) => {
      const { password: root } = JSON.parse(text);
      return [root, replicationPassword(root, 'source'), replicationPassword(root, 'target')];
    }),
  ];
  const verifiers = /SCRAM-SHA-256\$\d/;

  it.each(['log', 'event', 'result', 'error'] as const)(
    'contains in every %s no password, no connection string and no value of a row',
    (kind) => {
      const all = seen[kind].join('\n');
      expect(seen[kind].length).toBeGreaterThan(4);
      for (const planted of [...passwords(), ...Object.values(ROWS)]) expect(all).not.toContain(planted);
      expect(all).not.toMatch(/postgres(ql)?:\/\/|password='|channel_binding=/);
      expect(all).not.toMatch(verifiers);
    },
  );

  it.each(['source', 'target'] as const)('contains in the log of the %s itself, with log_statement = ddl, no password', (side) => {
    const { log } = world.pair[side];
    expect(log).toContain('publication');
    for (const planted of passwords()) expect(log).not.toContain(planted);
  });

  it('was made with several passwords of its own', () => {
    expect(new Set(passwords()).size).toBe(Object.keys(PASSWORDS).length + 2 + 3 * 2); // two rotations, and two passwords made of each of three roots
  });

  it('contains in the template nothing that a secret resolves to', () => {
    const template = JSON.stringify(synthesized().template.toJSON());
    expect(template).not.toMatch(/resolve:|SecretString":"/);
  });
});
