/**
 * Contents of secrets → logins. Nothing of a secret's content is ever in a message: errors name the secret, its keys and the
 * remedy, and keep no cause, because the errors of JSON.parse and of URL quote what they could not read.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { InvalidConfiguration } from './errors.ts';
import { PREFIX, REPLICATION_ROLE } from './names.ts';
import type { SideName } from './side-name.ts';

/** User and password. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A secret as RDS keeps it. One that RDS manages holds user and password only; the address is then known to the cluster. */
export interface SourceLogin extends Login {
  readonly host?: string;
  readonly port?: number;
}

/** Address of a login. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** Login and address of the target. */
export interface TargetLogin extends Login, Address {
  /** Host under which the source reaches the target, where it is another one than ours: the key `publicHost`. */
  readonly publicHost?: string;
}

/** The application's own login at the target. */
export interface ApplicationLogin extends TargetLogin {
  /** Settings of libpq as the URL gave them, without the question mark; undefined where it was not given as a URL. */
  readonly query?: string;
}

export const DIRECT_PORT = 5432;
/** PgBouncer, as PlanetScale offers it; sessions, and so replication, do not pass through it. */
const POOLED_PORT = 6432;
const HIGHEST_PORT = 65_535;

const EXPECTED_TARGET =
  'Put in {"url": "postgresql://…"} as PlanetScale shows it, or {"host": "…", "port": 5432, "username": "…", "password": "…", "dbname": "…"}.';

