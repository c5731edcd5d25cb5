/**
 * A source that begins as Aurora does and a target that is closed as PlanetScale is. The roles stand for those that a user has: the
 * cluster's master user, PlanetScale's default role and one that was made in its dashboard, and on both sides the role of the application,
 * which may only log in.
 */
import pg from 'pg';
import { type ConnectionSettings, clientConfig } from '../../../lambdas/adapters/connection-settings.ts';
import { identifier, literal } from '../../../lambdas/sql/quote.ts';
import type { ServerVersion } from './binaries.ts';
import { type Parameters, Server } from './server.ts';

export const SOURCE_ROLE = 'aurora_master';
/** PlanetScale's default role, which owns the databases, and one as guide A1 asks people to make. */
export const TARGET_ROLES = { default: 'postgres', member: 'pscale_api_x4k2m9q7zt1d' } as const;
/** As whom the migration logs in at the target. */
export type TargetLogin = keyof typeof TARGET_ROLES;
export const DEFAULT_TARGET_LOGIN: TargetLogin = 'member';
/** Not the migration's role, and no member of it: a switch must be able to shut the application out and go on working itself. */
export const APPLICATION_ROLE = 'shop_app';
const SOURCE_PASSWORD = 'rehearsal source';
const TARGET_PASSWORD = 'rehearsal target';
const APPLICATION_PASSWORD = 'rehearsal application';

/**
 * From this version on a role without superuser rights may pass on REPLICATION, as rds_superuser may pass on rds_replication, and may
 * subscribe.
 */
const ROLE_MAY_PASS_ON_REPLICATION = 16;

/** Rights of an Aurora master user. Before version 16 plain PostgreSQL has no role but a superuser that could make a replication role. */
const sourceRights = (version: number): string =>
  version >= ROLE_MAY_PASS_ON_REPLICATION ? 'createdb createrole replication bypassrls' : 'superuser';

/** Predefined roles that rds_superuser holds, as far as the version has them; the last one lets it subscribe to the way back. */
const sourceMemberships = (version: number): string[] => [
  ...['pg_monitor', 'pg_signal_backend'],
  ...(version >= ROLE_MAY_PASS_ON_REPLICATION ? ['pg_create_subscription'] : []),
];

/**
 * https://planetscale.com/docs/postgres/connecting/roles: the default role is no superuser. What it may not do, a test must not be able to
 * do either.
 */
const DEFAULT_ROLE_IS = 'nosuperuser createdb createrole inherit login replication bypassrls';
const DEFAULT_ROLE_MAY_PASS_ON = [
  ...['pg_read_all_data', 'pg_write_all_data', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_monitor'],
  ...['pg_signal_backend', 'pg_checkpoint', 'pg_maintain', 'pg_use_reserved_connections', 'pg_create_subscription'],
];
/** Guide A, step 1. Attributes are not inherited, so a role that was made so has none, whatever it is a member of. */
const MEMBER_OF = [TARGET_ROLES.default, 'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription'];
const MEMBER_IS = 'nosuperuser nocreatedb nocreaterole inherit login noreplication nobypassrls';

/** Makes both roles, whichever of them logs in. */
const targetRoles = (): string[] => [
  `create role ${TARGET_ROLES.default} ${DEFAULT_ROLE_IS} password ${literal(TARGET_PASSWORD)}`,
  `grant ${DEFAULT_ROLE_MAY_PASS_ON.join(', ')} to ${TARGET_ROLES.default} with admin option`,
  `create role ${TARGET_ROLES.member} ${MEMBER_IS} password ${literal(TARGET_PASSWORD)}`,
  `grant ${MEMBER_OF.join(', ')} to ${TARGET_ROLES.member}`,
];

export interface PairOptions {
  readonly source: ServerVersion;
  readonly target: ServerVersion;
  readonly sourceParameters?: Parameters;
  readonly targetParameters?: Parameters;
  /** @default - the role that guide A1 asks people to make */
  readonly targetLogin?: TargetLogin;
}

/** One database on both servers. */
export interface PairedDatabase {
  readonly name: string;
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
}

export interface Pair {
  readonly source: Server;
  readonly target: Server;
  /** Makes an empty database of this name on both sides, owned by the master user and by the default role. */
  createDatabase(name: string): Promise<PairedDatabase>;
  destroy(): void;
}

/** A server with the role that a side's user has. */
interface OneSide {
  readonly server: Server;
  /** Makes an empty database of this name. */
  createDatabase(name: string): Promise<ConnectionSettings>;
}

interface SideRoles {
  /** Makes them. */
  readonly statements: readonly string[];
  /** Of every database. */
  readonly owner: string;
  readonly login: string;
  readonly password: string;
}

async function oneSide(server: Server, { statements, owner, login, password }: SideRoles): Promise<OneSide> {
  try {
    await asSuperuser(server.superuser(), [
      ...statements,
      `create role ${APPLICATION_ROLE} login password ${literal(APPLICATION_PASSWORD)}`,
    ]);
  } catch (error) {
    server.destroy();
    throw error;
  }
  return {
    server,
    async createDatabase(name) {
      await asSuperuser(server.superuser(), [`create database ${identifier(name)} owner ${owner}`]);
      return server.login(login, password, name);
    },
  };
}

/** How the application logs in to a database of either server. What it may do there is granted to it once there is something. */
export const applicationLogin = (server: Server, database: string): ConnectionSettings =>
  server.login(APPLICATION_ROLE, APPLICATION_PASSWORD, database);

/** A source that begins as Aurora does, alone. */
export async function startSource(version: ServerVersion, parameters: Parameters = {}): Promise<OneSide> {
  const server = await Server.start({ version, kin: 'source', parameters: { wal_level: 'replica', ...parameters } });
  const statements = [
    `create role ${SOURCE_ROLE} login ${sourceRights(version)} password ${literal(SOURCE_PASSWORD)}`,
    ...sourceMemberships(version).map((role) => `grant ${role} to ${SOURCE_ROLE}`),
  ];
  return oneSide(server, { statements, owner: SOURCE_ROLE, login: SOURCE_ROLE, password: SOURCE_PASSWORD });
}

/** A target that is closed as PlanetScale is, alone. */
export async function startTarget(
  version: ServerVersion,
  parameters: Parameters = {},
  login: TargetLogin = DEFAULT_TARGET_LOGIN,
): Promise<OneSide> {
  const server = await Server.start({ version, kin: 'target', parameters: { wal_level: 'logical', ...parameters } });
  return oneSide(server, {
    statements: targetRoles(),
    owner: TARGET_ROLES.default,
    login: TARGET_ROLES[login],
    password: TARGET_PASSWORD,
  });
}

/** Both servers, started side by side. Whatever fails, neither stays behind. */
export async function startPair(options: PairOptions): Promise<Pair> {
  const starting = [
    startSource(options.source, options.sourceParameters),
    startTarget(options.target, options.targetParameters, options.targetLogin),
  ] as const;
  const [source, target] = await Promise.all(starting).catch(async (error: unknown) => {
    for (const started of await Promise.allSettled(starting)) if (started.status === 'fulfilled') started.value.server.destroy();
    throw error;
  });
  return {
    source: source.server,
    target: target.server,
    createDatabase: async (name) => ({ name, source: await source.createDatabase(name), target: await target.createDatabase(name) }),
    destroy() {
      source.server.destroy();
      target.server.destroy();
    },
  };
}

/** Runs statements one by one, as the bootstrap superuser. */
export async function asSuperuser(settings: ConnectionSettings, statements: readonly string[]): Promise<void> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal preparation'));
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
}
