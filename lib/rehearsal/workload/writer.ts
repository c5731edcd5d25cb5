/** One session of the application. */
import pg from 'pg';
import { type ConnectionSettings, clientConfig } from '../../../lambdas/adapters/connection-settings.ts';
import { foundRow } from './found-rows.ts';
import type { Journal } from './journal.ts';
import { changing, creating, removing, type Subject, type Thing, TOKEN_PREFIX, type Write } from './subject.ts';

/** What an application reads its connection from: the secret that a switch would change. */
export interface ApplicationSecret {
  read(): Promise<ConnectionSettings>;
}

export interface WriterOptions {
  /** Unlike that of any other writer, of this run or of another. */
  readonly name: string;
  readonly secret: ApplicationSecret;
  readonly subjects: readonly Subject[];
  readonly journal: Journal;
  /** Milliseconds from one write to the next, where the server is fast enough. */
  readonly everyMs: number;
  readonly isStopped: () => boolean;
  /** Whether even a write in doubt is to be left as it is, because the servers are going away. */
  readonly isAbandoned: () => boolean;
}

const RETRY_AFTER_MS = 50;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * SQLSTATE classes and codes that say something about the server, the connection or the moment, and nothing about the statement:
 * lost connections, resources, shutdowns, deadlocks, locks not granted in time, and a server that takes no writes just now.
 */
const PASSING = ['08', '53', '57', '40', '55P03', '25006'];

/** The server's words where it refused the statement itself; undefined where trying again may help. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof pg.DatabaseError) || PASSING.some((code) => error.code?.startsWith(code))) return undefined;
  return `${error.code}: ${error.message}`;
}

/** Numbers that look random and are the same at every run (Numerical Recipes' linear congruential generator). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * 1_000_000);
  };
}

/** Of a hundred writes, so many make something new and so many remove something; the rest change something. */
const CREATES = 55;
const REMOVALS = 12;

/** Writes until it is stopped, and leaves no write of which it does not know whether it was committed. */
export async function write(options: WriterOptions, seed: number): Promise<void> {
  const { subjects, isStopped } = options;
  const roll = dice(seed);
  const things: Thing[] = [];
  const connection = new Connection(options.secret);
  let due = performance.now();
  for (let number = 1; !isStopped(); number += 1) {
    const now = performance.now();
    due = Math.max(due + options.everyMs, now);
    await pause(due - now);
    const index = roll() % (things.length || 1);
    const thing = things[index];
    const kind = roll() % 100;
    const subject = subjects[number % subjects.length] as Subject;
    let next: Write;
    if (!thing || kind < CREATES) next = creating(subject, `${TOKEN_PREFIX}${options.name}-${number}`, roll());
    else if (kind < CREATES + REMOVALS) next = removing(thing);
    else next = changing(thing, roll());
    if (!(await carryOut(next, connection, options))) break;
    if (next.after?.version === 0) things.push(next.after);
    else if (next.after) things[index] = next.after;
    else things.splice(index, 1);
  }
  await connection.close();
}

/**
 * Tries until the write is committed. An attempt whose acknowledgement was lost is looked up rather than guessed.
 * @returns false where the writer was stopped and the write is known not to have happened, or was abandoned
 */
async function carryOut(next: Write, connection: Connection, { journal, isStopped, isAbandoned }: WriterOptions): Promise<boolean> {
  let uncertain = false;
  while (!isAbandoned()) {
    try {
      const client = await connection.get();
      if (uncertain && (await hasHappened(client, next))) {
        journal.acknowledge(next.changes);
        return true;
      }
      uncertain = false;
      if (isStopped()) return false;
      uncertain = true;
      await commit(client, next);
      journal.acknowledge(next.changes);
      return true;
    } catch (error) {
      journal.reject(refusalOf(error));
      await connection.close();
      await pause(RETRY_AFTER_MS);
    }
  }
  return false;
}

async function commit(client: pg.Client, { statements }: Write): Promise<void> {
  await client.query('begin');
  for (const { text, values } of statements) await client.query(text, [...values]);
  await client.query('commit');
}

/** A transaction happened as a whole or not at all, so its first row tells. */
async function hasHappened(client: pg.Client, { changes: [first] }: Write): Promise<boolean> {
  if (!first) return true;
  const { text, values } = foundRow(first.table, first.token);
  const { rows } = await client.query<{ version: number }>(text, [...values]);
  return first.version === 'deleted' ? rows.length === 0 : rows.some(({ version }) => version >= Number(first.version));
}

/** Opened when first used and again after each error, every time as the secret says. */
class Connection {
  readonly #secret: ApplicationSecret;
  #client: pg.Client | undefined;
  constructor(secret: ApplicationSecret) {
    this.#secret = secret;
  }

  async get(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client(clientConfig(await this.#secret.read(), 'rehearsal application'));
    client.on('error', () => {}); // shows at the next query
    try {
      await client.connect();
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
    this.#client = client;
    return client;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }
}
