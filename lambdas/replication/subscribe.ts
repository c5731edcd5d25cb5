/** Changes to the subscription on the target, each safe to repeat. */
import { CannotConnect, CopyStalled, StatementFailed, TransientError, VerificationError } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { EMPTY_PUBLICATION } from '../config/names.ts';
import { keyOf, missingFrom, named } from '../config/tables.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import type { Database, Reader } from '../ports/database.ts';
import { limitStatements, setStatementTimeout } from '../postgres/sessions.sql.ts';
import { QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { emptyTable, resyncs, resyncsExist } from '../state/resyncs.sql.ts';
import { type Note, writeNote } from './connection.ts';
import * as subscriptions from './subscriptions.sql.ts';

/**
 * Subscription and note in one transaction, so that neither is ever there without the other. It is disabled, and held by us until it is
 * enabled.
 */
export async function subscribe(
  target: Database,
  name: string,
  connection: string,
  stream: subscriptions.StreamOptions,
  incarnation: string,
): Promise<void> {
  await target.transaction(async (session) => {
    for (const statement of subscriptions.createSubscription(name, connection, stream)) await session.query(statement);
    await session.query(subscriptions.setNote(name, writeNote(incarnation, connection, true)));
  });
}

/**
 * The same, with tables taken in that need no copy (`empty-tables.ts`). All of it or nothing: either the subscription knows exactly these tables,
 * or there is none.
 */
export async function subscribeKnowing(
  target: Database,
  empty: readonly TableName[],
  {
    name,
    connection,
    stream,
    incarnation,
  }: { readonly name: string; readonly connection: string; readonly stream: subscriptions.StreamOptions; readonly incarnation: string },
): Promise<void> {
  await target.transaction(async (session) => {
    await session.query(limitStatements(LONGEST_LISTING_MS));
    for (const statement of subscriptions.createSubscriptionKnowing(EMPTY_PUBLICATION, name, connection, stream))
      await session.query(statement);
    const known = await session.query(subscriptions.subscribedTables(name));
    if (known.length !== empty.length || missingFrom(known, empty).length > 0) {
      throw new VerificationError('The subscription does not know exactly the tables that are empty. It was not made.');
    }
    await session.query(subscriptions.setNote(name, writeNote(incarnation, connection, true)));
  });
}

/** It asks the source for a list, and waits for a session that locks one of these tables there. */
const LONGEST_LISTING_MS = 60_000;

export async function reconnect(target: Database, name: string, connection: string, { incarnation, held }: Note): Promise<void> {
  await target.transaction(async (session) => {
    for (const statement of subscriptions.setConnection(name, connection)) await session.query(statement);
    await session.query(subscriptions.setNote(name, writeNote(incarnation, connection, held)));
    await session.query(subscriptions.setSynchronousCommit(name));
  });
}

/** Keeps one statement well under a megabyte, names of 63 bytes included. */
const TABLES_PER_STATEMENT = 500;

/** Those of these tables that hold a row that we can see. */
export async function occupiedAmong(target: Reader, tables: readonly TableName[]): Promise<TableName[]> {
  const found: TableName[] = [];
  for (let from = 0; from < tables.length; from += TABLES_PER_STATEMENT) {
    found.push(...(await target.query(subscriptions.occupiedTables(tables.slice(from, from + TABLES_PER_STATEMENT)))));
  }
  return found;
}

/** Messages of PlanetScale's edge for a user that it cannot route: https://planetscale.com/docs/postgres/connecting/client-error-reference */
export const NOT_ROUTED = /invalid user format|branch \S+ does not exist|not found in branch|pooler only supports/;

/**
 * Failures that no retry cures, in the messages of libpq, of the publisher and of a proxy before it. Passing ones are reported otherwise
 * (08006).
 */
export const HOPELESS = new RegExp(
  `${NOT_ROUTED.source}|SSL connection is required|` +
    'password authentication failed|not permitted to log in|permission denied|does not exist|no pg_hba\\.conf entry|could not translate host name|' +
    'certificate|channel binding|does not support SSL',
);

/**
 * Lets the subscription know what the publication holds now, and starts the copy of what is new.
 * @param added published tables that the subscription does not know yet
 * @param remainingMs before the function must return: the source is asked about every table, and waits for a session that locks one
 * @throws CopyStalled where one of them holds rows already, which the copy would double or break on
 * @throws CannotConnect where the source refuses the target
 */
export async function refresh(target: Database, name: string, added: readonly TableName[], remainingMs: number): Promise<void> {
  await emptyNoted(target, added);
  const full = await occupiedAmong(target, added);
  if (full.length > 0) {
    throw new CopyStalled(
      `The copy cannot begin, because ${full.length} tables on the target hold rows already: ${named(full)}. Nothing was changed. ` +
        'Empty them on the target, or leave them behind with excludeTables, then start Replicate again.',
    );
  }
  await takeIn(target, name, remainingMs);
}

/** Rows of a copy of our own whose end was lost (`resync.ts`). */
async function emptyNoted(target: Database, added: readonly TableName[]): Promise<void> {
  const [noted] = await target.query(resyncsExist());
  if (!noted?.exists) return;
  const keys = new Set((await target.query(resyncs())).map(keyOf));
  for (const table of added) if (keys.has(keyOf(table))) await target.query(emptyTable(table));
}

/** REFRESH PUBLICATION, within the time that is left. */
export async function takeIn(target: Database, name: string, remainingMs: number): Promise<void> {
  const session = await target.session('refresh');
  try {
    await session.query(setStatementTimeout(Math.max(SHORTEST_MS, remainingMs - LOOK_AGAIN_RESERVE_MS)));
    await session.query(subscriptions.refreshSubscription(name));
  } catch (error) {
    throw explained(error);
  } finally {
    await session.end();
  }
}

const SHORTEST_MS = 5_000;

function explained(error: unknown): unknown {
  if (error instanceof StatementFailed && error.complaint.code === QUERY_CANCELED) {
    return new TransientError(
      'The subscription could not take in the published tables in time: another session locks one of them on the source. It is tried again.',
      { cause: error },
    );
  }
  if (!(error instanceof TransientError) || !HOPELESS.test(error.message)) return error;
  return new CannotConnect(
    `The target cannot log in to the source, so nothing is copied yet: ${error.message} Correct the source's address, its network or the ` +
      'TLS setting of the subscription, then start Replicate again; it continues where it stopped.',
    { cause: error },
  );
}
