/** A database as a step reaches it: to read, to change, and with roles that may do less. */
import type { SideName } from '../config/side-name.ts';

/** One SQL statement with its bound values. `Row` is the type of what it returns; it exists for the compiler only. */
export interface Statement<Row = Record<string, never>> {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly row?: Row;
}

/** Address, database and user of a connection. It has no password, so it may be logged and shown. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Reads a database. Each statement runs in a read-only transaction of its own, with time limits. */
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
  /** Drops the connection without terminating it: a running statement goes on at the server, where a later visit finds it by its tag. */
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

/** pg_dump on the source. */
export interface SchemaDump {
  /** Plain SQL of one section of the schema. `args` are pg_dump's own options, without any connection option. */
  dump(args: readonly string[]): Promise<string>;
}

/**
 * Both sides as the replication role sees them, which may read published tables and nothing else: for statements that may run code of users,
 * such as reads of their tables.
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
