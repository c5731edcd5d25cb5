/** The end of the application's login on the target where the copy is dropped; in any other case it stays, since the application uses it. */
import type { Database } from '../ports/database.ts';
import { asMakerOf, lockRoles, ownRole } from '../postgres/roles.sql.ts';
import { loginsMade } from '../state/application-login.ts';
import { takeLogin } from './application-role.sql.ts';
import { Attempts } from './attempts.ts';
import { dropMadeRoles } from './leave.ts';
import { rolesCarried } from './mode.ts';

/**
 * A role that was made for the application is dropped, and one that was on the target before has no login again. Roles that were carried go
 * with the others (`leave.ts`). May be repeated.
 */
export async function dropApplicationLogin(target: Database): Promise<void> {
  const logins = await loginsMade(target);
  if (logins.length === 0) return;
  const wereThere = new Set(((await rolesCarried(target)) ?? []).filter(({ made }) => !made).map(({ name }) => name));
  await target.transaction(async (session) => {
    await session.query(lockRoles());
    const attempts = new Attempts(session);
    const [ours] = await session.query(ownRole());
    if (!ours) return;
    for (const { role } of logins.filter((login) => !login.made && wereThere.has(login.role))) {
      await attempts.run(asMakerOf(role, takeLogin(role)));
    }
    const made = logins.filter((login) => login.made).map(({ role }) => role);
    await dropMadeRoles(session, attempts, made, ours.name);
  });
}
