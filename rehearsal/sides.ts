/** The two databases of a rehearsal, wherever they are, and their end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../lambdas/config/json.ts';
import type { SideName } from '../lambdas/config/side-name.ts';
import type { Cluster } from '../lambdas/ports/cluster.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import type { ReplicationLogin, WayBackSettings } from '../lambdas/ports/replication.ts';
import { identifier } from '../lambdas/postgres/quote.ts';
import { letApplicationIn } from './application/rights.ts';
import { passByPolicies } from './application/row-security.ts';
import { auroraStandIn, unmanagedCluster } from './aurora-stand-in.ts';
import { urlOf } from './database-url.ts';
import { openEntrance, type RehearsedEntrance } from './entrance.ts';
import type { RehearsalOptions } from './options.ts';
import { type TargetAccount, targetAccount } from './planetscale/account.ts';
import { PlanetScaleStandIn } from './planetscale/stand-in.ts';
import type { ServerVersion } from './servers/binaries.ts';
import type { ServerCertificate } from './servers/certificates.ts';
import type { Edge, EdgeOptions } from './servers/front/edge.ts';
import {
  APPLICATION_ROLE,
  applicationLogin,
  asSuperuser,
  type Entrance,
  endSide,
  SHOP_ROLE,
  startSource,
  startTarget,
} from './servers/pair.ts';
import type { Parameters, Server } from './servers/server.ts';

/** One that needs quoting, like those of some users. */
const DATABASE = 'Corner "Shop"';
/** Room for the locks of some 10,000 tables that are made in one transaction. The source gets it where its database needs it. */
const ROOM: Parameters = { max_locks_per_transaction: 512 };
/** A new cluster of PlanetScale's, which has room for nothing more than itself. */
const UNTOUCHED_PARAMETERS: Parameters = { ...ROOM, wal_level: 'replica', max_worker_processes: 4, max_logical_replication_workers: 2 };

/** Settings that the guide asks for: ten workers and more. */
const TARGET_PARAMETERS: Parameters = {
  ...ROOM,
  max_worker_processes: 20,
  max_logical_replication_workers: 12,
  max_sync_workers_per_subscription: 4,
};

export interface Sides {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly cluster: Cluster;
  /** The operator's answer where `Replicate` asks: an embedded source may be rebooted. */
  readonly input: Readonly<Record<string, Json>>;
  /** The same where `Cleanup` asks: an embedded target may be restarted, though it serves. */
  readonly cleanupInput: Readonly<Record<string, Json>>;
  /** The same where a switch asks: on the user's servers the application has no role but the migration's, which no fence shuts out. */
  readonly switchInput: Readonly<Record<string, Json>>;
  readonly sslmode: ReplicationLogin['sslmode'];
  readonly wayBack: WayBackSettings;
  /** The embedded servers; undefined for a side that is the user's server. */
  readonly servers: { readonly source: Server | undefined; readonly target: Server | undefined };
  /** Between the target and an embedded source, where that is in private subnets. @default - the target reaches the source as we do */
  readonly entrance: RehearsedEntrance | undefined;
  /** Before an embedded target. */
  readonly edge: Edge | undefined;
  /** Where the migration makes the login of the target by PlanetScale's API; else it is that of {@link Sides.target}. */
  readonly planetscale: TargetAccount | undefined;
  /**
   * The application's login: a role of its own on embedded servers, the URL's user on the user's servers. At the target it is the one that is
   * given, if one is: see {@link Sides.loginIsMade}.
   */
  readonly application: Readonly<Record<SideName, ConnectionSettings>>;
  /** Whether the migration makes the application's login at the target, for the sample's own role. */
  readonly loginIsMade: boolean;
  /** Whether owners, grants and settings are to be on the target as on the source. */
  readonly carried: boolean;
  /** Gives the application's role its rights on what is there now, where it does not bring them. Nothing happens on a user's server. */
  letApplicationIn(side: SideName): Promise<void>;
  /** Does what Preflight asks for where policies hide rows. Nothing happens on a user's server. */
  passByPolicies(): Promise<void>;
  /** Makes the embedded source anew as it was in the beginning, but for its roles. */
  emptySource(): Promise<void>;
  /** URLs of both sides, passwords included, which work as long as the servers run. */
  urls(): { readonly source: string; readonly target: string };
  /** Kills the embedded servers and removes their files, at once. Safe to call twice. */
  destroy(): void;
}

interface Opened {
  readonly settings: ConnectionSettings;
  /** The embedded side; undefined on a user's server. */
  readonly own: Embedded | undefined;
}
type Embedded = {
  readonly account?: TargetAccount | undefined;
  readonly server: Server;
  readonly entrance: Entrance;
  readonly edge?: Edge | undefined;
  empty(): Promise<void>;
};

/** An embedded target, in all that can be chosen. */
export interface TargetOptions {
  readonly parameters?: Parameters | undefined;
  /** The proxy before it. @default - an edge that offers no channel binding */
  readonly edge?: EdgeOptions | 'none' | undefined;
  /** Of the API's stand-in, where there is one. @default - HTTP */
  readonly apiCertificate?: ServerCertificate | undefined;
}

