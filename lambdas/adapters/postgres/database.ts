/** The ports `source` and `target` over node-postgres. Connections are opened when first used, and closed by `close`. */
import type pg from 'pg';
import { applicationName } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Database, Endpoint, Reader, Session, Statement } from '../../ports/database.ts';
import type { SessionKind } from '../../postgres/session-pins.sql.ts';
import { connect } from './connect.ts';
import { translate, type WholeWords } from './database-errors.ts';
import { admit, forgetVerdicts, lookAtOwnSchema, nameSide } from './own-schema-guard.ts';

/** Reading must never block another session. Five minutes let the slow catalog queries of 100,000 tables finish. */
const LOOKING: SessionKind = { mode: 'read only', statement: 300_000, lock: 5_000, idleInTransaction: 60_000 };
/** DDL that waits for a lock makes the application wait behind it, so it gives up soon and is retried. */
const ACTING: SessionKind = { mode: 'read write', statement: 840_000, lock: 5_000, idleInTransaction: 60_000 };
/** Sessions run long statements without limits of ours. */
const UNLIMITED: SessionKind = { mode: 'read write', statement: 0, lock: 0, idleInTransaction: 0 };

/** The endpoint of a connection, for messages, and the log for what they leave out. */
interface Reporting {
  readonly endpoint: Endpoint;
  readonly log: WholeWords | undefined;
}

async function run<Row>(client: pg.Client, statement: Statement<Row>, { endpoint, log }: Reporting): Promise<Row[]> {
  try {
    await admit(client, statement.text, endpoint);
    return (await client.query({ text: statement.text, values: [...statement.values] })).rows as Row[];
  } catch (error) {
    throw translate(error, endpoint, log);
  }
}

async function runScript(client: pg.Client, text: string, { endpoint, log }: Reporting): Promise<void> {
  try {
    await admit(client, text, endpoint);
    await client.query(text);
  } catch (error) {
    throw translate(error, endpoint, log);
  }
}

async function inTransaction<Result>(client: pg.Client, begin: string, reporting: Reporting, work: () => Promise<Result>): Promise<Result> {
  await runScript(client, begin, reporting);
  try {
    const result = await work();
    await runScript(client, 'commit', reporting);
    return result;
  } catch (error) {
    forgetVerdicts();
    await client.query('rollback').catch(() => client.connection.stream.destroy());
    throw error;
  }
}

/** A connection that is opened at its first use, and again after it was lost. */
class LazyClient {
  readonly #open: () => Promise<pg.Client>;
  #client: Promise<pg.Client> | undefined;
  constructor(open: () => Promise<pg.Client>) {
    this.#open = open;
  }

  async get(): Promise<pg.Client> {
    this.#client ??= this.#open().then(
      (client) => {
        client.once('end', () => {
          this.#client = undefined;
        });
        return client;
      },
      (error: unknown) => {
        this.#client = undefined;
        throw error;
      },
    );
    return this.#client;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.end().catch(() => {});
  }
}

/** One database, as a reader for `inspect` and as a port for `act`. */
export interface DatabasePort {
  readonly looking: Reader;
  readonly acting: Database;
  /** Whether the server offered SCRAM with channel binding at our login. */
  offersChannelBinding(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * @param step name of the step, which becomes the connections' application name
 * @param log gets what a server said where an error leaves it out
 * @param side for messages
 */
export function databasePort(settings: ConnectionSettings, step: string, log?: WholeWords, side?: SideName): DatabasePort {
  const endpoint: Endpoint = { host: settings.host, port: settings.port, database: settings.database, user: settings.user };
  const reporting: Reporting = { endpoint, log };
  nameSide(endpoint, side);
  const name = applicationName(step);
  let current = settings;
  let offersBinding = false;
  /** Values are texts as PostgreSQL prints them, except numbers and booleans that JavaScript holds exactly; int8 and numeric stay strings. */
  const open = async (kind: SessionKind, as = name): Promise<pg.Client> => {
    const connected = await connect(current, as, kind, log);
    current = connected.settings;
    offersBinding = connected.offersChannelBinding;
    return connected.client;
  };
  const reading = new LazyClient(() => open(LOOKING));
  const writing = new LazyClient(() => open(ACTING));
  const sessions = new Set<pg.Client>();

  const reader = (lazy: LazyClient): Reader => ({
    endpoint,
    async version() {
      const rows = await run(
        await lazy.get(),
        { text: 'show server_version_num', values: [] } as Statement<{ server_version_num: string }>,
        reporting,
      );
      return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
    },
    query: async (statement) => run(await lazy.get(), statement, reporting),
    async snapshot(look) {
      const client = await lazy.get();
      const query = <Row>(statement: Statement<Row>) => run(client, statement, reporting);
      return inTransaction(client, 'begin isolation level repeatable read read only', reporting, () => look({ query }));
    },
  });

  const session = async (tag: string): Promise<Session> => {
    const client = await open(UNLIMITED, applicationName(step, tag));
    sessions.add(client);
    // A session's statements may be urgent, so the own schema is inspected when it is opened, not before the statement.
    await lookAtOwnSchema(client).catch((error: unknown) => {
      client.connection.stream.destroy();
      throw translate(error, endpoint, log);
    });
    return {
      query: (statement) => run(client, statement, reporting),
      script: (text) => runScript(client, text, reporting),
      async end() {
        sessions.delete(client);
        await client.end().catch(() => {});
      },
      leave() {
        sessions.delete(client);
        client.connection.stream.destroy();
      },
    };
  };

  return {
    looking: reader(reading),
    acting: {
      ...reader(writing),
      async transaction(work) {
        const client = await writing.get();
        return inTransaction(client, 'begin', reporting, () =>
          work({ query: (statement) => run(client, statement, reporting), script: (text) => runScript(client, text, reporting) }),
        );
      },
      session,
    },
    async offersChannelBinding() {
      await reading.get();
      return offersBinding;
    },
    async close() {
      for (const client of sessions) client.connection.stream.destroy();
      await Promise.all([reading.close(), writing.close()]);
    },
  };
}
