/**
 * A source as Aurora has it and a target that is closed as PlanetScale is, each behind the proxy that it has there. The roles are those
 * that a user has: the cluster's master user, PlanetScale's default role and one that was made in its dashboard, and on both sides the role of the
 * application, which may only log in.
 */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import { letMasterBe, MASTER_ATTRIBUTES, PLATFORM_DATABASE, platformFunctions, platformRoles } from './aurora-roles.ts';
import type { ServerVersion } from './binaries.ts';
import { auroraManner } from './front/aurora.ts';
import { Edge, type EdgeOptions, hbaBehindEdge } from './front/edge.ts';
import { DEFAULT_TARGET_LOGIN, TARGET_ROLES, type TargetLogin, targetRoles } from './planetscale-roles.ts';
import { keepPlatformSession } from './platform-session.ts';
import { type Parameters, Server } from './server.ts';

export const SOURCE_ROLE = 'aurora_master';
/** Not the migration's role, and no member of it: a switch must be able to shut the application out and go on working itself. */
export const APPLICATION_ROLE = 'shop_app';
const SOURCE_PASSWORD = 'rehearsal source';
const TARGET_PASSWORD = 'rehearsal target';
/** That of the sample, which makes it, with the password below. */
export const SHOP_ROLE = 'Shop "Front"';
const APPLICATION_PASSWORD = 'rehearsal application';

export interface PairOptions {
  readonly source: ServerVersion;
  readonly target: ServerVersion;
  readonly sourceParameters?: Parameters;
  readonly targetParameters?: Parameters;
  /**
   * Attributes of the source's role, on a server that is not managed: without a front, and without what RDS makes.
   * @default - Aurora's master user
   */
  readonly plainSource?: string;
  /** Behaviour of the edge before the target. */
  readonly edge?: EdgeOptions;
  /** @default - the role that guide A1 asks for */
  readonly targetLogin?: TargetLogin;
}

/** One database on both servers. */
export interface PairedDatabase {
  readonly name: string;
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  /** Roles that log in, by the names that the server knows: at the target the branch's id follows. */
  readonly roles: { readonly source: string; readonly target: string };
}

export interface Pair {
  readonly source: Server;
  readonly target: Server;
  /** Before the target: every role but its superuser reaches it here, and nowhere else. */
  readonly edge: Edge;
  /** Makes an empty database of this name on both sides, owned by the master user and by the default role. */
  createDatabase(name: string): Promise<PairedDatabase>;
  destroy(): void;
}

/** A server with the roles that a side's users have. */
interface OneSide {
  readonly server: Server;
  /** The address to which clients connect. */
  readonly entrance: Entrance;
  /** Makes an empty database of this name. */
  createDatabase(name: string): Promise<ConnectionSettings>;
}

/** The address at which a role logs in: of the server, or of the proxy before it. */
export type Entrance = Pick<Server | Edge, 'login' | 'authority' | 'destroy'>;

interface SideRoles {
  /** Makes them. */
  readonly statements: readonly string[];
  /** Of every database. */
  readonly owner: string;
  readonly login: string;
  readonly password: string;
}

async function oneSide(server: Server, entrance: Entrance, { statements, owner, login, password }: SideRoles): Promise<OneSide> {
  try {
    await asSuperuser(server.superuser(), [
      ...statements,
      `create role ${APPLICATION_ROLE} login password ${literal(APPLICATION_PASSWORD)}`,
    ]);
  } catch (error) {
    endSide({ server, entrance });
    throw error;
  }
  return {
    server,
    entrance,
    async createDatabase(name) {
      await asSuperuser(server.superuser(), [`create database ${identifier(name)} owner ${owner}`]);
      return entrance.login(login, password, name);
    },
  };
}

/** The application's login to a database of either side. Its rights there are granted once there are objects. */
export const applicationLogin = (entrance: Entrance, database: string, role: string = APPLICATION_ROLE): ConnectionSettings =>
  entrance.login(role, APPLICATION_PASSWORD, database);

