/** Errors that an application takes for a passing state of its server, and those that it takes for an answer to its statement. */
import pg from 'pg';
import { NotConnected } from './connection.ts';

/**
 * SQLSTATE classes and codes that say something about the server, the connection or the moment, and nothing about the statement:
 * lost connections, resources, shutdowns, deadlocks, locks not granted in time, and a server that takes no writes just now (25006), as behind
 * a fence.
 */
const PASSING = ['08', '53', '57', '40', '55P03', '25006'];
/** A fence refuses every login: "permission denied for database". In a statement the same code would be about the statement. */
const PASSING_AT_THE_DOOR = [...PASSING, '42501'];

/** Two rows with one key: what a sequence that gives out a value again leads to. */
export const DUPLICATE_KEY = '23505';

/** The server's words where it refused the statement itself; undefined where trying again may help. */
export function refusalOf(error: unknown): string | undefined {
  const [said, passing] = error instanceof NotConnected ? [error.cause, PASSING_AT_THE_DOOR] : [error, PASSING];
  if (!(said instanceof pg.DatabaseError) || passing.some((code) => said.code?.startsWith(code))) return undefined;
  return `${said.code}: ${said.message}`;
}
