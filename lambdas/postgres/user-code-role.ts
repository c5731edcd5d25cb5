/** Takes away a role of ours in whose sessions code of users may run. */
import { TransientError } from '../config/errors.ts';
import type { Database } from '../ports/database.ts';
import { dropRole, revokeAll } from './role-artifacts.sql.ts';
import { asRoleMaker, lockRoles, roleExists } from './roles.sql.ts';
import { endSessions, sessionsOf } from './user-code-role.sql.ts';

const PAUSE_MS = 50;
const LONGEST_END_MS = 20_000;

/** Locks of a session that we cannot reach any more are released only with it. @throws TransientError where they do not end */
export async function endSessionsOf(target: Database, role: string): Promise<void> {
  for (const until = Date.now() + LONGEST_END_MS; ; ) {
    const [sessions] = await target.query(sessionsOf(role));
    if (!sessions || sessions.count === 0) return;
    await target.query(endSessions(role));
    if (Date.now() > until)
      throw new TransientError(`Sessions of the role ${role} on the target do not end. What they hold is taken back when they do.`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** With whatever it was granted here. Its sessions end first, and with them whatever they had begun. */
export async function removeUserCodeRole(target: Database, role: string): Promise<void> {
  const [known] = await target.query(roleExists(role));
  if (!known?.exists) return;
  await endSessionsOf(target, role);
  await target.transaction(async (session) => {
    await session.query(lockRoles());
    const [there] = await session.query(roleExists(role));
    if (!there?.exists) return;
    for (const revoke of revokeAll(role, { defaults: [] })) await session.query(revoke);
    await session.query(asRoleMaker(role));
    await session.query(dropRole(role));
  });
}
