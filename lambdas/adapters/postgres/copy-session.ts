/** A session at one end of a part. The own schema is not looked at first: its roles may do nothing there. */
import pg from 'pg';
import { type MigrationError, TransientError } from '../../config/errors.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Statement } from '../../ports/database.ts';
import type { CopySession } from '../../ports/part-copy.ts';
import { noticeLostClient } from '../../postgres/copy-sessions.sql.ts';
import type { SessionKind } from '../../postgres/session-pins.sql.ts';
import { connect } from './connect.ts';
import { translate, type WholeWords } from './database-errors.ts';

const UNLIMITED: Omit<SessionKind, 'mode'> = { statement: 0, lock: 0, idleInTransaction: 0 };
/** For what was sent to reach the network, or for the server to say goodbye. */
const GRACE_MS = 3_000;

/** @throws MigrationError with the connection closed */
export async function openCopySession(
  settings: ConnectionSettings,
  name: string,
  mode: SessionKind['mode'],
  log?: WholeWords,
): Promise<ServerSession> {
  const { client } = await connect(settings, name, { ...UNLIMITED, mode }, log);
  const session = new ServerSession(client, settings, log);
  try {
    await session.begin();
    return session;
  } catch (error) {
    session.drop();
    throw error;
  }
}

/** The port's session, with what the adapter needs beside it. */
export class ServerSession implements CopySession {
  readonly client: pg.Client;
  readonly #settings: ConnectionSettings;
  readonly #log: WholeWords | undefined;
  #isLost = false;
  #pid = 0;

  constructor(client: pg.Client, settings: ConnectionSettings, log: WholeWords | undefined) {
    this.client = client;
    this.#settings = settings;
    this.#log = log;
    client.once('end', () => {
      this.#isLost = true;
    });
  }

  async begin(): Promise<void> {
    const [own] = await this.query(noticeLostClient());
    this.#pid = own?.pid ?? 0;
  }

  get pid(): number {
    return this.#pid;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async query<Row>({ text, values }: Statement<Row>): Promise<Row[]> {
    if (this.#isLost) throw this.lost();
    try {
      return (await this.client.query({ text, values: [...values] })).rows as Row[];
    } catch (error) {
      // The server's FATAL error comes a moment before it closes the connection.
      if (!(error instanceof pg.DatabaseError) || error.severity === 'FATAL') this.drop();
      throw this.translate(error);
    }
  }

  send({ text, values }: Statement<unknown>): void {
    if (this.#isLost) return;
    this.client.query({ text, values: [...values] }).catch(() => {});
  }

  async end(): Promise<void> {
    this.#isLost = true;
    const destroy = setTimeout(() => this.#destroy(), GRACE_MS);
    await this.client.end().catch(() => {});
    clearTimeout(destroy);
  }

  /** What was sent before reaches the network first. */
  leave(): void {
    this.#isLost = true;
    const { stream } = this.client.connection;
    if (!stream.writable) {
      this.#destroy();
      return;
    }
    const destroy = setTimeout(() => this.#destroy(), GRACE_MS);
    stream.write(Buffer.alloc(0), () => {
      clearTimeout(destroy);
      this.#destroy();
    });
  }

  /** At once, whatever is on its way. */
  drop(): void {
    this.#isLost = true;
    this.#destroy();
  }

  #destroy(): void {
    this.client.connection.stream.destroy();
  }

  /** One of our errors, with this end's address. */
  translate(error: unknown): MigrationError {
    return translate(error, this.#settings, this.#log);
  }

  lost(): TransientError {
    const { host, port, database, user } = this.#settings;
    return new TransientError(
      `The session at ${host}:${port}/${database} as ${user} was lost. What it had begun is taken back by the server, and is tried again.`,
    );
  }

  silent(seconds: number): TransientError {
    const { host, port, database, user } = this.#settings;
    return new TransientError(
      `For ${seconds} s no byte of a copy went to or came from ${host}:${port}/${database} as ${user}, so it was given up. ` +
        'What it had begun is taken back by the server, and is tried again.',
    );
  }
}
