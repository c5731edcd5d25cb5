/** What node-postgres and the operating system throw → our errors. The one place that knows SQLSTATEs by their meaning. */
import pg from 'pg';
import type { Endpoint } from '../contract.ts';
import { CannotConnect, MigrationError, StatementFailed, TransientError } from '../errors.ts';

/** Passing states of a server or of a transaction: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const PASSING = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
]);
const CONNECTION_CLASS = '08';
const INVALID_AUTHORIZATION_CLASS = '28';
const INVALID_CATALOG_NAME = '3D000';

/** Errors of sockets and name service that a restart or a failover explains. */
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

const place = (at: Endpoint): string => `${at.host}:${at.port}/${at.database} as ${at.user}`;

/** @returns one of our errors; never one that carries the statement, its values, or the server's `detail`, which quotes rows */
export function translate(error: unknown, at: Endpoint): MigrationError {
  if (error instanceof MigrationError) return error;
  if (error instanceof pg.DatabaseError) return translateComplaint(error, at);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'ENOTFOUND') {
    return new CannotConnect(`The host name ${at.host} does not resolve. Correct the host in the secret or the network's DNS.`);
  }
  if (typeof code === 'string' && !NETWORK.has(code) && /CERT|TLS|SSL|SIGNATURE/.test(code)) {
    return new CannotConnect(
      `The TLS certificate of ${at.host}:${at.port} was refused (${code}: ${String(message)}). Check that the host is the server's own name.`,
    );
  }
  if (String(message).includes('does not support SSL')) {
    return new CannotConnect(`${at.host}:${at.port} offers no TLS, and an unencrypted connection is never made unless configured.`);
  }
  return new TransientError(`The connection to ${place(at)} failed: ${typeof code === 'string' ? code : String(message)}.`);
}

function translateComplaint(error: pg.DatabaseError, at: Endpoint): MigrationError {
  const { code = '' } = error;
  if (PASSING.has(code) || code.startsWith(CONNECTION_CLASS)) {
    return new TransientError(`The server at ${place(at)} answered ${code}: ${error.message}`);
  }
  if (code.startsWith(INVALID_AUTHORIZATION_CLASS) || code === INVALID_CATALOG_NAME) {
    return new CannotConnect(`${place(at)} was refused (${code}): ${error.message}. Correct the secret, then start again.`);
  }
  return new StatementFailed(error.message, {
    code,
    hint: error.hint,
    schema: error.schema,
    table: error.table,
    constraint: error.constraint,
    position: error.position === undefined ? undefined : Number(error.position),
  });
}
