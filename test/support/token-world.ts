/** A world whose deployment has a token: PlanetScale is played at its port, and what it changes comes into force on the real target. */
import pg from 'pg';
import { expect } from 'vitest';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { TransientError } from '../../lambdas/config/errors.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { ChangeRequest, ClusterParameter } from '../../lambdas/ports/planetscale.ts';
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import { recordIn } from '../../lambdas/target/journal.ts';
import { applicationLogin } from '../../rehearsal/servers/pair.ts';
import type { Parameters } from '../../rehearsal/servers/server.ts';
import { PARAMETERS, type Played, type PlayedOptions, playPlanetScale, STACK } from './played-planetscale.ts';
import { type Sql, sqlOn, startWorld, type World, type WorldOptions } from './world.ts';

export interface TokenWorld extends World {
  readonly played: Played;
}

/** As PlanetScale gives it, but for a size with little memory. */
const NEW_BRANCH: Parameters = {
  max_worker_processes: 4,
  max_logical_replication_workers: 4,
  max_replication_slots: 10,
  max_active_replication_origins: 10,
  max_wal_senders: 10,
  max_connections: 100,
  max_slot_wal_keep_size: '4GB',
};

export interface TokenWorldOptions extends WorldOptions {
  readonly played?: Omit<PlayedOptions, 'makesRole' | 'dropsRole' | 'login'>;
  /** Whether the target secret is filled in beforehand, by hand. @default true */
  readonly login?: boolean;
}

export async function startTokenWorld(options: TokenWorldOptions = {}): Promise<TokenWorld> {
  const targetParameters = { ...NEW_BRANCH, ...options.targetParameters };
  const world = await startWorld({ name: 'shop', ...options, targetParameters });
  const { target } = world.database;
  const superuser = sqlOn(world.pair.target.superuser(world.database.name));
  const logins = new Map<string, string>();
  const played = playPlanetScale({
    parameters: apiParameters(targetParameters),
    ...options.played,
    ...((options.login ?? true) && {
      login: { host: target.host, port: target.port, username: target.user, password: passwordOf(target), dbname: target.database },
    }),
    async makesRole(made, inherits) {
      await superuser(`create role ${identifier(made.role)} login replication password ${literal(made.password)}`);
      await superuser(`grant ${inherits.map(identifier).join(', ')} to ${identifier(made.role)}`);
      const user = `${made.role}.${world.pair.edge.branch}`;
      logins.set(user, made.password);
      return { ...made, user, host: target.host, port: target.port, database: target.database };
    },
    async dropsRole({ role }, successor) {
      await superuser(`reassign owned by ${identifier(role)} to ${identifier(successor)}`);
      await superuser(`drop owned by ${identifier(role)} cascade; drop role ${identifier(role)}`);
    },
  });
  const { planetscale, targetJournal, targetSecret } = played;
  Object.assign(world.places, { planetscale, targetJournal, targetSecret });
  Object.defineProperty(world.places, 'target', {
    enumerable: true,
    get: () => played.login && { ...target, user: played.login.username, password: played.login.password, currentLogin: undefined },
  });
  const made: TokenWorld = Object.assign(world, { played });
  played.inForce = (change) => bringIntoForce(made, change);
  return made;
}

const passwordOf = ({ password }: ConnectionSettings): string => {
  if (typeof password !== 'string') throw new Error('The password of a test is a text.');
  return password;
};

const apiParameters = (values: Parameters): ClusterParameter[] =>
  PARAMETERS.map((one) => (Object.hasOwn(values, one.name) ? { ...one, value: String(values[one.name]) } : one));

/** By a reload, and by a restart where a parameter needs one, as PlanetScale does. */
async function bringIntoForce({ pair, played }: TokenWorld, { parameters: { pgconf = {} } }: ChangeRequest): Promise<void> {
  const restarts = (name: string): boolean => played.parameters.get(`pgconf.${name}`)?.restarts === true;
  const superuser = sqlOn(pair.target.superuser());
  const reloaded = Object.entries(pgconf).filter(([name]) => !restarts(name));
  for (const [name, value] of reloaded) await superuser(`alter system set ${identifier(name)} = ${literal(value)}`);
  await superuser('select pg_reload_conf()');
  for (const [name, value] of reloaded) {
    await expect.poll(async () => (await superuser(`show ${identifier(name)}`))[0]?.[name], { timeout: 20_000 }).toBe(value);
  }
  const restarting = Object.fromEntries(Object.entries(pgconf).filter(([name]) => restarts(name)));
  if (Object.keys(restarting).length > 0) await pair.target.restart(restarting);
}

/** Settings of the target's server, by name. */
export async function settingsOf(sql: Sql, names: readonly string[]): Promise<Record<string, string>> {
  const rows = await sql('select name, setting from pg_settings where name = any ($1::text[])', [names]);
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

/** The journal in the tags. */
export const recordOf = ({ played }: TokenWorld) => recordIn(STACK, played.tags);
/** Runs a test in such a world. */
export const inTokenWorld = (options: TokenWorldOptions, test: (world: TokenWorld) => Promise<void>) => async () => {
  const world = await startTokenWorld(options);
  try {
    await test(world);
  } finally {
    await world.destroy();
  }
};
/** Visits as a state machine does, which retries what is transient, and goes on in a new execution where that is not enough. */
export async function untilDone(world: TokenWorld, step: 'ConfigureTarget' | 'RestoreTarget' = 'ConfigureTarget', input = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await world.until(step, { input, tries: 60 });
    } catch (error) {
      if (!(error instanceof TransientError) || attempt === 20) throw error;
    }
  }
}
/** The n-th call that changes something is answered with a failure, after it has taken effect or before. */
export function failAt(world: TokenWorld, moment: 'before' | 'after', nth: number): void {
  let count = 0;
  world.played[moment] = () => {
    count += 1;
    if (count === nth) throw new TransientError('The answer was lost.');
  };
}
/** A client at the target; the application unless another login is given. */
export async function connected(world: TokenWorld, login: ConnectionSettings = applicationLogin(world.pair.edge, 'shop')) {
  const client = new pg.Client(clientConfig(login, 'their own tool'));
  const ended = new Promise<void>((resolve) => client.on('end', () => resolve()));
  client.on('error', () => {});
  await client.connect();
  return { ended, end: () => client.end().catch(() => {}) };
}
