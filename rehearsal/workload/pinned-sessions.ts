/**
 * Pinned sessions: two sessions that stay on the connection they opened, and that a switch must not overlook. One keeps writing, whatever the
 * database's defaults say, as a forgotten worker does; once its connection has ended it writes no more until it is started anew. The other
 * one holds a long read.
 */
import type { ApplicationSecret } from '../application/secret.ts';
import { connect, type Reached } from './connection.ts';
import type { Journal } from './journal.ts';
import { refusalOf } from './refusals.ts';
import { creating, type Subject, TOKEN_PREFIX, type Write } from './subject.ts';
import { commit, hasHappened } from './transaction.ts';

export interface PinnedSessionsOptions {
  /** Unlike that of any other session, of this run or of another. */
  readonly name: string;
  readonly secret: ApplicationSecret;
  readonly subjects: readonly Subject[];
  readonly journal: Journal;
}

export interface PinnedSessions {
  /** Sessions that a switch has left connected, in sentences; waits a moment for those whose end has not been noticed yet. */
  leftConnected(): Promise<string[]>;
  /** Ends them, and looks up the outcome of the last write. */
  stop(): Promise<void>;
  /** Ends them without finding out, because the servers are going away. */
  abandon(): void;
}

const WRITES_EVERY_MS = 25;
/** The sessions are over when the fence is up; only the end of the connection may not have been noticed yet. */
const NEWS_MS = 5_000;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const endOf = ({ client }: Reached): Promise<void> => new Promise((resolve) => client.once('end', () => resolve()));

/** Resolves when both are at work: the one has written, the other has read. */
export async function startPinnedSessions(options: PinnedSessionsOptions): Promise<PinnedSessions> {
  const writer = await startPinnedWriter(options);
  const reader = await startLongRead(options).catch((error: unknown) => {
    writer.disconnect();
    throw error;
  });
  return {
    async leftConnected() {
      const [isWriterGone, isReaderGone] = await Promise.all([hasEnded(writer), hasEnded(reader)]);
      return [
        ...(isWriterGone ? [] : [`a session that never reconnects was left at ${writer.place}.`]),
        ...(isReaderGone ? [] : [`a session with a long read was left at ${reader.place}.`]),
      ];
    },
    async stop() {
      await reader.end();
      await writer.end();
    },
    abandon() {
      reader.disconnect();
      writer.disconnect();
    },
  };
}

interface PinnedSession {
  readonly place: string;
  readonly ended: Promise<void>;
  end(): Promise<void>;
  disconnect(): void;
}

async function hasEnded({ ended }: PinnedSession): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), NEWS_MS);
  });
  const has = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return has;
}

async function startPinnedWriter({ name, secret, subjects, journal }: PinnedSessionsOptions): Promise<PinnedSession> {
  const reached = await connect(secret);
  const { client, place } = reached;
  let stopped = false;
  let inDoubt: Write | undefined;
  const writeOnce = async (number: number): Promise<void> => {
    const next = creating(subjects[number % subjects.length] as Subject, `${TOKEN_PREFIX}${name}-${number}`, number);
    inDoubt = next;
    await commit(client, next, 'begin read write');
    inDoubt = undefined;
    journal.acknowledge(next.changes, place);
  };
  await writeOnce(0);
  const ended = endOf(reached);
  const writing = (async () => {
    for (let number = 1; !stopped; number += 1) {
      await pause(WRITES_EVERY_MS);
      if (!stopped) await writeOnce(number);
    }
  })().catch((error: unknown) => journal.reject(refusalOf(error)));
  return {
    place,
    ended,
    async end() {
      stopped = true;
      await writing;
      await client.end().catch(() => {});
      if (inDoubt) await lookUp(inDoubt, secret, journal);
    },
    disconnect() {
      stopped = true;
      client.connection.stream.destroy();
    },
  };
}

/** On the side that serves the application by now. */
async function lookUp(write: Write, secret: ApplicationSecret, journal: Journal): Promise<void> {
  const { client } = await connect(secret);
  try {
    if (await hasHappened(client, write)) journal.acknowledge(write.changes);
  } finally {
    await client.end().catch(() => {});
  }
}

async function startLongRead({ secret, subjects }: PinnedSessionsOptions): Promise<PinnedSession> {
  const reached = await connect(secret);
  const { client, place } = reached;
  const table = subjects[0]?.tables[0];
  let stopped = false;
  await client.query('begin isolation level repeatable read read only');
  const read = () => client.query(`select count(*), pg_sleep(0.02) from ${table}`);
  await read();
  const ended = endOf(reached);
  const reading = (async () => {
    while (!stopped) await read();
  })().catch(() => {}); // its end is reported by the connection
  return {
    place,
    ended,
    async end() {
      stopped = true;
      await reading;
      await client.end().catch(() => {});
    },
    disconnect() {
      stopped = true;
      client.connection.stream.destroy();
    },
  };
}
