/** What a server that keeps every statement keeps of a secret, where our role may tell it not to, and what is said where it may not. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedSecrets } from '../../../lambdas/checks/readiness/recorders.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { Statement } from '../../../lambdas/ports/database.ts';
import { createRole, setVerifier } from '../../../lambdas/postgres/roles.sql.ts';
import { scramVerifier } from '../../../lambdas/postgres/scram.ts';
import { DUPLICATE_OBJECT, UNDEFINED_OBJECT } from '../../../lambdas/postgres/sqlstates.ts';
import { connectionString } from '../../../lambdas/replication/connection.ts';
import {
  createCopylessSubscription,
  createSubscription,
  forgetSubscription,
  setConnection,
} from '../../../lambdas/replication/subscriptions.sql.ts';
import { findingsOf, summary, warning } from '../../support/findings.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

const CANARY = "canary's \\ password";
const NAME = 'a_subscription';
const connection = (libpq: number, port = 1): string =>
  connectionString({ user: 'x', host: '127.0.0.1', port, sslmode: 'require' }, CANARY, 'nowhere', 'x', libpq);
const OPTIONS = { binary: false, streaming: 'off' } as const;

const LOADED = { shared_preload_libraries: 'pg_stat_statements,auto_explain' };
/** Everything that keeps statements, as loud as it goes. */
const loudest = (version: number): Readonly<Record<string, string>> => ({
  log_statement: 'all',
  log_min_duration_statement: '0',
  log_duration: 'on',
  log_min_error_statement: 'debug5',
  log_min_messages: 'debug2',
  log_error_verbosity: 'verbose',
  debug_print_parse: 'on',
  debug_print_plan: 'on',
  'pg_stat_statements.track': 'all',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_verbose': 'on',
  ...(version >= 12 ? { log_transaction_sample_rate: '1' } : {}),
  ...(version >= 13 ? { log_parameter_max_length_on_error: '-1' } : {}),
});

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Set by a superuser for the database and for our role in it, which goes before what the role has everywhere. */
async function makeLoud(world: World, side: SideName, version: number): Promise<void> {
  await world[side]('create extension if not exists pg_stat_statements');
  const database = quote(world.database.name);
  for (const [name, value] of Object.entries(loudest(version))) {
    await world[side](`alter database ${database} set ${name} = '${value}'`);
    await world[side](`alter role ${world.database.roles[side]} in database ${database} set ${name} = '${value}'`);
  }
}

const run = (world: World, side: SideName, statements: readonly Statement[]): Promise<void> =>
  world.ports('Secret').acting[side].transaction(async (session) => {
    for (const statement of statements) await session.query(statement);
  });

/** Everything with a secret that the tool says to a server, what fails included. */
async function sayEverySecret(world: World, side: SideName, version: number): Promise<void> {
  await run(world, side, createSubscription(NAME, connection(version), OPTIONS));
  await run(world, side, setConnection(NAME, connection(version)));
  await expect(run(world, side, setConnection('of another name', connection(version)))).rejects.toMatchObject({
    complaint: { code: UNDEFINED_OBJECT },
  });
  await expect(run(world, side, createCopylessSubscription('copyless', connection(version), version))).rejects.toThrow(/could not connect/);
  await run(world, side, forgetSubscription(NAME).slice(1));
  await run(world, side, createRole('a_role', scramVerifier(CANARY)));
  await run(world, side, setVerifier('a_role', scramVerifier(CANARY)));
  await expect(run(world, side, createRole('a_role', scramVerifier(CANARY)))).rejects.toMatchObject({
    complaint: { code: DUPLICATE_OBJECT },
  });
  await world[side]('drop role a_role');
}

const kept = async (world: World, side: SideName): Promise<string> =>
  `${world.pair[side].log}${JSON.stringify(await world[side]('select query from pg_stat_statements'))}`;
/** In the log, and in trees as bytes: "canary" begins with these. */
const SECRETS = [/canary/, /99 97 110 97 114 121/, /SCRAM-SHA-256\$/, /83 67 82 65 77 45 83 72 65/];

