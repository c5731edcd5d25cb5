/** Two real servers with one database each, and the steps run against them as a function would run them. */
import pg from 'pg';
import { type OpenPorts, openPorts } from '../../lambdas/adapters/open-ports.ts';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { type MigrationInput, parseInput } from '../../lambdas/config/input.ts';
import type { Json } from '../../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { type AnyStep, runStep } from '../../lambdas/engine/step.ts';
import type { ApplicationBinding, Hook } from '../../lambdas/ports/application.ts';
import { noApplication, noHook } from '../../lambdas/ports/application.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import { type Concurrency, noLimit } from '../../lambdas/ports/concurrency.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Executions } from '../../lambdas/ports/executions.ts';
import type { Functions } from '../../lambdas/ports/functions.ts';
import { noFunctions } from '../../lambdas/ports/functions.ts';
import type { Log } from '../../lambdas/ports/log.ts';
import { WITHOUT_TOKEN } from '../../lambdas/ports/planetscale.ts';
import type { LoginPlace } from '../../lambdas/ports/replication.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { auroraStandIn } from '../../rehearsal/aurora-stand-in.ts';
import { madeLogin, replicationSecret } from '../../rehearsal/bindings.ts';
import { type TargetAccount, type TargetAccountOptions, targetAccount } from '../../rehearsal/planetscale/account.ts';
import { PlanetScaleStandIn, type StandInOptions } from '../../rehearsal/planetscale/stand-in.ts';
import { type Pair, type PairedDatabase, type PairOptions, startPair } from '../../rehearsal/servers/pair.ts';

/** The one at the source. */
export const REPLICATION_PASSWORD = "canary 'replication\\ password";
/** Of the login that the migration makes for the application on the target. */
export const APPLICATION_PASSWORD = "canary 'application\\ password %";
/** In place of the tool's own, whose passwords no quoting could spoil. */
const hostile = (root: string, place: LoginPlace): string => (place === 'source' ? root : `${root} at the ${place}`);

