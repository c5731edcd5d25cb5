/** postgresql:// URLs as operators copy them, PlanetScale's own included. */
import { readFileSync } from 'node:fs';
import type { ConnectionSettings, TlsSettings } from '../lambdas/ports/connection-settings.ts';

/** The URL cannot be used. The message never shows it, because it holds a password. */
export class InvalidUrl extends Error {
  override readonly name = 'InvalidUrl';
}

const DEFAULT_PORT = 5432;
/** Settings of libpq that mean the same whatever they are set to here, because our connections are at least as strict. */
const HARMLESS = new Set(['sslnegotiation', 'channel_binding', 'application_name', 'connect_timeout']);

/**
 * @throws InvalidUrl for whatever is missing, unknown, or would weaken the encryption without saying so in full
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function settingsOfUrl(text: string): ConnectionSettings {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw new InvalidUrl('must be of the form postgresql://user:password@host:port/database.');
  const missing = [
    ...(url.hostname ? [] : ['host']),
    ...(url.username ? [] : ['user']),
    ...(url.password ? [] : ['password']),
    ...(url.pathname.length > 1 ? [] : ['database']),
  ];
  if (missing.length > 0) throw new InvalidUrl(`lacks the ${missing.join(', the ')}.`);
  for (const key of url.searchParams.keys()) {
    if (key !== 'sslmode' && key !== 'sslrootcert' && !HARMLESS.has(key))
      throw new InvalidUrl(`has a setting "${key}", which means nothing here.`);
  }
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? DEFAULT_PORT : Number(url.port),
      database: decodeURIComponent(url.pathname.slice(1)),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      tls: tlsOf(url.searchParams),
    };
  } catch (error) {
    if (error instanceof URIError) throw new InvalidUrl('holds a % that is not followed by two hexadecimal digits; write it as %25.');
    throw error;
  }
}

function tlsOf(parameters: URLSearchParams): TlsSettings {
  const mode = parameters.get('sslmode') ?? 'verify-full';
  if (mode === 'disable') return { verify: 'off' };
  if (mode !== 'verify-full') {
    throw new InvalidUrl(`asks for sslmode=${mode}; the rehearsal knows verify-full, which is the default, and an explicit disable.`);
  }
  const file = parameters.get('sslrootcert') ?? 'system';
  if (file === 'system') return { verify: 'full', authorities: 'system' };
  try {
    return { verify: 'full', authorities: readFileSync(file, 'utf8') };
  } catch {
    throw new InvalidUrl(`names sslrootcert=${file}, which cannot be read.`);
  }
}

/** The URL that leads to these settings, with the password in it. */
export function urlOf(settings: ConnectionSettings, authorityFile?: string): string {
  const part = encodeURIComponent;
  const tls = settings.tls.verify === 'off' ? 'sslmode=disable' : `sslmode=verify-full&sslrootcert=${part(authorityFile ?? 'system')}`;
  return `postgresql://${part(settings.user)}:${part(settings.password)}@${settings.host}:${settings.port}/${part(settings.database)}?${tls}`;
}