/** Takes connections and says nothing. */
async function mute(): Promise<{ readonly port: number; close(): void }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe.each(versions(11, 13, 15, 17))('a source of version %i that logs all statements (#9.13)', (version) => {
  let world: World;
  beforeAll(async () => {
    // Before 16 only a superuser may, and RDS has none.
    const plainSource = 'superuser';
    world = await startWorld({ source: version, target: 18, sourceParameters: LOADED, ...(version < 16 && { plainSource }) });
    if (version >= 16) {
      await world.source(`grant set on parameter ${Object.keys(loudest(version)).join(', ')} to ${world.places.source.user}`);
    }
    await makeLoud(world, 'source', version);
  });
  afterAll(() => world?.destroy());

  it('keeps no secret, neither in its log nor in pg_stat_statements, where our role may switch that off', async () => {
    if (version >= 14) await sayEverySecret(world, 'source', version);
    else {
      await expect(run(world, 'source', createCopylessSubscription('copyless', connection(version), version))).rejects.toThrow(
        /could not connect/,
      );
      await run(world, 'source', createRole('a_role', scramVerifier(CANARY)));
      await run(world, 'source', setVerifier('a_role', scramVerifier(CANARY)));
    }
    await world.asSourceRole("select 'witness'");
    const all = await kept(world, 'source');
    expect(all).toContain('witness');
    expect(all).toContain('auto_explain');
    for (const secret of SECRETS) expect(all).not.toMatch(secret);
    expect(await findingsOf(world, [recordedSecrets])).toEqual([]);
  });

  it('shows no secret of a running statement', async () => {
    const server = await mute();
    try {
      const refused = run(world, 'source', createCopylessSubscription('copyless', connection(version, server.port), version)).then(
        () => 'made',
        (error: Error) => error.message,
      );
      const shown = async () => (await world.source('select query from pg_stat_activity')).map(({ query }) => String(query));
      await eventually(async () => (await shown()).some((query) => query.includes('planetscale_with_secret(')));
      for (const secret of SECRETS) expect((await shown()).join('\n')).not.toMatch(secret);
      server.close();
      expect(await refused).toMatch(/could not connect|closed the connection/);
    } finally {
      server.close();
    }
  });
});

describe.each([17, 18] as const)('logging on a target of version %i whose settings our role may not change (#9.13)', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: version, targetParameters: LOADED, targetLogin: 'default' });
  });
  afterAll(() => world?.destroy());

  it('leads to no finding by default', async () => {
    expect(await findingsOf(world, [recordedSecrets])).toEqual([]);
    await world.target('create extension pg_stat_statements');
    await run(world, 'target', createRole('by_default', scramVerifier(CANARY)));
    for (const secret of SECRETS) expect(await kept(world, 'target')).not.toMatch(secret);
  });

  it('leads to a warning with the remedy, and keeps the password until then', async () => {
    await makeLoud(world, 'target', version);
    const found = await findingsOf(world, [recordedSecrets]);
    expect(summary(found)).toEqual({
      SecretsRecorded: warning(
        'target: auto_explain.log_min_duration = 0',
        'target: log_min_duration_statement = 0',
        'target: log_min_messages = debug2',
        'target: log_statement = all',
        'target: log_transaction_sample_rate = 1',
        'target: pg_stat_statements.track = all',
      ),
    });
    await run(world, 'target', createSubscription(NAME, connection(version), OPTIONS));
    expect(world.pair.target.log).toContain('canary');
    expect(JSON.stringify(await world.target('select query from pg_stat_statements'))).toContain('canary');
    await run(world, 'target', forgetSubscription(NAME));

    const database = quote(world.database.name);
    for (const name of Object.keys(loudest(version)))
      await world.target(`alter role ${world.database.roles.target} in database ${database} reset ${name}`);
    for (const statement of found[0]?.statements ?? []) await world.target(statement);
    expect(await findingsOf(world, [recordedSecrets])).toEqual([]);
  });

  it('keeps no password once our role may switch it off', async () => {
    await makeLoud(world, 'target', version);
    const user = world.database.roles.target;
    await world.target(`grant set on parameter ${Object.keys(loudest(version)).join(', ')} to ${user}`);
    expect(await findingsOf(world, [recordedSecrets])).toEqual([]);
    await world.target('select pg_stat_statements_reset()');
    const before = world.pair.target.log.length;
    await sayEverySecret(world, 'target', version);
    const since = `${world.pair.target.log.slice(before)}${JSON.stringify(await world.target('select query from pg_stat_statements'))}`;
    for (const secret of SECRETS) expect(since).not.toMatch(secret);
  });
});
