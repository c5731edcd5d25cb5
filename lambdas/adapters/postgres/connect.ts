/** One connection of ours: logged in, and with its settings pinned before any other statement. */
import pg from 'pg';
import { TransientError } from '../../config/errors.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import { pinSession, type SessionKind } from '../../postgres/session-pins.sql.ts';
import { INVALID_PASSWORD, QUERY_CANCELED } from '../../postgres/sqlstates.ts';
import { clientConfig } from './client-config.ts';
import { translate, type WholeWords } from './database-errors.ts';

export interface Connected {
  readonly client: pg.Client;
  /** Settings with the login that succeeded. */
  readonly settings: ConnectionSettings;
  /** Parameters that the server has reported (ParameterStatus), with their current values. */
  readonly announced: ReadonlyMap<string, string>;
  /** Whether SCRAM with channel binding was offered. */
  readonly offersChannelBinding: boolean;
}

/** Parameters of a connection that are given when it is opened. */
export interface Startup {
  /** A connection of the replication protocol, which runs plain statements without values as well. */
  readonly replication?: 'database';
}

/**
 * Logs in. A secret may be rotated between its reading and the login, so where the password is wrong, the secret is read once more, and
 * the login is refused only if the secret still holds it. The address stays the same: a step must not work on two databases.
 * @throws pg.DatabaseError, and any other error of the driver, with the connection closed
 */
export async function logIn(settings: ConnectionSettings, name: string, startup: Startup = {}): Promise<Connected> {
  try {
    return await logInAs(settings, name, startup);
  } catch (error) {
    const isWrong = error instanceof pg.DatabaseError && error.code === INVALID_PASSWORD;
    const current = isWrong ? await settings.currentLogin?.() : undefined;
    if (!current || (current.user === settings.user && current.password === settings.password)) throw error;
    return logInAs({ ...settings, user: current.user, password: current.password }, name, startup);
  }
}

async function logInAs(settings: ConnectionSettings, name: string, startup: Startup): Promise<Connected> {
  const client = new pg.Client({ ...clientConfig(settings, name), ...startup });
  const announced = new Map<string, string>();
  client.on('error', () => {}); // a connection lost while idle shows at its next query
  client.connection.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) => {
    announced.set(status.parameterName, status.parameterValue);
  });
  let offersChannelBinding = false;
  client.connection.once('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    offersChannelBinding = mechanisms.includes('SCRAM-SHA-256-PLUS');
  });
  try {
    await client.connect();
    return { client, settings, announced, offersChannelBinding };
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
}

/**
 * One round trip after those of the login itself: none is spent on the version, which the server announces.
 * @throws MigrationError with the connection closed
 */
export async function connect(
  settings: ConnectionSettings,
  name: string,
  kind: SessionKind,
  log?: WholeWords,
  startup?: Startup,
): Promise<Connected> {
  const connected = await logIn(settings, name, startup).catch((error: unknown) => {
    throw translate(error, settings, log);
  });
  try {
    await connected.client.query(pinSession(await majorVersion(connected), kind));
    return connected;
  } catch (error) {
    connected.client.connection.stream.destroy();
    throw wasCutOff(error) ? tooHasty(settings) : translate(error, settings, log);
  }
}

/** The version is reported as `15.4`, `11.22 (Debian 11.22-1)` or `18beta1`; a proxy in between may not report it. */
async function majorVersion({ client, announced }: Connected): Promise<number> {
  const version = Number.parseInt(announced.get('server_version') ?? '', 10);
  if (version > 0) return version;
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}

const wasCutOff = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === QUERY_CANCELED;

/** The error where a time limit of the database or of the role ended the session before we could switch it off. */
const tooHasty = ({ host, port, database, user }: ConnectionSettings): TransientError =>
  new TransientError(
    `${host}:${port}/${database} as ${user} ended the first statement of a session: see whether the database or the role has a statement_timeout ` +
      'of a few milliseconds. Nothing was changed.',
  );
