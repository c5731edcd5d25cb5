/** The end of what was carried for the migration's sake: our role leaves the owners; and where the copy is dropped, the roles go with it. */
import type { Database, Session } from '../ports/database.ts';
import { asMakerOf, lockRoles, ownRole } from '../postgres/roles.sql.ts';
import { accessUndo, accessUndoExists } from '../state/access-due.sql.ts';
import { type CarriedRole, carriedRoles } from '../state/carried-roles.sql.ts';
import { Attempts } from './attempts.ts';
import { rolesCarried } from './mode.ts';
import { disown, dropMadeRole, joinRole, leaveRoles, rolesInUse } from './roles.sql.ts';

/**
 * When nothing else is left to be done as the owner of anything. From then on our role is a member of nothing that it was not before, except for
 * the ADMIN-only membership that CREATE ROLE leaves, and nobody may take back. May be repeated.
 * @param drop whether the copied objects were dropped: then the roles that were made for them are, too, and what was granted and set elsewhere
 */
export async function leaveCarriedRoles(target: Database, drop: boolean): Promise<void> {
  if (!(await rolesCarried(target))) return;
  await target.transaction(async (session) => {
    await session.query(lockRoles());
    const roles = await session.query(carriedRoles());
    if (drop) await dropWhatWasCarried(session, roles);
    const joined = roles.filter(({ joined }) => joined).map(({ name }) => name);
    if (joined.length > 0) await session.query(leaveRoles(joined));
  });
}

/** As far as it goes: a role that owns something else by now stays. */
async function dropWhatWasCarried(session: Pick<Session, 'query' | 'script'>, roles: readonly CarriedRole[]): Promise<void> {
  const attempts = new Attempts(session);
  const [noted] = await session.query(accessUndoExists());
  for (const { text } of noted?.exists ? await session.query(accessUndo()) : []) await attempts.run(text);
  const made = roles.filter(({ made }) => made).map(({ name }) => name);
  const [ours] = await session.query(ownRole());
  if (!ours) return;
  await dropMadeRoles(session, attempts, made, ours.name);
}

/** One that owns something, or that another database grants something to, stays. */
export async function dropMadeRoles(
  session: Pick<Session, 'query'>,
  attempts: Attempts,
  made: readonly string[],
  ours: string,
): Promise<void> {
  const inUse = new Set((await session.query(rolesInUse(made))).map(({ name }) => name));
  for (const name of made.filter((one) => !inUse.has(one))) {
    await attempts.run([...asMakerOf(name, joinRole(name, ours)), disown(name), ...asMakerOf(name, dropMadeRole(name))]);
  }
}
