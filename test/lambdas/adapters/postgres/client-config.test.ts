import { describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../../../lambdas/ports/connection-settings.ts';

const settings: ConnectionSettings = {
  host: 'h.example',
  port: 5432,
  database: 'shop',
  user: 'u',
  password: 'p',
  tls: { verify: 'full', authorities: 'system' },
};

describe('the configuration of a connection', () => {
  it('sets application_name, a connect timeout and keepalives', () => {
    expect(clientConfig(settings, 'planetscale_migration:AwaitCopy')).toMatchObject({
      application_name: 'planetscale_migration:AwaitCopy',
      connectionTimeoutMillis: expect.any(Number),
      keepAlive: true,
    });
  });

  it('verifies against the public authorities by default', () => {
    expect(clientConfig(settings, 'x').ssl).toEqual({ rejectUnauthorized: true });
  });

  it('verifies against the given authorities and no others', () => {
    const ssl = clientConfig({ ...settings, tls: { verify: 'full', authorities: 'PEM' } }, 'x').ssl;
    expect(ssl).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
  });

  it('binds the login to the TLS channel', () => {
    expect(clientConfig(settings, 'x').enableChannelBinding).toBe(true);
  });

  it('goes without encryption only where the setting says so', () => {
    expect(clientConfig({ ...settings, tls: { verify: 'off' } }, 'x').ssl).toBe(false);
  });
});
