/**
 * The words and shapes that every room of the house shares.
 *
 * source      the Aurora cluster's writer, in one database
 * target      the PlanetScale Postgres database
 * step        one idempotent unit of the migration; a state in a state machine; a Lambda function
 * blocker     a finding of the readiness check that stops the migration
 * warning     a finding that the user should know
 * marker      a row that we write on the source and wait for on the target: everything before it has arrived
 * heartbeat   the numbered table of markers; a missing number is a lost change
 * forward     the stream of changes from the source to the target; reverse: the one back, which a switch makes
 * fence       a side refuses writes from everyone but us, while a switch away from it is under way
 * gate        whether a side takes the application's writes: open, fenced or closed; kept in a table on that side
 * witness     what bears witness of a switch's commit: the gates of both sides, and the application's secret
 * lease       the right to change what a switch works with: an advisory lock on either side, lost with the session that holds it
 * journal     what the cluster looked like before we changed it, kept as tags on the cluster and its instances
 * margin      how far ahead of the source a target sequence is set while the source still moves
 * visit       one invocation of a step's function; a step that polls is visited many times
 */
import type { Application, ApplicationOriginal, ApplicationView, Hook, SideName } from './application.ts';
import type {
  ClusterAccess,
  ClusterReboot,
  ClusterRestore,
  ClusterRestoreView,
  ClusterSetup,
  ClusterSetupView,
  ClusterView,
} from './cluster/control-plane.ts';
import type { Functions } from './functions.ts';
import type { MigrationInput } from './input.ts';
import type { ReplicationAccess, ReplicationSecret, WayBack } from './replication/access.ts';

export type { Application, ApplicationOriginal, ApplicationView, Hook, SecretObstacle, SideName } from './application.ts';
export type {
  Cluster,
  ClusterAccess,
  ClusterChanges,
  ClusterMember,
  ClusterReboot,
  ClusterRestore,
  ClusterRestoreView,
  ClusterSetup,
  ClusterSetupView,
  ClusterState,
  ClusterView,
  DatabaseProxy,
  Network,
  Parameter,
  SecondaryCluster,
  Subnet,
  Tags,
} from './cluster/control-plane.ts';
export type { Functions } from './functions.ts';
export type { MigrationInput } from './input.ts';
export type {
  ReplicationAccess,
  ReplicationLogin,
  ReplicationSecret,
  Route,
  Sslmode,
  WayBack,
  WayBackSettings,
} from './replication/access.ts';

/** What JSON can carry; everything that a step returns is kept in the execution's history. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What a look at the world says about a step. `todo`: it has to act. `pending`: it is under way, look again later. `done`: nothing is
 * left to do, and the next state may follow.
 */
export type Verdict = 'todo' | 'pending' | 'done';

/** One SQL statement with its bound values. `Row` is the type of what it returns; it exists for the compiler only. */
export interface Statement<Row = Record<string, never>> {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly row?: Row;
}

/** Where a connection leads. Never the password, so it may be logged and shown. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Looks at a database. Each statement runs in a read-only transaction of its own, with time limits. */
export interface Reader {
  readonly endpoint: Endpoint;
  /** Major version of the server, such as 15. */
  version(): Promise<number>;
  /**
   * @throws TransientError where trying again may help
   * @throws CannotConnect where it will not
   * @throws StatementFailed with the server's own code, message and hint, cut where they may hold data
   */
  query<Row>(statement: Statement<Row>): Promise<Row[]>;
  /** Runs `look` in one repeatable-read, read-only transaction, so that all its queries see one state of the database. */
  snapshot<Result>(look: (reader: Pick<Reader, 'query'>) => Promise<Result>): Promise<Result>;
}

/** A connection of one's own, on which settings, transactions and time limits may be changed. */
export interface Session {
  query<Row>(statement: Statement<Row>): Promise<Row[]>;
  /** Runs a script of several statements that take no values, such as a piece of a dump. */
  script(text: string): Promise<void>;
  /** Closes the connection properly. */
  end(): Promise<void>;
  /** Hangs up without a word: a statement that was sent goes on at the server, where a later visit finds it by its tag. */
  leave(): void;
}

/** A database that may be changed. */
export interface Database extends Reader {
  /** All of it or nothing. */
  transaction<Result>(work: (session: Omit<Session, 'end' | 'leave'>) => Promise<Result>): Promise<Result>;
  /**
   * A further connection, to be closed by the caller. `tag` is appended to the application name, so that a later visit finds the
   * statement in pg_stat_activity: `planetscale_migration:<Step>:<tag>`, at most 63 bytes.
   */
  session(tag: string): Promise<Session>;
}

/** The executions of the machines that act on this database. */
export interface Executions {
  /**
   * The oldest running execution that began before this one, by names that a person finds in the console, if there is one. Always undefined
   * for a machine that only looks.
   * @param ended name of an execution of Cutover or Rollback that is known to have ended, whatever is told of it for a moment more
   */
  older(ended?: string): Promise<string | undefined>;
  /** Whether the execution of Cutover or Rollback of this name ended with {@link AlreadyRunning}, for which an older one was the reason. */
  steppedAside(execution: string): Promise<boolean>;
}

/** pg_dump on the source. */
export interface SchemaDump {
  /** Plain SQL of one section of the schema. `args` are pg_dump's own options, without any connection option. */
  dump(args: readonly string[]): Promise<string>;
}

