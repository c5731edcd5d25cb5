/** The user name with which a role logs in to a side. */
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Reader } from '../../ports/database.ts';
import { ownRole } from '../../postgres/roles.sql.ts';

/** Our own login to a side, and a reader that asks the server for its role. */
export interface NamesItself {
  readonly settings: Pick<ConnectionSettings, 'user'>;
  readonly looking: Pick<Reader, 'query'>;
}

/**
 * PlanetScale's edge finds the branch by the user name: the role `matt` logs in as `matt.nk35mx55qq`, and so does every other role there. The
 * suffix of our own user name is appended. Elsewhere a dot is an ordinary part of a name, so the server is asked for the role.
 */
export async function userAt(role: string, { settings, looking }: NamesItself): Promise<string> {
  if (!settings.user.includes('.')) return role;
  const [own] = await looking.query(ownRole());
  return own && settings.user.startsWith(`${own.name}.`) ? `${role}${settings.user.slice(own.name.length)}` : role;
}