/** A target as PlanetScale hands it over, with its API: while the migration has no login there, the rehearsal looks at it as the default role. */
async function startByApi(version: ServerVersion, { parameters, edge, apiCertificate }: TargetOptions) {
  const side = await startTarget(version, parameters, edge, 'default');
  try {
    if (!side.edge) throw new Error('The API of PlanetScale restarts a target through its edge.');
    const api = await PlanetScaleStandIn.start(side.server, side.edge, {
      databaseName: DATABASE,
      ...(apiCertificate && { certificate: apiCertificate }),
    });
    side.server.atTheEnd(() => api.destroy());
    return { ...side, account: targetAccount(api, { authorities: side.edge.authority }) };
  } catch (error) {
    endSide(side);
    throw error;
  }
}

/** Starts what has to be started. Whatever fails, nothing is left. */
export async function openSides(
  {
    source,
    target,
    targetLogin,
    sourceDump,
    roles = 'carry',
    planetscaleApi = false,
    access = 'public',
  }: Pick<RehearsalOptions, 'source' | 'target'> &
    Partial<Pick<RehearsalOptions, 'targetLogin' | 'sourceDump' | 'roles' | 'planetscaleApi' | 'access'>>,
  { parameters, edge, apiCertificate }: TargetOptions = {},
): Promise<Sides> {
  const open = async (side: typeof source, start: (version: ServerVersion) => ReturnType<typeof startTarget>): Promise<Opened> => {
    if (side.kind === 'existing') return { settings: side.settings, own: undefined };
    const own = await start(side.version);
    const empty = async (): Promise<void> => {
      await asSuperuser(own.server.superuser(), [`drop database ${identifier(DATABASE)}`]);
      await own.createDatabase(DATABASE);
    };
    return { settings: await own.createDatabase(DATABASE), own: { ...own, empty } };
  };
  const opening = [
    open(source, async (version) => ({ ...(await startSource(version)), edge: undefined })),
    open(target, (version) =>
      planetscaleApi
        ? startByApi(version, { parameters: { ...UNTOUCHED_PARAMETERS, ...parameters }, edge, apiCertificate })
        : startTarget(version, { ...TARGET_PARAMETERS, ...parameters }, edge, targetLogin),
    ),
  ] as const;
  const [from, to] = await Promise.all(opening).catch(async (error: unknown) => {
    for (const opened of await Promise.allSettled(opening))
      if (opened.status === 'fulfilled' && opened.value.own) endSide(opened.value.own);
    throw error;
  });
  const entrance = access === 'load-balancer' && from.own ? await openEntrance(from.own.server) : undefined;
  return sidesOf(from, to, roles === 'carry', sourceDump === undefined, entrance);
}

function sidesOf(from: Opened, to: Opened, carried: boolean, isSample: boolean, entrance: RehearsedEntrance | undefined): Sides {
  const embedded = [from.own, to.own].filter((own) => own !== undefined);
  let folder: string | undefined;
  const authorityFile = (authority: string): string => {
    folder ??= mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-authority-'));
    const path = join(folder, 'authority.pem');
    writeFileSync(path, authority);
    return path;
  };
  const opened = { source: from, target: to };
  const ownsRole = carried && isSample && from.own !== undefined && to.own !== undefined;
  const login = ({ settings, own }: Opened) =>
    own ? applicationLogin(own.entrance, settings.database, ownsRole ? SHOP_ROLE : APPLICATION_ROLE) : settings;
  const urlOfSide = ({ settings, own }: Opened) => urlOf(settings, own && authorityFile(own.entrance.authority));
  return {
    source: from.settings,
    get target() {
      // A side that a switch has closed lets the migration's own login in, and the default role not.
      return to.own?.account?.login() ?? to.settings;
    },
    cluster: from.own ? auroraStandIn(from.own.server, [], entrance ? 'load-balancer' : 'public') : unmanagedCluster,
    input: from.own ? { reboot: 'now' } : {},
    cleanupInput: to.own?.account ? { restart: 'now' } : {},
    switchInput: consentTo([from, to].flatMap(({ settings, own }) => (own ? [] : [settings.user]))),
    sslmode: from.settings.tls.verify === 'off' ? 'disable' : 'require',
    wayBack: from.own && to.own ? { knowsAuthority: true } : {},
    servers: { source: from.own?.server, target: to.own?.server },
    entrance,
    edge: to.own?.edge,
    planetscale: to.own?.account,
    application: { source: login(from), target: login(to) },
    loginIsMade: ownsRole,
    carried,
    async letApplicationIn(side) {
      const { settings, own } = opened[side];
      const bringsRights = ownsRole || (side === 'target' && carried && from.own !== undefined);
      if (own && !bringsRights) await letApplicationIn(settings, APPLICATION_ROLE);
    },
    passByPolicies: async () => (from.own ? passByPolicies(from.settings) : undefined),
    emptySource: async () => from.own?.empty(),
    urls: () => ({ source: urlOfSide(from), target: urlOfSide(to) }),
    destroy() {
      entrance?.destroy();
      for (const own of embedded) endSide(own);
      if (folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PlanetScale's edge wants a branch behind the name of a role, which the server does not know. */
const consentTo = (users: readonly string[]): Readonly<Record<string, Json>> =>
  users.length > 0 ? { harmlessRoles: [...new Set(users.flatMap((user) => [user, user.replace(/\.[a-z0-9]+$/, '')]))] } : {};
