/**
 * Tries the way that a stream will take, from where it will take it: the subscriber itself connects, with the connection string of the
 * subscription that is to come, in a transaction that is rolled back. So name, port, firewalls, proxies, TLS, channel binding and password are
 * the real ones, and no way is tried for the first time by the copy, or on the day of the switch.
 */
import { StatementFailed, TransientError } from '../config/errors.ts';
import { REPLICATION_ROLE, type StreamName, subscriptionName, trialRole } from '../config/names.ts';
import { newPassword } from '../config/secrets.ts';
import type { Database, Session, Statement } from '../ports/database.ts';
import type { Route } from '../ports/replication.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { streamSettings } from '../postgres/session-pins.sql.ts';
import { BEGIN, limitStatements, ROLLBACK } from '../postgres/sessions.sql.ts';
import { INSUFFICIENT_PRIVILEGE, QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { removeUserCodeRole } from '../postgres/user-code-role.ts';
import type { WayFound } from '../state/network-trial.sql.ts';
import { connectionString, type StreamConnection } from './connection.ts';
import { createPublicationOfNothing, dropEmptyPublication } from './empty-tables.sql.ts';
import { cancelOwnProcess, ownProcess, trySubscribing } from './network.sql.ts';
import { makeReplicationRole } from './publisher.ts';
import { cannotConnect, IS_SOON_OVER, NO_ANSWER } from './way-failures.ts';

/** A way to try. */
export interface Way {
  readonly stream: StreamName;
  readonly publisher: Database;
  readonly subscriber: Database;
  /** Milliseconds that one attempt may take. */
  readonly limitMs: number;
}

/** Beyond the server's own limit, which a name that is being resolved does not heed. */
const GRACE_MS = 5_000;
const ATTEMPTS = 4;
const PAUSE_MS = 1_000;

/** @throws CannotConnect, or TransientError, with the words of the server */
export async function tryWay(way: Way, { route, connection }: StreamConnection): Promise<WayFound> {
  const { publisher, subscriber, stream, limitMs } = way;
  await publisher.query(dropEmptyPublication());
  await publisher.query(createPublicationOfNothing());
  const answer = await answerOf(subscriber, connection, limitMs).finally(() => publisher.query(dropEmptyPublication()).catch(() => {}));
  const to = `${route.host}:${route.port}`;
  if (answer.kind === 'refused') throw cannotConnect(stream, route, answer.words);
  if (answer.kind === 'not tried') return { found: 'could not tell', to, why: answer.words };
  return { found: 'connected', to, encryption: encryptionOf(connection) };
}

/**
 * The way back, with a role that is made at the target for the trial and dropped after it: the one of the stream back is made by the switch. It
 * is like that one, so that a proxy before the target has to let a role in that SQL has made; and all that the source's catalog and WAL get
 * to hold of it is a password that nothing takes any more.
 */
export async function tryWayBack(way: Way, route: Route, libpq: number): Promise<WayFound> {
  const { publisher, subscriber, stream } = way;
  const { database } = publisher.endpoint;
  const role = trialRole(database);
  const password = newPassword();
  await removeUserCodeRole(publisher, role);
  const settings = streamSettings(await publisher.version());
  await publisher.transaction((session) =>
    makeReplicationRole(session, { user: role, verifier: scramVerifier(password), settings, database }),
  );
  const user = `${role}${route.user.slice(REPLICATION_ROLE.length)}`;
  const connection = connectionString(
    { ...route, user },
    password,
    database,
    subscriptionName(subscriber.endpoint.database, stream),
    libpq,
  );
  try {
    return await tryWay(way, { route: { ...route, user }, connection });
  } finally {
    // What was found counts for more than a role that the next visit or Cleanup takes away.
    await removeUserCodeRole(publisher, role).catch(() => {});
  }
}

type Answer = { readonly kind: 'connected' } | { readonly kind: 'refused' | 'not tried'; readonly words: string };

async function answerOf(subscriber: Database, connection: string, limitMs: number): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await attemptFrom(subscriber, connection, limitMs);
    if (answer.kind !== 'refused' || !IS_SOON_OVER.test(answer.words) || attempt === ATTEMPTS) return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function attemptFrom(subscriber: Database, connection: string, limitMs: number): Promise<Answer> {
  const version = await subscriber.version();
  const session = await subscriber.session('network');
  let isLate = false;
  const [own] = await session.query(ownProcess());
  const timer = setTimeout(() => {
    isLate = true;
    session.leave();
  }, limitMs + GRACE_MS);
  try {
    await carryOut(session, trySubscribing(connection, version), limitMs);
    return { kind: 'connected' };
  } catch (error) {
    if (isLate && own) await subscriber.query(cancelOwnProcess(own.pid));
    if (isLate || isCode(error, QUERY_CANCELED)) return { kind: 'refused', words: NO_ANSWER };
    const words = wordsOf(error);
    if (words !== undefined) return { kind: 'refused', words };
    if (isCode(error, INSUFFICIENT_PRIVILEGE)) return { kind: 'not tried', words: (error as Error).message };
    throw error;
  } finally {
    clearTimeout(timer);
    if (!isLate) await session.script(ROLLBACK).catch(() => {});
    await session.end();
  }
}

async function carryOut(session: Session, statements: readonly Statement[], limitMs: number): Promise<void> {
  await session.script(BEGIN);
  await session.query(limitStatements(limitMs));
  for (const statement of statements) await session.query(statement);
}

const isCode = (error: unknown, code: string): boolean => error instanceof StatementFailed && error.complaint.code === code;

/** After these words of the subscriber comes what libpq met. Before version 14 they come with the code of an internal error. */
const COULD_NOT_CONNECT = /could not connect to the publisher: (.*)$/s;

function wordsOf(error: unknown): string | undefined {
  if (!(error instanceof TransientError || error instanceof StatementFailed)) return undefined;
  return COULD_NOT_CONNECT.exec(error.message)?.[1]?.replace(/\s+/g, ' ').trim();
}

/** What the connection string asks for, and so what was there. */
function encryptionOf(connection: string): string {
  const [, sslmode = 'prefer'] = /\bsslmode='?([\w-]+)/.exec(connection) ?? [];
  const binding = /\bchannel_binding='?require/.test(connection);
  if (sslmode === 'disable') return 'none';
  if (sslmode === 'prefer') return 'TLS if both sides have it';
  return `TLS${sslmode === 'verify-full' ? ', certificate verified' : ''}${binding ? ', channel binding' : ''}`;
}
