/** By which name a role logs in to a side. */
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Reader } from '../../ports/database.ts';
import { ownRole } from '../../postgres/roles.sql.ts';

/** Our own login at a side, and what it is called once it is inside. */
export interface NamesItself {
  readonly settings: Pick<ConnectionSettings, 'user'>;
  readonly looking: Pick<Reader, 'query'>;
}

/**
 * PlanetScale's edge finds the branch by the user's name: the role `matt` logs in as `matt.nk35mx55qq`, and so does every other role there. What
 * the name has beyond the role's own is passed on. Elsewhere a dot is part of a name like any other, so the server is asked.
 */
export async function userAt(role: string, { settings, looking }: NamesItself): Promise<string> {
  if (!settings.user.includes('.')) return role;
  const [own] = await looking.query(ownRole());
  return own && settings.user.startsWith(`${own.name}.`) ? `${role}${settings.user.slice(own.name.length)}` : role;
}
