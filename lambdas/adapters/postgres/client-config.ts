import type pg from 'pg';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const KEEPALIVE_AFTER_MS = 10_000;

/** `settings` for node-postgres. */
export function clientConfig(settings: ConnectionSettings, applicationName: string): pg.ClientConfig {
  return {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    enableChannelBinding: settings.tls.verify !== 'off',
    ssl: settings.tls.verify === 'off' ? false : { rejectUnauthorized: true, ...authorities(settings.tls.authorities) },
  };
}

function authorities(ca: string): { ca?: string } {
  return ca === 'system' ? {} : { ca };
}
