/**
 * The secret from which the application reads its connection: the addresses in its value, and the same value with the target in it. Its
 * content is in no message.
 */
import {
  type Address,
  type ApplicationLogin,
  DIRECT_PORT,
  demand,
  type Fields,
  fieldsOf,
  isUrl,
  loginOfUrl,
  portOf,
  refused,
  textOf,
} from './secrets.ts';

const EXPECTED =
  'It should be JSON with "host", "username", "password" and "dbname", JSON with a "url", or a bare postgresql:// URL, so that a switch ' +
  'knows what to change in it.';

/** Whether a value leads to one of these addresses. Host names know no case. */
export const leadsTo = (value: readonly Address[], side: readonly Address[]): boolean =>
  value.every((at) =>
    side.some(({ host, port, database }) => at.host.toLowerCase() === host.toLowerCase() && at.port === port && at.database === database),
  );

/**
 * Addresses in the value: a secret with a URL and single fields beside it has two, and an application may read either.
 * @param secret ARN or name of the secret, for messages
 * @throws InvalidConfiguration where it is of no form that is known
 */
export function addressesIn(text: string, secret: string): Address[] {
  const bare = text.trim();
  if (isUrl(bare)) return [addressOfUrl(bare, secret)];
  const fields = fieldsOf(text, secret, EXPECTED);
  const url = textOf(fields, 'url');
  if (url === undefined) return [addressOfFields(fields, secret)];
  const host = textOf(fields, 'host');
  return [addressOfUrl(url.trim(), secret), ...(host === undefined ? [] : [addressOfFields(fields, secret)])];
}

/**
 * Users in the value, each once: of the URL, and of the fields beside it.
 * @param secret ARN or name of the secret, for messages
 * @throws InvalidConfiguration where it is of no form that is known
 */
export function usersIn(text: string, secret: string): string[] {
  const bare = text.trim();
  if (isUrl(bare)) return [loginOfUrl(bare, secret).user];
  const fields = fieldsOf(text, secret, EXPECTED);
  const [url, user] = [textOf(fields, 'url'), textOf(fields, 'username')];
  return [...new Set([...(url === undefined ? [] : [loginOfUrl(url.trim(), secret).user]), ...(user === undefined ? [] : [user])])];
}

function addressOfFields(fields: Fields, secret: string): Address {
  const { host, dbname } = demand(fields, ['host', 'username', 'password', 'dbname'], secret, EXPECTED);
  return { host, port: portOf(fields, secret) ?? DIRECT_PORT, database: dbname };
}

/** Settings of libpq in the query of a URL that lead elsewhere than the URL itself says. */
const LEADING = new Set(['host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'passfile', 'service']);

function addressOfUrl(text: string, secret: string): Address {
  const { host, port, database, query } = loginOfUrl(text, secret);
  const leading = settingsIn(query).flatMap(({ name }) => (LEADING.has(name) ? [name] : []));
  if (leading.length > 0) {
    throw refused(secret, `after the question mark its URL sets ${leading.join(', ')} once more. Set each in the URL itself.`);
  }
  return { host, port, database };
}

interface Setting {
  readonly name: string;
  /** As it is written, encoding included. */
  readonly text: string;
}

/** Kept as they are written: libpq reads a plus sign as itself, and URLSearchParams would write blanks as one. */
const settingsIn = (query = ''): Setting[] =>
  query.split('&').flatMap((text) => (text === '' ? [] : [{ name: text.split('=')[0] ?? '', text }]));

/** What a URL says about encryption holds for one server and its authorities only. */
const OF_ENCRYPTION = /^(ssl.*|requiressl|channel_binding|gssencmode|uselibpqcompat)$/;
const VERIFIED = 'sslmode=verify-full';

/**
 * The same value, leading to the target: of the same form, with every other key as it was, and in a URL every setting but those about
 * encryption, which are the target's own.
 * @param secret ARN or name of the secret, for messages
 */
export function retargeted(text: string, login: ApplicationLogin, secret: string): string {
  const bare = text.trim();
  if (isUrl(bare)) return retargetedUrl(bare, login, secret);
  const fields = fieldsOf(text, secret, EXPECTED);
  const url = textOf(fields, 'url');
  const { host, port, user: username, password, database: dbname } = login;
  const wanted: Fields = { host, port: typeof fields.port === 'string' ? String(port) : port, username, password, dbname };
  if (url === undefined) return JSON.stringify({ ...fields, ...wanted });
  const present = Object.fromEntries(Object.entries(wanted).filter(([key]) => Object.hasOwn(fields, key)));
  return JSON.stringify({ ...fields, ...present, url: retargetedUrl(url.trim(), login, secret) });
}

function retargetedUrl(text: string, { host, port, user, password, database, query }: ApplicationLogin, secret: string): string {
  const targets = settingsIn(query ?? VERIFIED);
  const kept = settingsIn(loginOfUrl(text, secret).query).filter(
    ({ name }) => !OF_ENCRYPTION.test(name) && targets.every((setting) => setting.name !== name),
  );
  const [scheme] = text.split(':');
  const part = encodeURIComponent;
  const settings = [...kept, ...targets].map((setting) => setting.text).join('&');
  return `${scheme}://${part(user)}:${part(password)}@${host}:${port}/${part(database)}${settings === '' ? '' : `?${settings}`}`;
}
