/** The ports `source` and `target` over node-postgres. Connections are opened when first used, and closed by `close`. */
import pg from 'pg';
import type { Database, Endpoint, Reader, Session, SideName, Statement } from '../contract.ts';
import { applicationName } from '../names.ts';
import { type ConnectionSettings, clientConfig } from './connection-settings.ts';
import { translate } from './database-errors.ts';
import { admit, forgetVerdicts, lookAtOwnSchema, nameSide } from './own-schema-guard.ts';

/** Time limits of one kind of connection, in milliseconds; 0 switches a limit off. */
interface Limits {
  readonly statement: number;
  readonly lock: number;
  readonly idleInTransaction: number;
}

/** A look must never hold anybody up. Five minutes let the slow catalog queries of 100,000 tables finish. */
const LOOKING: Limits = { statement: 300_000, lock: 5_000, idleInTransaction: 60_000 };
/** DDL that queues for a lock makes the application queue behind it, so it gives up soon and is tried again. */
const ACTING: Limits = { statement: 840_000, lock: 5_000, idleInTransaction: 60_000 };
/** Sessions are for long work, which is left to the server. */
const UNLIMITED: Limits = { statement: 0, lock: 0, idleInTransaction: 0 };

/** Values as PostgreSQL prints them, but numbers and booleans where JavaScript holds them exactly; int8 and numeric stay strings. */
async function open(settings: ConnectionSettings, name: string, mode: 'read only' | 'read write', limits: Limits): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(settings, name));
  client.on('error', () => {}); // a connection lost while idle shows at its next query
  try {
    await client.connect();
    await client.query(
      `set statement_timeout = ${limits.statement}; set lock_timeout = ${limits.lock};
set idle_in_transaction_session_timeout = ${limits.idleInTransaction};
set default_transaction_read_only = ${mode === 'read only' ? 'on' : 'off'}; set search_path = pg_catalog;
set client_min_messages = warning`,
    );
    await lookAtOwnSchema(client);
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw translate(error, settings);
  }
}

async function run<Row>(client: pg.Client, statement: Statement<Row>, endpoint: Endpoint): Promise<Row[]> {
  try {
    await admit(client, statement.text, endpoint);
    return (await client.query({ text: statement.text, values: [...statement.values] })).rows as Row[];
  } catch (error) {
    throw translate(error, endpoint);
  }
}

async function runScript(client: pg.Client, text: string, endpoint: Endpoint): Promise<void> {
  try {
    await admit(client, text, endpoint);
    await client.query(text);
  } catch (error) {
    throw translate(error, endpoint);
  }
}

async function inTransaction<Result>(client: pg.Client, begin: string, endpoint: Endpoint, work: () => Promise<Result>): Promise<Result> {
  await runScript(client, begin, endpoint);
  try {
    const result = await work();
    await runScript(client, 'commit', endpoint);
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
  close(): Promise<void>;
}

/** @param step name of the step, which becomes the connections' application name @param side for messages */
export function databasePort(settings: ConnectionSettings, step: string, side?: SideName): DatabasePort {
  const endpoint: Endpoint = { host: settings.host, port: settings.port, database: settings.database, user: settings.user };
  nameSide(endpoint, side);
  const name = applicationName(step);
  const reading = new LazyClient(() => open(settings, name, 'read only', LOOKING));
  const writing = new LazyClient(() => open(settings, name, 'read write', ACTING));
  const sessions = new Set<pg.Client>();

  const reader = (lazy: LazyClient): Reader => ({
    endpoint,
    async version() {
      const rows = await run(
        await lazy.get(),
        { text: 'show server_version_num', values: [] } as Statement<{ server_version_num: string }>,
        endpoint,
      );
      return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
    },
    query: async (statement) => run(await lazy.get(), statement, endpoint),
    async snapshot(look) {
      const client = await lazy.get();
      const query = <Row>(statement: Statement<Row>) => run(client, statement, endpoint);
      return inTransaction(client, 'begin isolation level repeatable read read only', endpoint, () => look({ query }));
    },
  });

  const session = async (tag: string): Promise<Session> => {
    const client = await open(settings, applicationName(step, tag), 'read write', UNLIMITED);
    sessions.add(client);
    return {
      query: (statement) => run(client, statement, endpoint),
      script: (text) => runScript(client, text, endpoint),
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
        return inTransaction(client, 'begin', endpoint, () =>
          work({ query: (statement) => run(client, statement, endpoint), script: (text) => runScript(client, text, endpoint) }),
        );
      },
      session,
    },
    async close() {
      for (const client of sessions) client.connection.stream.destroy();
      await Promise.all([reading.close(), writing.close()]);
    },
  };
}
