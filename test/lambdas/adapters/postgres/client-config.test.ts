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

describe('a connection', () => {
  it('introduces itself, gives up an address that does not answer, and notices one that has gone', () => {
    expect(clientConfig(settings, 'planetscale_migration:AwaitCopy')).toMatchObject({
      application_name: 'planetscale_migration:AwaitCopy',
      connectionTimeoutMillis: expect.any(Number),
      keepAlive: true,
    });
  });

  it('is verified against the public authorities where nothing else is said', () => {
    expect(clientConfig(settings, 'x').ssl).toEqual({ rejectUnauthorized: true });
  });

  it('is verified against the authorities that are given, and no others', () => {
    const ssl = clientConfig({ ...settings, tls: { verify: 'full', authorities: 'PEM' } }, 'x').ssl;
    expect(ssl).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
  });

  it('binds the login to the encrypted channel', () => {
    expect(clientConfig(settings, 'x').enableChannelBinding).toBe(true);
  });

  it('goes without encryption only where that is said', () => {
    expect(clientConfig({ ...settings, tls: { verify: 'off' } }, 'x').ssl).toBe(false);
  });
});