/**
 * Both sides as the replication role sees them, which may read what is published and nothing else: for whatever evaluates what users have
 * made, such as a row of one of their tables.
 */
export type ComparisonReaders = Readonly<Record<SideName, Reader>>;

/** A session in which code of users may run: of a role that logs in, is a member of nothing, and may do what it was granted and no more. */
export interface LowSession {
  /** Whether it is gone, be it that we gave it up: what it had begun is taken back by the server. */
  readonly isLost: boolean;
  /**
   * With an empty search_path, as what applies changes has it.
   * @throws StatementFailed with SQLSTATE 57014 where the time was over
   * @throws TransientError where the session was lost, or had to be given up because a statement did not heed the limit
   */
  query<Row>(statement: Statement<Row>): Promise<Row[]>;
  end(): Promise<void>;
}

/** Logs in to the target as a role that a step has made for the purpose. */
export interface LowLogin {
  /** @param limitMs for each statement */
  open(user: string, password: string, limitMs: number): Promise<LowSession>;
}

/** Everything outside of the function that a step may reach. */
export interface Ports {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: ComparisonReaders;
  readonly lowLogin: LowLogin;
  /** Rights follow from needs, so each way of changing the cluster is a port of its own; `cluster` only looks. */
  readonly cluster: ClusterView;
  readonly clusterSetup: ClusterSetup;
  readonly clusterRestore: ClusterRestore;
  readonly clusterReboot: ClusterReboot;
  readonly clusterAccess: ClusterAccess;
  readonly executions: Executions;
  readonly replication: ReplicationAccess;
  readonly wayBack: WayBack;
  readonly replicationSecret: ReplicationSecret;
  readonly schemaDump: SchemaDump;
  /** Rights follow from needs here, too: only `application` may write the secret. */
  readonly application: Application;
  readonly applicationView: ApplicationView;
  readonly applicationOriginal: ApplicationOriginal;
  readonly hook: Hook;
  readonly functions: Functions;
}
export type Need = keyof Ports;

/** The same ports for a look: whatever could change something is not there, so `inspect` cannot act, and the compiler says so. */
export interface Views {
  readonly source: Reader;
  readonly target: Reader;
  readonly comparison: ComparisonReaders;
  /** Nothing can be looked at before there is a role. */
  readonly lowLogin: object;
  readonly cluster: ClusterView;
  readonly clusterSetup: ClusterSetupView;
  readonly clusterRestore: ClusterRestoreView;
  readonly clusterReboot: ClusterView;
  readonly clusterAccess: ClusterAccess;
  readonly executions: Executions;
  readonly replication: ReplicationAccess;
  readonly wayBack: WayBack;
  readonly replicationSecret: Pick<ReplicationSecret, 'isRenewedBy'>;
  readonly schemaDump: SchemaDump;
  readonly application: ApplicationView;
  readonly applicationView: ApplicationView;
  readonly applicationOriginal: Pick<ApplicationOriginal, 'isKept'>;
  /** There is nothing to look at. */
  readonly hook: object;
  /** To be called changes nothing. */
  readonly functions: Functions;
}

/** What every step knows about the visit it is on. */
export interface Visit {
  readonly input: MigrationInput;
  /** Name of the execution, unique within the account for 90 days. */
  readonly execution: string;
  /** Evidence of the same step's last visit in this execution, as it was returned; undefined on the first visit. */
  readonly previous: Json | undefined;
  /** Results of the states before in this execution, by the name of their step, and `failure` after one that failed. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Seconds since the first visit of this step in this execution; 0 on the first. */
  readonly waitedSeconds: number;
  /** Milliseconds left before the function must return. A long step leaves in time and returns `pending`. */
  remainingMs(): number;
  readonly log: Log;
}

/** Structured log lines; keys and values must hold no secret and no row, but for a server's own words under `server`, which may quote one. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, Json>>): void;
  warn(message: string, fields?: Readonly<Record<string, Json>>): void;
}

/** What `inspect` gets: the visit and the views of the ports that the step needs. */
export type Looking<N extends Need> = Visit & Pick<Views, N>;
/** What `act` gets: the visit and the ports that the step needs. */
export type Acting<N extends Need> = Visit & Pick<Ports, N>;

/** What a state receives from its state machine; see `lib/machines.ts`. */
export interface StepEvent {
  /** `$$.Execution.Input`, as the person gave it. */
  readonly input: unknown;
  /** `$`: the results of the states before, each under the name of its step. */
  readonly state: Readonly<Record<string, unknown>>;
  /** `$$.Execution.Name` */
  readonly execution: string;
  /** `$$.Execution.Id` */
  readonly executionArn: string;
  /** `$$.Execution.StartTime`, ISO 8601. */
  readonly startedAt: string;
  /** Whether the machine visits the step again while it is pending. */
  readonly polls: boolean;
}

/** What a state leaves at `$.<Step>`. Choices read `verdict`, the Wait state reads `nextPollSeconds`, people read the rest. */
export interface StepResult {
  readonly verdict: 'pending' | 'done';
  /** Whole seconds until the next visit; 0 when done. */
  readonly nextPollSeconds: number;
  /** When this step was first visited in this execution, ISO 8601. */
  readonly since: string;
  readonly evidence: Json;
}
