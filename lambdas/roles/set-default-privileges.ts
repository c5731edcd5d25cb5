/** Default privileges of carried roles, and of what becomes ours. */
import type { Session } from '../ports/database.ts';
import type { ObjectAccess } from './access.sql.ts';
import { type AccessWanted, keyOf } from './access-state.ts';
import type { Attempts } from './attempts.ts';
import { includes } from './differences.ts';
import { joinRoles } from './make.ts';
import { leaveRoles } from './roles.sql.ts';
import * as sql from './statements.sql.ts';
import { defaultsOf } from './words.ts';

/** @returns statements that take back those of roles that are not ours to drop */
export async function setDefaultPrivileges(
  session: Pick<Session, 'query'>,
  attempts: Attempts,
  defaults: readonly ObjectAccess[],
  before: ReadonlyMap<string, ObjectAccess>,
  { made, carried, ours }: AccessWanted,
): Promise<string[]> {
  const undo: string[] = [];
  const joined = await joinRoles(session, [...new Set(defaults.map(({ owner }) => owner).filter((owner) => carried.has(owner)))], ours);
  for (const one of defaults) {
    const is = before.get(keyOf(one)) ?? { ...one, granted: [], withdrawn: [] };
    const grants = one.granted.filter((grant) => !includes(is.granted, grant));
    const back = one.withdrawn.filter((grant) => !includes(is.withdrawn, grant));
    const statements = [...grants.map((grant) => sql.grantDefault(one, grant)), ...back.map((grant) => sql.revokeDefault(one, grant))];
    if (statements.length === 0) continue;
    const what = defaultsOf(one.owner, one.schema, one.objects ?? '');
    if ((await attempts.try(what, statements.join(';\n'))) && !made.has(one.owner)) {
      undo.push(...grants.map((grant) => sql.revokeDefault(one, grant)), ...back.map((grant) => sql.grantDefault(one, grant)));
    }
  }
  if (joined.length > 0) await session.query(leaveRoles(joined));
  return undo;
}
