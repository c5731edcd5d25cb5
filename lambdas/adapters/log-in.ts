/** Tries a login, and nothing else. */
import pg from 'pg';
import { applicationName } from '../names.ts';
import { type ConnectionSettings, clientConfig } from './connection-settings.ts';
import { translate } from './database-errors.ts';

/** The server knows us and refuses: wrong password, no such role or one that may not log in, no right to connect to the database. */
const REFUSED = new Set(['28P01', '28000', '42501']);

/** @throws MigrationError where the server could not be asked */
export async function canLogIn(settings: ConnectionSettings, step: string): Promise<boolean> {
  const client = new pg.Client(clientConfig(settings, applicationName(step)));
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && REFUSED.has(error.code ?? '')) return false;
    throw translate(error, settings);
  } finally {
    await client.end().catch(() => {});
  }
}
