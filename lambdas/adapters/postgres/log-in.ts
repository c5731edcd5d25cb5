/** Tries a login only: no statement is sent, so no setting matters. */
import pg from 'pg';
import { applicationName } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import { INSUFFICIENT_PRIVILEGE, INVALID_PASSWORD } from '../../postgres/sqlstates.ts';
import { logIn } from './connect.ts';
import { translate, type WholeWords } from './database-errors.ts';
import { mayNotLogIn } from './edge-words.ts';

/** SQLSTATEs of a refused login: wrong password or no such role, no right to connect to the database. */
const REFUSED = new Set([INVALID_PASSWORD, INSUFFICIENT_PRIVILEGE]);

/** @throws MigrationError where the server is out of reach, or a proxy before it refuses us for another reason than the password */
export async function canLogIn(settings: ConnectionSettings, step: string, log?: WholeWords): Promise<boolean> {
  try {
    const { client } = await logIn(settings, applicationName(step));
    await client.end().catch(() => {});
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && (REFUSED.has(error.code ?? '') || mayNotLogIn(error))) return false;
    throw translate(error, settings, log);
  }
}
