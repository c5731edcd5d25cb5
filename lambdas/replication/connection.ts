/** The connection string with which a subscriber reaches a publisher. */
import { createHash, randomBytes } from 'node:crypto';
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import type { ReplicationAccess, ReplicationLogin, Route } from '../ports/replication.ts';
import { conninfo } from '../postgres/quote.ts';
import { streamSettings } from '../postgres/session-pins.sql.ts';

const CONNECT_TIMEOUT_SECONDS = 15;
/** A peer that vanished without closing the connection is noticed within 30 + 3 × 10 seconds. */
const KEEPALIVE = { keepalives: 1, keepalives_idle: 30, keepalives_interval: 10, keepalives_count: 3 };

type Tls = Pick<Route, 'sslmode'> & Partial<Pick<Route, 'channelBinding'>>;

/**
 * TLS with channel binding, because PlanetScale's servers do not hold the authorities of RDS: the password cannot be relayed by a
 * server in between, even though the certificate is not checked. `prefer` may end up without TLS, where channel binding is impossible. A
 * server that offers none is asked for none, and has to be known by its certificate.
 */
const encryption = ({ sslmode, channelBinding = true }: Tls, libpq: number): Record<string, string> => {
  if (sslmode === 'disable' || libpq < CHANNEL_BINDING_SINCE) return { sslmode };
  if (sslmode === 'prefer') return { sslmode, channel_binding: 'prefer' };
  return {
    sslmode,
    ...(channelBinding ? { channel_binding: 'require' } : {}),
    ...(sslmode === 'verify-full' && libpq >= SYSTEM_ROOTS_SINCE ? { sslrootcert: 'system' } : {}),
  };
};

/** Major versions of the subscriber from which its libpq knows these words. https://www.postgresql.org/docs/current/libpq-connect.html */
const CHANNEL_BINDING_SINCE = 13;
export const SYSTEM_ROOTS_SINCE = 16;

/**
 * Whether the subscriber knows the server to which it sends its password: by the certificate, or because the password cannot be relayed.
 * @param libpq major version of the subscriber
 */
export const knowsPublisher = ({ sslmode, channelBinding = true }: Tls, libpq: number): boolean =>
  sslmode === 'verify-full' || (sslmode === 'require' && channelBinding && libpq >= CHANNEL_BINDING_SINCE);

/** The reason why not, after "The stream back is encrypted, but …". */
export function whyUnknown({ channelBinding }: Pick<Route, 'channelBinding'>, libpq: number): string {
  if (libpq < CHANNEL_BINDING_SINCE) {
    return `a server of version ${libpq} cannot tell to whom it speaks: its libpq has no channel binding, and no authorities to verify a certificate against`;
  }
  const binding = channelBinding ? '' : ', and the target offers no channel binding';
  if (libpq < SYSTEM_ROOTS_SINCE) {
    return `a server of version ${libpq} cannot tell to whom it speaks: its libpq has no authorities to verify a certificate against${binding}`;
  }
  return `it does not tell to whom the source speaks: the certificate is not verified (reverseSslmode)${binding}`;
}

/** `verify-full` asked of a libpq that knows no authorities: it would look for a file that is not there. */
export const isBeyond = ({ sslmode }: Pick<Route, 'sslmode'>, libpq: number): boolean =>
  sslmode === 'verify-full' && libpq < SYSTEM_ROOTS_SINCE;

/**
 * Settings that the role has, too, because servers 15 to 18 ignored these until their minor releases of 2026. A publisher refuses
 * an option that it does not know, so here are only those that every version knows.
 */
const OPTIONS = Object.entries(streamSettings())
  .map(([setting, value]) => `-c ${setting}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

/** @param libpq major version of the subscriber */
export function connectionString(
  login: Pick<ReplicationLogin, 'user' | 'host' | 'port'> & Tls,
  password: string,
  database: string,
  name: string,
  libpq: number = SYSTEM_ROOTS_SINCE,
): string {
  return conninfo({
    host: login.host,
    port: login.port,
    dbname: database,
    user: login.user,
    password,
    ...encryption(login, libpq),
    application_name: name,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    ...KEEPALIVE,
    options: OPTIONS,
  });
}

/** How a subscriber reaches a publisher, and the string that says so. It holds the password, and never leaves the function. */
export interface StreamConnection {
  readonly route: Route;
  readonly connection: string;
}

/**
 * The same for each stream, whichever way it flows.
 * @param side which of both the publisher is
 * @param name of the subscription
 */
export async function streamConnection(
  replication: ReplicationAccess,
  side: SideName,
  publisher: Reader,
  subscriber: Reader,
  name: string,
): Promise<StreamConnection> {
  const libpq = await subscriber.version();
  const route = await replication.route(side, libpq);
  return { route, connection: connectionString(route, await replication.password(side), publisher.endpoint.database, name, libpq) };
}

/**
 * Our note on the subscription, kept as its comment: only superusers may read its connection string back, yet a run has to see
 * whether the string is still the one that the secret makes. The password behind the hash is long and random, so a salted hash
 * reveals nothing of it.
 */
export interface Note {
  /** Of the slot that the subscription began with; `birth` in the comment. */
  readonly incarnation: string;
  readonly salt: string;
  readonly connection: string;
  /** Whether it is disabled because we have not enabled it yet, or have disabled it for a switch. */
  readonly held: boolean;
}

const hash = (salt: string, connection: string): string => createHash('sha256').update(`${salt}\n${connection}`).digest('hex');

const asComment = ({ incarnation, ...rest }: Note): string => JSON.stringify({ birth: incarnation, ...rest });

export function writeNote(incarnation: string, connection: string, held: boolean): string {
  const salt = randomBytes(16).toString('hex');
  return asComment({ incarnation, salt, connection: hash(salt, connection), held });
}

/** The same note, of a subscription that we hold or let go. */
export const noteHeld = (note: Note, held: boolean): string => asComment({ ...note, held });

/** @returns undefined for a comment that is not ours */
export function readNote(comment: string | null): Note | undefined {
  try {
    const note = JSON.parse(comment ?? '') as Partial<Note & { readonly birth: string }> | null;
    const { birth, salt, connection, held } = note ?? {};
    return typeof birth === 'string' && typeof salt === 'string' && typeof connection === 'string'
      ? { incarnation: birth, salt, connection, held: held === true }
      : undefined;
  } catch {
    return undefined;
  }
}

export const isConnectionOf = (note: Note, connection: string): boolean => hash(note.salt, connection) === note.connection;