/** Runs any SQL as the superuser of one side; several statements where there are no values. */
export type Sql = (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;

export interface VisitOptions {
  readonly input?: Readonly<Record<string, Json>>;
  /** Results of earlier visits, by step; the step's own last result makes it a later visit. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** Milliseconds that the visit may take; a minute unless given. */
  readonly budgetMs?: number;
  /** In place of the world's own. */
  readonly places?: Bindings;
  /** Name of the execution; always the same one unless given. */
  readonly execution?: string;
}

export interface World {
  readonly pair: Pair;
  readonly database: PairedDatabase;
  readonly places: Bindings;
  /** Where the options ask for it. */
  readonly planetscale: { readonly api: PlanetScaleStandIn; readonly account: TargetAccount } | undefined;
  /** As the superuser. */
  readonly source: Sql;
  readonly target: Sql;
  /** As the role that the migration uses. */
  readonly asSourceRole: Sql;
  readonly asTargetRole: Sql;
  /** One visit of a step. */
  visit(step: StepName, options?: VisitOptions): Promise<StepResult>;
  /** Visits until the step is done, or throws what it throws; fails after `tries` visits. */
  until(step: StepName, options?: VisitOptions & { readonly tries?: number }): Promise<StepResult>;
  /** One visit of any step value, so that a test may replace a part of it. */
  run(name: string, step: AnyStep, options?: VisitOptions): Promise<StepResult>;
  /** Ports as a step would get them, for tests of SQL and of adapters; closed with the world. */
  ports(step: string): OpenPorts;
  /** A second database on the same servers, with everything else alike. */
  sibling(name: string): Promise<World>;
  destroy(): Promise<void>;
}

export interface WorldOptions extends Partial<PairOptions> {
  /** Name of the database; by default one that needs quoting. */
  readonly name?: string;
  /** SQL that is run on the source, by the role that owns the database. */
  readonly schema?: string;
  /** SQL that is run on the target as well, in place of CopySchema. */
  readonly targetSchema?: string;
  readonly cluster?: Cluster;
  readonly executions?: Executions;
  /** @default - none is configured */
  readonly application?: ApplicationBinding;
  readonly hook?: Hook;
  readonly functions?: Functions;
  /** @default - no limit */
  readonly concurrency?: Concurrency;
  /** A stand-in of PlanetScale's API, with a token; the target secret begins empty. @default - no token, and the login is given */
  readonly planetscale?: StandInOptions & Omit<TargetAccountOptions, 'authorities'>;
}

export const silent: Log = { info: () => {}, warn: () => {} };
/** The executions, where an older one is running. */
export const runningBeside = (older: string): Executions => ({ older: async () => older, steppedAside: async () => false });
const alone: Executions = { older: async () => undefined, steppedAside: async () => false };
const PAUSE_MS = 50;
/** After so many, with the pause between two of them, something hangs, however busy the machine is. */
export const MANY_TRIES = 6_000;
/** Every session maps the shared memory that it touches; tests have many sessions and few rows. */
const SMALL = { shared_buffers: '16MB' };

/** A world whose source already decodes logically, unless `sourceParameters` say otherwise. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const pair = await startPair({
    source: options.source ?? 15,
    target: options.target ?? 18,
    ...(options.planetscale ? { targetLogin: 'default' as const } : {}),
    ...(options.targetLogin ? { targetLogin: options.targetLogin } : {}),
    sourceParameters: { ...SMALL, wal_level: 'logical', max_replication_slots: 20, max_wal_senders: 30, ...options.sourceParameters },
    targetParameters: {
      ...SMALL,
      ...{ max_worker_processes: 20, max_logical_replication_workers: 12 },
      wal_retrieve_retry_interval: '200ms', // five seconds by default, which every broken worker would cost a test
      ...options.targetParameters,
    },
    ...(options.plainSource === undefined ? {} : { plainSource: options.plainSource }),
    ...(options.edge && { edge: options.edge }),
  });
  try {
    return await worldOf(pair, options, true);
  } catch (error) {
    pair.destroy();
    throw error;
  }
}

async function worldOf(pair: Pair, options: WorldOptions, owner: boolean): Promise<World> {
  const database = await pair.createDatabase(options.name ?? 'Shop "main"');
  const secret = replicationSecret(REPLICATION_PASSWORD, hostile);
  const planetscale = options.planetscale && (await startApi(pair, database, options.planetscale));
  const places: Bindings = {
    source: database.source,
    target: database.target,
    cluster: options.cluster ?? auroraStandIn(pair.source),
    executions: options.executions ?? alone,
    application: options.application ?? noApplication,
    applicationLogin: madeLogin(APPLICATION_PASSWORD),
    hook: options.hook ?? noHook,
    functions: options.functions ?? noFunctions,
    concurrency: options.concurrency ?? noLimit,
    ...(planetscale?.account.bindings ?? WITHOUT_TOKEN),
    replication: {
      user: REPLICATION_ROLE,
      password: secret.password,
      host: database.source.host,
      port: database.source.port,
      sslmode: 'require',
    },
    wayBack: { knowsAuthority: true },
    replicationSecret: secret,
  };
  // Undefined while the secret is empty, as a step that may begin without it finds it.
  if (planetscale) Object.defineProperty(places, 'target', { get: () => planetscale.account.login(), enumerable: true });
  const opened: OpenPorts[] = [];
  const siblings: World[] = [];

  const run: World['run'] = async (
    name,
    step,
    { input = {}, state = {}, budgetMs = 60_000, execution = 'test', places: ofVisit = places } = {},
  ) => {
    const ports = openPorts(name, ofVisit);
    const deadline = Date.now() + budgetMs;
    try {
      return await runStep(
        name,
        step,
        { state, execution },
        {
          input: parseInput(input) satisfies MigrationInput,
          looking: ports.looking,
          acting: ports.acting,
          remainingMs: () => deadline - Date.now(),
          log: silent,
          now: Date.now,
        },
      );
    } finally {
      await ports.close();
    }
  };

  const world: World = {
    pair,
    database,
    places,
    planetscale,
    source: sqlOn(pair.source.superuser(database.name)),
    target: sqlOn(pair.target.superuser(database.name)),
    asSourceRole: sqlOn(database.source),
    asTargetRole: sqlOn(database.target),
    run,
    visit: (step, visitOptions) => run(step, stepNamed(step), visitOptions),
    async until(step, { tries = MANY_TRIES, ...visitOptions } = {}) {
      let state = { ...visitOptions.state };
      for (let visits = 1; visits <= tries; visits += 1) {
        const result = await run(step, stepNamed(step), { ...visitOptions, state });
        if (result.verdict === 'done') return result;
        state = { ...state, [step]: result };
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      throw new Error(`${step} was still pending after ${tries} visits: ${JSON.stringify(state[step])}`);
    },
    ports(step) {
      const ports = openPorts(step, places);
      opened.push(ports);
      return ports;
    },
    async sibling(name) {
      const made = await worldOf(pair, { ...options, name }, false);
      siblings.push(made);
      return made;
    },
    async destroy() {
      planetscale?.api.destroy();
      await Promise.all([...opened.map((ports) => ports.close()), ...siblings.map((made) => made.destroy())]);
      if (owner) pair.destroy();
    },
  };
  if (options.schema) await world.asSourceRole(options.schema);
  if (options.targetSchema) await world.asTargetRole(options.targetSchema);
  return world;
}

async function startApi({ target, edge }: Pair, { name }: PairedDatabase, options: NonNullable<WorldOptions['planetscale']>) {
  const api = await PlanetScaleStandIn.start(target, edge, { databaseName: name, ...options });
  return { api, account: targetAccount(api, { ...options, authorities: edge.authority }) };
}

/** How a role of a side logs in there, as any role but its superuser does. */
export const loginAs = (world: Pick<World, 'pair' | 'database'>, side: SideName, role: string, password: string): ConnectionSettings => ({
  ...world.database[side],
  user: side === 'target' ? `${role}.${world.pair.edge.branch}` : role,
  password,
});

export function sqlOn(settings: ConnectionSettings, more: pg.ClientConfig = {}): Sql {
  return async (text, values) => {
    const client = new pg.Client({ ...clientConfig(settings, 'test'), ...more });
    client.on('error', () => {});
    await client.connect();
    try {
      const result = await client.query(text, values && [...values]);
      return Array.isArray(result) ? result.at(-1).rows : result.rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
}