/** A fault of one secret, without its content. */
export const refused = (secret: string, fault: string): InvalidConfiguration =>
  new InvalidConfiguration(`The secret ${secret} cannot be used: ${fault} It was left as it is; correct it, then start again.`);

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(text: string, secret: string, expected: string): Fields {
  if (text.trim() === '') throw refused(secret, `it is empty. ${expected}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refused(secret, `it is not JSON. ${expected}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw refused(secret, `it is not a JSON object. ${expected}`);
  return parsed as Fields;
}

/** A field's text; blank counts as missing, because a template filled in halfway looks like that. */
export function textOf(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The console's key/value editor makes texts of numbers. */
export function portOf(fields: Fields, secret: string): number | undefined {
  const { port } = fields;
  if (port === undefined || port === '') return undefined;
  const number = typeof port === 'string' && /^[0-9]+$/.test(port) ? Number(port) : port;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= HIGHEST_PORT) return number;
  throw refused(secret, `"port" is not a whole number from 1 to ${HIGHEST_PORT}.`);
}

/** @throws InvalidConfiguration naming every key of `keys` that is not there */
export function demand<Key extends string>(fields: Fields, keys: readonly Key[], secret: string, expected: string): Record<Key, string> {
  const found = keys.map((key) => [key, textOf(fields, key)] as const);
  const missing = found.filter(([, value]) => value === undefined).map(([key]) => `"${key}"`);
  if (missing.length > 0)
    throw refused(secret, `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing or empty. ${expected}`);
  return Object.fromEntries(found) as Record<Key, string>;
}

/** @param secret ARN or name of the secret, for messages */
export function parseSourceSecret(text: string, secret: string): SourceLogin {
  const expected = 'It should be JSON with "username" and "password", and "host" and "port" unless RDS manages it.';
  const fields = fieldsOf(text, secret, expected);
  const { username, password } = demand(fields, ['username', 'password'], secret, expected);
  const host = textOf(fields, 'host');
  const port = portOf(fields, secret);
  return { user: username, password, ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

/** 48 characters, none of which means anything in a shell, in a URL or in SQL. */
export const newPassword = (): string => randomBytes(36).toString('base64url');

/**
 * The password with which the replication role logs in to a side. Each side's subscription holds the other side's password in plain text,
 * where a superuser of that server may read it, so neither may be computed from the other: both are derived from the secret's value, which is
 * in no database, by a one-way function (HMAC, RFC 2104). They change with the value, and are never stored. So is the password of the role as
 * which a copy in parts fills the target's tables.
 * @param root the value of the key "password" in the secret
 */
export const replicationPassword = (root: string, place: SideName | 'copy'): string =>
  createHmac('sha256', root)
    .update(place === 'copy' ? `${PREFIX} copy at the target` : `${REPLICATION_ROLE} at the ${place}`)
    .digest('base64url');

/** @param secret ARN or name of the secret, for messages @returns as `password` the root of both sides' passwords */
export function parseReplicationSecret(text: string, secret: string): Login {
  const expected = 'The stack generates it; deploy again to have it restored.';
  const { username, password } = demand(fieldsOf(text, secret, expected), ['username', 'password'], secret, expected);
  return { user: username, password };
}

/** A secret that holds no login: nothing, or an object without a key, which is what is left of one that was taken out. */
export const isEmptySecret = (text: string): boolean => /^\s*(\{\s*\})?\s*$/.test(text);

/** A service token of PlanetScale. */
export interface PlanetScaleToken {
  readonly id: string;
  readonly token: string;
}

/** @param secret ARN or name of the secret, for messages */
export function parsePlanetScaleToken(text: string, secret: string): PlanetScaleToken {
  const expected = 'Put in {"id": "…", "token": "…"}, the two values that PlanetScale shows when it makes a service token.';
  return demand(fieldsOf(text, secret, expected), ['id', 'token'], secret, expected);
}

/** @param secret ARN or name of the secret, for messages @returns the password of the login that the migration makes for the application */
export function parseMadeLogin(text: string, secret: string): string {
  const expected = 'The stack generates it; deploy again to have it restored.';
  return demand(fieldsOf(text, secret, expected), ['password'], secret, expected).password;
}

/**
 * The query of a URL is left aside: `sslmode` because we always verify in full, `sslrootcert=system` because that is what we verify against.
 * @param secret ARN or name of the secret, for messages
 */
export function parseTargetSecret(text: string, secret: string): TargetLogin {
  const { query: _unused, ...login } = parseApplicationLogin(text, secret);
  const publicHost = isUrl(text.trim()) ? undefined : textOf(fieldsOf(text, secret, EXPECTED_TARGET), 'publicHost');
  return direct({ ...login, ...(publicHost !== undefined && { publicHost }) }, secret);
}

/** Of the same forms as the target secret; a pooled port is the application's own choice. @param secret ARN or name, for messages */
export function parseApplicationLogin(text: string, secret: string): ApplicationLogin {
  const bare = text.trim();
  if (isUrl(bare)) return loginOfUrl(bare, secret);
  const fields = fieldsOf(text, secret, EXPECTED_TARGET);
  const url = textOf(fields, 'url');
  if (url !== undefined) return loginOfUrl(url.trim(), secret);
  const { host, username, password, dbname } = demand(fields, ['host', 'username', 'password', 'dbname'], secret, EXPECTED_TARGET);
  return { host, port: portOf(fields, secret) ?? DIRECT_PORT, user: username, password, database: dbname };
}

export const isUrl = (text: string): boolean => /^postgres(ql)?:/.test(text);

export function loginOfUrl(text: string, secret: string): ApplicationLogin {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw refused(secret, '"url" is not of the form postgresql://user:password@host:5432/database.');
  }
  const parts = { 'a host': url.hostname, 'a user': url.username, 'a password': url.password, 'a database': url.pathname.slice(1) };
  const missing = Object.entries(parts).flatMap(([name, value]) => (value === '' ? [name] : []));
  if (missing.length > 0) throw refused(secret, `"url" lacks ${missing.join(', ')}.`);
  try {
    return {
      host: url.hostname,
      port: url.port === '' ? DIRECT_PORT : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      query: url.search.slice(1),
    };
  } catch {
    throw refused(secret, '"url" holds a percent sign that is not part of a percent-encoding; write %25 for the sign itself.');
  }
}

function direct(login: TargetLogin, secret: string): TargetLogin {
  if (login.port !== POOLED_PORT) return login;
  throw refused(
    secret,
    `port ${POOLED_PORT} is PlanetScale's PgBouncer, and a subscription needs direct connections. Use port ${DIRECT_PORT} of the same host.`,
  );
}
