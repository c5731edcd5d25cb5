/**
 * The two ends of a part: sessions that log in as roles of ours which may do nothing but read the source, or fill the target's tables, and the
 * bytes between them. Code of users may run in either, so neither role is a member of anything.
 */
import type { Statement } from './database.ts';

/** A session of such a role. */
export interface CopySession {
  /** Process at the server. */
  readonly pid: number;
  /** Whether it is gone, be it that we gave it up: what it had begun is taken back by the server. */
  readonly isLost: boolean;
  /**
   * With `search_path = pg_catalog`, without time limits of ours.
   * @throws StatementFailed with the server's own code and message, cut where they may hold data
   * @throws TransientError where the session was lost
   */
  query<Row>(statement: Statement<Row>): Promise<Row[]>;
  /** Sends a statement whose end nobody waits for. */
  send(statement: Statement<unknown>): void;
  end(): Promise<void>;
  /** Drops the connection without terminating it. A statement under way goes on at the server; a COPY ends in an error there. */
  leave(): void;
}

/** A slot made over the replication protocol, whose snapshot is exported for as long as this connection lives. */
export interface ExportedSlot {
  /** The point in the WAL from which the slot has everything; everything before it is in the snapshot. */
  readonly consistentPoint: string;
  /** Name for SET TRANSACTION SNAPSHOT. */
  readonly snapshot: string;
  end(): Promise<void>;
}

/** What went from one end to the other. */
export interface Passed {
  /** As COPY sent them. */
  readonly bytes: number;
  /** As the target counted them. */
  readonly rows: number;
}

/** Rows of one table among several. */
export interface TablePass {
  readonly copyOut: string;
  /** `COPY … FROM STDIN`, after whatever else the session is told before it. */
  readonly copyIn: string;
}

/** The ends of a copy in parts, and what passes between them. */
export interface PartCopy {
  /** The role that logs in at the target; the source is read as the replication role. */
  readonly role: string;
  /** Its password, derived from the replication secret. */
  password(): Promise<string>;
  /**
   * Whether the target accepts that role with its password.
   * @throws TransientError where the target cannot be reached
   */
  works(): Promise<boolean>;
  /**
   * `CREATE_REPLICATION_SLOT … LOGICAL pgoutput EXPORT_SNAPSHOT`, as the replication role. Waits for the write transactions that are open.
   * @param limitMs after which the attempt is given up, and the half-made slot is dropped by the server
   * @returns undefined where the time was over
   */
  createSlot(name: string, limitMs: number): Promise<ExportedSlot | undefined>;
  /** @param tag appended to the application name, so that a later visit finds the session */
  openSource(tag: string): Promise<CopySession>;
  openTarget(tag: string): Promise<CopySession>;
  /**
   * Passes bytes on as they come, with back pressure and in constant memory, from `COPY … TO STDOUT` to `COPY … FROM STDIN`.
   * @param copyIn may have statements without a result before the COPY
   * @param onBytes called with the bytes so far, at most once a second
   * @throws StatementFailed with what either server complained of; the target's own words where it refused a row
   * @throws TransientError where a connection was lost, or fell silent; both sessions are lost then
   */
  pass(from: CopySession, copyOut: string, to: CopySession, copyIn: string, onBytes?: (bytes: number) => void): Promise<Passed>;
  /**
   * The same with several small tables, in one round trip of each end: the target is sent the rows of a table while it is still at those of another.
   * Throws as {@link pass} does.
   */
  passSeveral(from: CopySession, to: CopySession, tables: readonly TablePass[], onBytes?: (bytes: number) => void): Promise<Passed>;
}
