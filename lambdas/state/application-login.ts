/** The login that the migration has made for the application on the target. */
import type { Reader } from '../ports/database.ts';
import { applicationLoginExists, applicationLogins, type RecordedLogin } from './application-login.sql.ts';

/** Every login that was made so far: one, unless the application's user has changed meanwhile. */
export async function loginsMade(target: Pick<Reader, 'query'>): Promise<readonly RecordedLogin[]> {
  const [there] = await target.query(applicationLoginExists());
  return there?.exists ? target.query(applicationLogins()) : [];
}

/** The one for an application that logs in to the source as one of these users. */
export async function loginMadeFor(target: Pick<Reader, 'query'>, users: readonly string[]): Promise<RecordedLogin | undefined> {
  return (await loginsMade(target)).find(({ onSource }) => users.includes(onSource));
}