const sourceRole = (attributes: string, memberships: readonly string[]): SideRoles => ({
  statements: [`create role ${SOURCE_ROLE} login ${attributes} password ${literal(SOURCE_PASSWORD)}`, ...memberships],
  owner: SOURCE_ROLE,
  login: SOURCE_ROLE,
  password: SOURCE_PASSWORD,
});

/** Memberships that guides ask for where there is no rds_superuser. */
const PLAIN_MEMBERSHIPS = [`grant pg_monitor, pg_signal_backend to ${SOURCE_ROLE}`];

/** A source that begins as Aurora does, alone. @param plain see {@link PairOptions.plainSource} */
export async function startSource(version: ServerVersion, parameters: Parameters = {}, plain?: string): Promise<OneSide> {
  const server = await Server.start({ version, clusterRole: 'source', parameters: { wal_level: 'replica', ...parameters } });
  if (plain !== undefined) return oneSide(server, server, sourceRole(plain, PLAIN_MEMBERSHIPS));
  try {
    await makeAurora(server);
  } catch (error) {
    server.destroy();
    throw error;
  }
  return oneSide(server, server, sourceRole(MASTER_ATTRIBUTES, letMasterBe(SOURCE_ROLE)));
}

/** Makes what RDS makes of a server before it is handed to its user. */
async function makeAurora(server: Server): Promise<void> {
  await asSuperuser(server.superuser(), platformRoles(server.version));
  for (const database of ['template1', 'postgres']) await asSuperuser(server.superuser(database), platformFunctions());
  await server.standBehind(auroraManner(server.version));
  server.atTheEnd(keepPlatformSession(() => server.superuser(PLATFORM_DATABASE)));
}

/** A target that is closed as PlanetScale is, behind its edge unless the options say otherwise, alone. */
export async function startTarget(
  version: ServerVersion,
  parameters: Parameters = {},
  options: EdgeOptions | 'none' = {},
  login: TargetLogin = DEFAULT_TARGET_LOGIN,
): Promise<OneSide & { readonly edge: Edge | undefined }> {
  const hba = options === 'none' ? {} : { hba: (superuser: string) => hbaBehindEdge(superuser, options) };
  const server = await Server.start({ version, clusterRole: 'target', ...hba, parameters: { wal_level: 'logical', ...parameters } });
  const edge = options === 'none' ? undefined : await Edge.start(server, options);
  const side = await oneSide(server, edge ?? server, {
    statements: targetRoles(login, TARGET_PASSWORD),
    owner: TARGET_ROLES.default,
    login: TARGET_ROLES[login],
    password: TARGET_PASSWORD,
  });
  return { ...side, edge };
}

/** Both servers, started side by side. Whatever fails, neither is left. */
export async function startPair(options: PairOptions): Promise<Pair> {
  const starting = [
    startSource(options.source, options.sourceParameters, options.plainSource),
    startTarget(options.target, options.targetParameters, options.edge, options.targetLogin),
  ] as const;
  const [source, target] = await Promise.all(starting).catch(async (error: unknown) => {
    for (const started of await Promise.allSettled(starting)) if (started.status === 'fulfilled') endSide(started.value);
    throw error;
  });
  const { edge } = target;
  if (!edge) throw new Error('A target of a pair is behind an edge.');
  return {
    source: source.server,
    target: target.server,
    edge,
    createDatabase: async (name) => ({
      name,
      roles: { source: SOURCE_ROLE, target: TARGET_ROLES[options.targetLogin ?? DEFAULT_TARGET_LOGIN] },
      source: await source.createDatabase(name),
      target: await target.createDatabase(name),
    }),
    destroy() {
      endSide(source);
      endSide(target);
    },
  };
}

/** At once, with all files. Safe to call twice. */
export function endSide({ server, entrance }: Pick<OneSide, 'server' | 'entrance'>): void {
  entrance.destroy();
  server.destroy();
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
