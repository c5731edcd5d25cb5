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

/** A look must never hold anybody up. Five minutes let the slow catalog queries of 100,000 tables finish. */
const LOOKING: SessionKind = { mode: 'read only', statement: 300_000, lock: 5_000, idleInTransaction: 60_000 };
/** DDL that queues for a lock makes the application queue behind it, so it gives up soon and is tried again. */
const ACTING: SessionKind = { mode: 'read write', statement: 840_000, lock: 5_000, idleInTransaction: 60_000 };
/** Sessions are for long work, which is left to the server. */
const UNLIMITED: SessionKind = { mode: 'read write', statement: 0, lock: 0, idleInTransaction: 0 };

/** The place of a connection, for messages, and who hears what they leave out. */
interface Told {
  readonly endpoint: Endpoint;
  readonly log: WholeWords | undefined;
}

async function run<Row>(client: pg.Client, statement: Statement<Row>, { endpoint, log }: Told): Promise<Row[]> {
  try {
    await admit(client, statement.text, endpoint);
    return (await client.query({ text: statement.text, values: [...statement.values] })).rows as Row[];
  } catch (error) {
    throw translate(error, endpoint, log);
  }
}

async function runScript(client: pg.Client, text: string, { endpoint, log }: Told): Promise<void> {
  try {
    await admit(client, text, endpoint);
    await client.query(text);
  } catch (error) {
    throw translate(error, endpoint, log);
  }
}

async function inTransaction<Result>(client: pg.Client, begin: string, told: Told, work: () => Promise<Result>): Promise<Result> {
  await runScript(client, begin, told);
  try {
    const result = await work();
    await runScript(client, 'commit', told);
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

/** One database, as a view for `inspect` and as a port for `act`. */
export interface DatabasePort {
  readonly looking: Reader;
  readonly acting: Database;
  /** Whether we were offered SCRAM with channel binding when we logged in. */
  offersChannelBinding(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * @param step name of the step, which becomes the connections' application name
 * @param log hears what a server said where an error leaves it out
 * @param side for messages
 */
export function databasePort(settings: ConnectionSettings, step: string, log?: WholeWords, side?: SideName): DatabasePort {
  const endpoint: Endpoint = { host: settings.host, port: settings.port, database: settings.database, user: settings.user };
  const told: Told = { endpoint, log };
  nameSide(endpoint, side);
  const name = applicationName(step);
  let current = settings;
  let offersBinding = false;
  /** Values as PostgreSQL prints them, but numbers and booleans where JavaScript holds them exactly; int8 and numeric stay strings. */
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
        told,
      );
      return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
    },
    query: async (statement) => run(await lazy.get(), statement, told),
    async snapshot(look) {
      const client = await lazy.get();
      const query = <Row>(statement: Statement<Row>) => run(client, statement, told);
      return inTransaction(client, 'begin isolation level repeatable read read only', told, () => look({ query }));
    },
  });

  const session = async (tag: string): Promise<Session> => {
    const client = await open(UNLIMITED, applicationName(step, tag));
    sessions.add(client);
    // Sessions are opened for what has to go out at once when it counts: no look may come between.
    await lookAtOwnSchema(client).catch((error: unknown) => {
      client.connection.stream.destroy();
      throw translate(error, endpoint, log);
    });
    return {
      query: (statement) => run(client, statement, told),
      script: (text) => runScript(client, text, told),
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
        return inTransaction(client, 'begin', told, () =>
          work({ query: (statement) => run(client, statement, told), script: (text) => runScript(client, text, told) }),
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
